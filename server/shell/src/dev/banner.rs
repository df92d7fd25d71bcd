//! What `dev` prints when it is ready: where things are, and two lines to paste.

use std::net::SocketAddr;
use std::path::Path;

use super::demo::Demo;
use crate::rooms::Rooms;
use crate::tls::authority::DevelopmentFiles;

/// Prints the banner on standard output.
#[allow(clippy::print_stdout, reason = "the banner is for the person at the terminal")]
pub(super) fn print(rooms: &Rooms, files: &DevelopmentFiles, folder: &Path, admin_listen: SocketAddr, demo: Option<&Demo>) {
    let issuer = rooms.urls.as_str();
    println!();
    println!("Claimsmith is ready.");
    println!();
    println!("  issuer      {issuer}");
    println!("  admin API   https://localhost:{}", admin_listen.port());
    println!("  data        {}", folder.display());
    if let Some(demo) = demo {
        println!("  sign in as  {}, with the password in {}", demo.user, shown(&demo.password_file));
        let curl = format!("curl -s --cacert '{}' -u \"{}:$(cat '{}')\"", shown(&files.ca_file), demo.client_id, shown(&demo.secret_file));
        println!();
        println!("Get a token, then see what is in it:");
        println!();
        println!(
            "TOKEN=$({curl} -d grant_type=client_credentials {issuer}/oauth2/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'); echo \"$TOKEN\""
        );
        println!();
        println!("{curl} -d token=\"$TOKEN\" {issuer}/oauth2/introspect; echo");
        if !demo.has_plugin {
            println!();
            println!("The example plugins are not built, so no plugin shapes it: make build");
        }
    }
    println!();
    println!("Ctrl-C stops it.");
}

/// A path as a person would type it: from here, where it is below.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
