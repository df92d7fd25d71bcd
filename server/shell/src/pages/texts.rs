//! The words of the pages in every language (Fluent), and which language a person reads.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use unic_langid::{CharacterDirection, LanguageIdentifier};

use super::fault::PagesFault;

/// The languages that are built in; the first speaks where nobody asks for another, and where another has no words.
const BUILT_IN: [(&str, &str); 3] = [
    ("en", include_str!("../../pages/texts/en.ftl")),
    ("de", include_str!("../../pages/texts/de.ftl")),
    ("fr", include_str!("../../pages/texts/fr.ftl")),
];

/// No header names more languages than this; the rest is not looked at.
const WISHES: usize = 32;

struct Language {
    id: LanguageIdentifier,
    tag: String,
    bundle: FluentBundle<FluentResource>,
}

/// All words in all languages.
pub(super) struct Texts {
    languages: Vec<Language>,
    ids: Vec<LanguageIdentifier>,
}

impl Texts {
    /// The built-in words, and the operator's `<language>.ftl` files over them.
    pub(super) fn load(folder: Option<&Path>) -> Result<Texts, PagesFault> {
        let mut languages = Vec::new();
        for (tag, source) in BUILT_IN {
            let resource = FluentResource::try_new(source.to_owned());
            // Invariant: tests read every built-in text.
            let resource = resource.map_err(|_| ()).expect("the built-in texts are well-formed");
            languages.push(language(tag.parse().expect("a built-in language is well-formed"), resource));
        }
        for path in folder.map(|folder| super::files_in("pages.texts_dir", folder)).transpose()?.unwrap_or_default() {
            let id = (path.extension().is_some_and(|extension| extension == "ftl"))
                .then(|| path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<LanguageIdentifier>().ok()))
                .flatten();
            let Some(id) = id else {
                let expected = "expected a file named by its language, such as nl.ftl".to_owned();
                return Err(PagesFault::Unknown { setting: "pages.texts_dir", path, expected });
            };
            let resource = read(&path)?;
            match languages.iter_mut().find(|held| held.id == id) {
                Some(held) => held.bundle.add_resource_overriding(resource),
                None => languages.push(language(id, resource)),
            }
        }
        let ids = languages.iter().map(|language| language.id.clone()).collect();
        Ok(Texts { languages, ids })
    }

    /// All languages, by their places.
    pub(super) fn all(&self) -> std::ops::Range<usize> {
        0..self.languages.len()
    }

    /// The language's tag (BCP 47), for the `lang` attribute.
    pub(super) fn tag(&self, language: usize) -> &str {
        &self.languages[language].tag
    }

    /// `ltr` or `rtl`, for the `dir` attribute.
    pub(super) fn direction(&self, language: usize) -> &'static str {
        match self.languages[language].id.character_direction() {
            CharacterDirection::RTL => "rtl",
            CharacterDirection::LTR | CharacterDirection::TTB => "ltr",
        }
    }

    /// The language to speak: the first of `ui_locales` (OpenID Connect Core §3.1.2.1) that is there, then of
    /// `Accept-Language` (RFC 9110 §12.5.4), then the first of all.
    pub(super) fn negotiate(&self, ui_locales: Option<&str>, headers: &HeaderMap) -> usize {
        let asked = ui_locales.into_iter().flat_map(|list| list.split_ascii_whitespace()).take(WISHES);
        let wishes: Vec<LanguageIdentifier> = asked.filter_map(|tag| tag.parse().ok()).collect();
        let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        self.best(&wishes).or_else(|| self.best(&accepted(header.unwrap_or_default()))).unwrap_or(0)
    }

    fn best(&self, wishes: &[LanguageIdentifier]) -> Option<usize> {
        let found = negotiate_languages(wishes, &self.ids, None, NegotiationStrategy::Filtering);
        let first: &LanguageIdentifier = found.first()?;
        self.ids.iter().position(|id| id == first)
    }

    /// The words of a text, or of English where the language has none. `None`: no language has them.
    pub(super) fn say(&self, language: usize, id: &str, args: &FluentArgs<'_>) -> Option<String> {
        [language, 0].into_iter().find_map(|language| {
            let bundle = &self.languages[language].bundle;
            let pattern = bundle.get_message(id)?.value()?;
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(args), &mut errors);
            errors.is_empty().then(|| Cow::into_owned(text))
        })
    }
}

fn language(id: LanguageIdentifier, resource: FluentResource) -> Language {
    let mut bundle = FluentBundle::new_concurrent(vec![id.clone()]);
    // Names are stripped of what could turn text around them, and stand in <bdi> where they stand alone.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    Language { tag: id.to_string(), id, bundle }
}

fn read(path: &Path) -> Result<FluentResource, PagesFault> {
    let file = |cause| PagesFault::File { setting: "pages.texts_dir", path: path.to_owned(), cause };
    let source = fs::read_to_string(path).map_err(file)?;
    FluentResource::try_new(source).map_err(|(resource, errors)| {
        let error = errors.first();
        let before = error.map_or("", |error| resource.source().get(..error.pos.start).unwrap_or_default());
        let cause = error.map(ToString::to_string).unwrap_or_default();
        PagesFault::Text { path: path.to_owned(), line: before.matches('\n').count() + 1, cause }
    })
}

/// The languages of `Accept-Language`, the best first, without those of weight zero. The library that negotiates heeds
/// the order only.
fn accepted(header: &str) -> Vec<LanguageIdentifier> {
    let mut weighed: Vec<(u32, LanguageIdentifier)> = header.split(',').take(WISHES).filter_map(weigh).collect();
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(_, id)| id).collect()
}

fn weigh(item: &str) -> Option<(u32, LanguageIdentifier)> {
    let mut parts = item.split(';').map(str::trim);
    let id = parts.next()?.parse().ok()?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q="))) {
        // `f32` reads every weight of RFC 9110 §12.4.2 and, where it is none, leaves the language out.
        Some(text) => text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight))?,
        None => 1.0,
    };
    let weight = (weight * 1000.0).round() as u32;
    (weight > 0).then_some((weight, id))
}

#[cfg(test)]
mod tests;
