//! The settings of the pages that people see.

use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::{HttpUrl, PlainText, Setting};
use crate::pages::Colour;
use std::path::PathBuf;
use std::time::Duration;

settings! {
    /// The pages that people see. See `docs/pages.md`.
    Pages at "pages" {
        /// Name above the pages and in their titles.
        name: PlainText = "Claimsmith", live;
        /// Logo above the pages in the place of mark and name: an SVG, PNG, WebP or JPEG file of at most 256 KiB.
        logo_file: Option<PathBuf> = "", live;
        /// Colour of buttons, links and focus rings. It is made darker or lighter where text would not be readable.
        accent: Colour = "#3b5bdb", live;
        /// Folder with texts of your own: `<language>.ftl` files (Fluent), text by text over the built-in ones.
        texts_dir: Option<PathBuf> = "", live;
        /// Folder with templates of your own, each in the place of the built-in one of the same name.
        templates_dir: Option<PathBuf> = "", live;
        /// Where people find help.
        help_url: Option<HttpUrl> = "", live;
        /// What happens to people's data.
        privacy_url: Option<HttpUrl> = "", live;
        /// Who runs this service.
        imprint_url: Option<HttpUrl> = "", live;
        /// For how long browsers that saw a page come back by https only (`Strict-Transport-Security`, RFC 6797). Never said for
        /// `localhost`, whose other servers it would shut out.
        https_only: Option<Duration> = "365 d" in "1 min" ..= "3650 d", live;
    }
}
