//! Links the plugin with a small stack.

fn main() {
    // 64 KiB instead of 1 MiB: less memory to clear for every call.
    println!("cargo::rustc-link-arg-cdylib=-zstack-size=65536");
    println!("cargo::rerun-if-changed=build.rs");
}
