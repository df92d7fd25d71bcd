//! Links the plugin with a 64 KiB stack.

fn main() {
    // A stack of 64 KiB instead of 1 MiB: less memory to clear for every call.
    println!("cargo::rustc-link-arg-cdylib=-zstack-size=65536");
    println!("cargo::rerun-if-changed=build.rs");
}
