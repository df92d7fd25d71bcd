//! Writes every page, made from sample data, into a folder, with what it loads and the headers that it is sent with:
//! `cargo run --example pages -- FOLDER`. The browser test looks at them.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use claimsmith_shell::config;
use claimsmith_shell::http::Answer;
use claimsmith_shell::pages::{Pages, sample};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name a folder")?);
    let settings = config::read(&config::Sources::default()).check()?.pages;
    let pages = Pages::load(&settings, &"https://id.example".parse()?)?;
    for language in pages.languages() {
        let look = pages.look_in(language);
        for (name, view) in sample::views() {
            write(&folder, &format!("{language}/{name}"), "html", &pages.render(&look, &view))?;
        }
    }
    for path in pages.assets() {
        write(&folder, path.trim_start_matches('/'), "", &pages.asset(path))?;
    }
    Ok(())
}

/// The body as a file, and beside it the headers as JSON.
fn write(folder: &std::path::Path, name: &str, extension: &str, answer: &Answer) -> Result<(), Box<dyn Error>> {
    let path = folder.join(if extension.is_empty() { name.to_owned() } else { format!("{name}.{extension}") });
    fs::create_dir_all(path.parent().ok_or("a file is in a folder")?)?;
    fs::write(&path, &answer.body)?;
    let headers: serde_json::Map<String, serde_json::Value> =
        answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into())).collect();
    fs::write(folder.join(format!("{name}.headers.json")), serde_json::to_vec(&headers)?)?;
    Ok(())
}
