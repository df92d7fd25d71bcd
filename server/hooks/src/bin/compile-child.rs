//! The compiling child as a program of its own, for tests and benches; the server carries it as a hidden subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    claimsmith_hooks::compile_child_main()
}
