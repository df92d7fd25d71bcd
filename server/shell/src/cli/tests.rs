use clap::{CommandFactory, Parser};

use super::Cli;

fn walk(command: &clap::Command, path: &str, see: &mut dyn FnMut(&clap::Command, &str)) {
    see(command, path);
    for child in command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help") {
        walk(child, &format!("{path} {}", child.get_name()), see);
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_an_example() {
    let mut leaves = 0;
    walk(&Cli::command(), "claimsmith", &mut |command, path| {
        assert!(command.get_about().is_some(), "{path} says nothing of itself");
        if command.get_subcommands().next().is_none() {
            leaves += 1;
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example") && help.contains(path), "{path} has no example of its own");
        }
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{path}: {} is not explained", argument.get_id());
        }
    });
    assert!(leaves > 40, "{leaves}");
}

#[test]
fn the_commands_of_this_release_are_there_and_no_others() {
    let mut found = Vec::new();
    walk(&Cli::command(), "", &mut |command, path| {
        if command.get_subcommands().next().is_none() {
            found.push(path.trim().to_owned());
        }
    });
    for wanted in [
        "dev",
        "serve",
        "config check",
        "config print",
        "config reference",
        "migrate up",
        "migrate status",
        "migrate down",
        "client create",
        "client show",
        "client list",
        "client update",
        "client delete",
        "client rotate-secret",
        "client bind",
        "client unbind",
        "client bindings",
        "user create",
        "user show",
        "user list",
        "user update",
        "user delete",
        "user set-password",
        "user factors",
        "user remove-factor",
        "user import",
        "user export",
        "plugin new",
        "plugin build",
        "plugin test",
        "plugin inspect",
        "plugin push",
        "plugin list",
        "plugin show",
        "plugin activate",
        "plugin rollback",
        "plugin disable",
        "key list",
        "key rotate",
        "key retire",
        "key reseal",
        "token explain",
        "token introspect",
        "token revoke",
        "resource create",
        "resource show",
        "resource list",
        "resource update",
        "resource delete",
        "admin-token create",
        "admin-token list",
        "admin-token revoke",
        "completions",
    ] {
        assert!(found.iter().any(|path| path == wanted), "{wanted}");
    }
    for later in ["tui", "plugin sign", "plugin shadow", "plugin canary", "plugin replay", "plugin bench"] {
        assert!(!found.iter().any(|path| path.starts_with(later)), "{later}");
    }
}

#[test]
fn usage_errors_exit_with_2_and_help_with_0() {
    let code = |words: &[&str]| Cli::try_parse_from(words).map(drop).map_err(|error| error.exit_code());
    assert_eq!(code(&["claimsmith"]), Err(2));
    assert_eq!(code(&["claimsmith", "clients"]), Err(2));
    assert_eq!(code(&["claimsmith", "client", "show"]), Err(2));
    assert_eq!(code(&["claimsmith", "client", "update", "a", "--enable", "--disable"]), Err(2));
    assert_eq!(code(&["claimsmith", "token", "explain", "eyJhbGciOi"]), Err(2));
    assert_eq!(code(&["claimsmith", "admin-token", "create", "a", "--scope", "client:write"]), Err(2));
    assert_eq!(code(&["claimsmith", "dev", "--listen", "nowhere"]), Err(2));
    assert_eq!(code(&["claimsmith", "--help"]), Err(0));
    assert_eq!(code(&["claimsmith", "--version"]), Err(0));
    for good in [
        &["claimsmith", "client", "list", "--json"][..],
        &["claimsmith", "--json", "client", "bind", "a", "tenant@0123abcd", "--allow", "claim:org", "--position", "-3"],
        &["claimsmith", "client", "bind", "--tag", "gold", "tenant", "--on-failure", "skip"],
        &["claimsmith", "token", "explain", "-"],
        &["claimsmith", "token", "explain"],
        &["claimsmith", "key", "retire", "-starts-with-a-dash"],
        &["claimsmith", "__compile"],
    ] {
        assert_eq!(code(good), Ok(()), "{good:?}");
    }
}

#[test]
fn completions_know_the_commands() {
    let outcome = super::completions(clap_complete::Shell::Bash);
    assert!(outcome.text.contains("rotate-secret"));
}
