use super::*;
use http::HeaderValue;

fn texts() -> Texts {
    Texts::load(None).unwrap()
}

fn chosen(ui_locales: Option<&str>, header: Option<&'static str>) -> String {
    let texts = texts();
    let mut headers = HeaderMap::new();
    if let Some(header) = header {
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
    }
    texts.tag(texts.negotiate(ui_locales, &headers)).to_owned()
}

#[test]
fn the_language_is_the_first_that_the_request_or_the_browser_wishes_for() {
    for (ui_locales, header, language) in [
        (None, None, "en"),
        (Some("fr-CA fr en"), Some("de"), "fr"),
        (Some("nl it"), Some("de-AT,en;q=0.8"), "de"),
        (Some("!! de"), None, "de"),
        (None, Some("en;q=0.3, fr;q=0.9, de;q=0.5"), "fr"),
        (None, Some("fr;q=0, de;q=0.1"), "de"),
        (None, Some("*, de;q=0.1"), "de"),
        (None, Some("nl;q=0.9, xx"), "en"),
        (None, Some("de;q=nonsense, fr;q=0.1"), "fr"),
        (Some(""), Some("de-CH"), "de"),
    ] {
        assert_eq!(chosen(ui_locales, header), language, "{ui_locales:?} {header:?}");
    }
}
