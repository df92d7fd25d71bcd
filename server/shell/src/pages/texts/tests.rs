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

/// The texts of a language, each with the values that it uses.
fn ids(source: &str) -> std::collections::BTreeMap<String, Vec<String>> {
    let resource = FluentResource::try_new(source.to_owned()).expect("well-formed");
    let mut out = std::collections::BTreeMap::new();
    let mut id = String::new();
    for line in resource.source().lines() {
        if let Some((name, _)) = line.split_once(" =").filter(|(name, _)| !name.starts_with([' ', '#'])) {
            id = name.to_owned();
            assert!(out.insert(id.clone(), Vec::new()).is_none(), "{name} is there twice");
        }
        let used = line.split('$').skip(1).map(|rest| rest.split([' ', '}']).next().unwrap_or_default().to_owned());
        out.entry(id.clone()).or_default().extend(used);
    }
    for used in out.values_mut() {
        used.sort();
        used.dedup();
    }
    out
}

#[test]
fn every_language_has_every_text_and_asks_for_no_value_that_english_has_not() {
    let english = ids(BUILT_IN[0].1);
    for (tag, source) in &BUILT_IN[1..] {
        let own = ids(source);
        assert_eq!(english.keys().collect::<Vec<_>>(), own.keys().collect::<Vec<_>>(), "{tag}");
        for (id, used) in own {
            assert!(used.iter().all(|value| english[&id].contains(value)), "{tag}: {id} uses {used:?}");
        }
    }
}

#[test]
fn dis_014_languages_are_tagged_the_canonical_way_however_their_files_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["pt-br.ftl", "ZH-hant-tw.ftl", "NL.ftl"] {
        std::fs::write(folder.path().join(name), "sign_in-title = Hello\n").expect("written");
    }
    let texts = Texts::load(Some(folder.path())).expect("well-formed");
    let tags: Vec<&str> = texts.all().map(|language| texts.tag(language)).collect();
    for tag in ["en", "de", "fr", "pt-BR", "zh-Hant-TW", "nl"] {
        assert!(tags.contains(&tag), "{tags:?}");
    }
}
