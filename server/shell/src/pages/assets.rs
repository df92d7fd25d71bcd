//! What pages load: the style sheets, the module for passkeys, the logo. Each lies under its digest and never changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use super::colour::Colour;
use super::fault::PagesFault;
use crate::http::Answer;

/// Below the issuer's path.
const PATH: &str = "/assets/";

/// The largest logo.
const LOGO_BYTES: usize = 256 << 10;

struct Asset {
    content_type: &'static str,
    body: Bytes,
}

/// Everything below `/assets/`.
pub(super) struct Assets {
    by_file: BTreeMap<String, Asset>,
    /// Where templates find them: `style` is at `/assets/style.<digest>.css`.
    pub(super) urls: BTreeMap<&'static str, String>,
}

impl Assets {
    /// Gathers the assets of an issuer at `base`.
    pub(super) fn load(base: &str, accent: Colour, logo: Option<&Path>) -> Result<Assets, PagesFault> {
        let mut assets = Assets { by_file: BTreeMap::new(), urls: BTreeMap::new() };
        let style = include_bytes!("../../pages/static/style.css");
        assets.add(base, ("style", "css", "text/css; charset=utf-8"), Bytes::from_static(style));
        assets.add(base, ("theme", "css", "text/css; charset=utf-8"), accent.style_sheet().into());
        let icon = include_bytes!("../../pages/static/icon.svg");
        assets.add(base, ("icon", "svg", "image/svg+xml"), Bytes::from_static(icon));
        let passkey = include_bytes!("../../pages/static/passkey.js");
        assets.add(base, ("passkey", "js", "text/javascript; charset=utf-8"), Bytes::from_static(passkey));
        if let Some(path) = logo {
            let wrong = || PagesFault::Logo { path: path.to_owned() };
            let (extension, content_type) = match path.extension().and_then(|extension| extension.to_str()) {
                Some("svg") => ("svg", "image/svg+xml"),
                Some("png") => ("png", "image/png"),
                Some("webp") => ("webp", "image/webp"),
                Some("jpg" | "jpeg") => ("jpg", "image/jpeg"),
                _ => return Err(wrong()),
            };
            let file = |cause| PagesFault::File { setting: "pages.logo_file", path: path.to_owned(), cause };
            let body = fs::read(path).map_err(file)?;
            if body.len() > LOGO_BYTES {
                return Err(wrong());
            }
            assets.add(base, ("logo", extension, content_type), body.into());
        }
        Ok(assets)
    }

    fn add(&mut self, base: &str, (name, extension, content_type): (&'static str, &str, &'static str), body: Bytes) {
        let digest = claimsmith_jose::Digest::of(&body).to_hex();
        let file = format!("{name}.{}.{extension}", &digest[..16]);
        self.urls.insert(name, format!("{base}{PATH}{file}"));
        self.by_file.insert(file, Asset { content_type, body });
    }

    /// The asset at what follows `/assets/`.
    pub(super) fn answer(&self, file: &str) -> Answer {
        let Some(asset) = self.by_file.get(file) else {
            return Answer::refusal(StatusCode::NOT_FOUND, "invalid_request", "there is nothing at this path");
        };
        let fixed = HeaderValue::from_static;
        Answer::of(StatusCode::OK, asset.content_type, asset.body.clone())
            .with(CACHE_CONTROL, fixed("public, max-age=31536000, immutable"))
            .with(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"))
            // Security: an SVG opened by itself is a document; it runs nothing.
            .with(http::header::CONTENT_SECURITY_POLICY, fixed("default-src 'none'; style-src 'unsafe-inline'; sandbox"))
            .with(HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_lie_under_their_digests_and_may_be_kept_for_ever() {
        let load = |accent: &str| Assets::load("/id", accent.parse().unwrap(), None).unwrap();
        let (one, two) = (load("#112233"), load("#445566"));
        assert_eq!(one.urls["style"], two.urls["style"]);
        assert_ne!(one.urls["theme"], two.urls["theme"]);
        let file = one.urls["theme"].strip_prefix("/id/assets/").unwrap();
        let answer = one.answer(file);
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.headers[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert_eq!(two.answer(file).status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_logo_is_a_picture() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.html");
        fs::write(&path, "<b>").unwrap();
        let load = |path: &Path| Assets::load("", "#112233".parse().unwrap(), Some(path)).map(|assets| assets.urls.contains_key("logo"));
        assert!(matches!(load(&path), Err(PagesFault::Logo { .. })));
        assert!(matches!(load(&folder.path().join("none.svg")), Err(PagesFault::File { .. })));
        let path = folder.path().join("logo.svg");
        fs::write(&path, "<svg/>").unwrap();
        assert!(load(&path).unwrap());
    }
}
