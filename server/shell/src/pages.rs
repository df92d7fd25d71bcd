//! The pages that people see: a view goes in, an answer comes out.
//!
//! ```text
//! View ── template (minijinja) ◄── words (Fluent, in the person's language) ──► HTML ── Policy ──► Answer
//! ```
//!
//! Templates and words are built in; an operator's folder may replace any of them, and is tried with sample data of every
//! page in every language before the server starts. No page runs a script, but for passkeys, for posting the response
//! of `form_post` and for going on from frames that never load. Nothing that a client, a person or a plugin says is HTML.

mod assets;
mod colour;
mod fault;
mod policy;
pub mod sample;
mod templates;
mod texts;
pub mod view;

pub use colour::Colour;
pub use fault::PagesFault;
pub use policy::Policy;
pub use view::View;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{REFRESH, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::config::{Issuer, Pages as Settings};
use crate::http::Answer;
use assets::Assets;
use templates::{Brand, Templates};
use texts::Texts;

/// Everything that pages are made of.
pub struct Pages {
    texts: Arc<Texts>,
    templates: Templates,
    /// The built-in ones, where the operator has replaced some: a page that fails is shown in these.
    plain: Option<Templates>,
    assets: Assets,
    brand: Brand,
    https_only: Option<HeaderValue>,
}

/// How a page is to look to who asks for it.
#[derive(Debug, Clone, Default)]
pub struct Look {
    language: usize,
    leads_to: Vec<String>,
}

impl Look {
    /// The page's forms may lead to this redirect URI, or to another provider's authorization endpoint. Every page of a
    /// walk that can end there says so; see `Policy::form_target`.
    #[must_use]
    pub fn leading_to(mut self, uri: impl Into<String>) -> Look {
        self.leads_to.push(uri.into());
        self
    }
}

impl Pages {
    /// Makes the pages of an issuer. Reads the operator's files, and refuses any that would not work.
    pub fn load(settings: &Settings, issuer: &Issuer) -> Result<Pages, PagesFault> {
        let texts = Arc::new(Texts::load(settings.texts_dir.as_deref())?);
        let assets = Assets::load(issuer.path(), settings.accent, settings.logo_file.as_deref())?;
        let brand = Brand::new(settings, issuer, &assets);
        let templates = Templates::load(settings.templates_dir.as_deref())?;
        let own = settings.templates_dir.is_some() || settings.texts_dir.is_some();
        let plain = if own { Some(Templates::load(None)?) } else { None };
        let age = settings.https_only.filter(|_| !issuer.is_localhost());
        let https_only = age.and_then(|age| HeaderValue::try_from(format!("max-age={}", age.as_secs())).ok());
        let pages = Pages { texts, templates, plain, assets, brand, https_only };
        if own {
            pages.try_all()?;
        }
        Ok(pages)
    }

    /// With the page of what clients have asked elsewhere among those of the account, where it is there.
    #[must_use]
    pub fn offering_requests(mut self, there: bool) -> Pages {
        self.brand.offer_requests(there);
        self
    }

    /// The look for who sends these headers; `ui_locales` of the request comes first.
    pub fn look(&self, ui_locales: Option<&str>, headers: &HeaderMap) -> Look {
        Look { language: self.texts.negotiate(ui_locales, headers), leads_to: Vec::new() }
    }

    /// The look in one language, by its tag; in the first where it is not there.
    pub fn look_in(&self, tag: &str) -> Look {
        self.look(Some(tag), &HeaderMap::new())
    }

    /// The tag of a look's language.
    pub fn language_of(&self, look: &Look) -> String {
        self.texts.tag(look.language).to_owned()
    }

    /// The tags of all languages.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.texts.all().map(|language| self.texts.tag(language))
    }

    /// Makes a page: never stored, framed by nobody, and running nothing but what is ours.
    pub fn render(&self, look: &Look, view: &View) -> Answer {
        let policy = look.leads_to.iter().fold(view.policy(), |policy, uri| policy.form_target(uri));
        let html = self.templates.render(self, look.language, view).or_else(|fault| {
            tracing::error!(page = view.name(), fault = %templates::brief(&fault), "a page could not be made");
            self.plain.as_ref().map_or(Err(fault), |plain| plain.render(self, look.language, view))
        });
        let answer = match html {
            Ok(html) => Answer::of(view.status(), "text/html; charset=utf-8", html),
            Err(_) => Answer::of(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "This page could not be made.\n"),
        };
        let headers = [(REFRESH, view.goes_on()), (STRICT_TRANSPORT_SECURITY, self.https_only.clone())];
        let said = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        said.fold(policy.apply(answer), |answer, (name, value)| answer.with(name, value))
    }

    /// The asset at a path of this issuer's; 404 where there is none.
    pub fn asset(&self, path: &str) -> Answer {
        self.assets.answer(path.rsplit('/').next().unwrap_or_default())
    }

    /// The paths of all assets.
    pub fn assets(&self) -> impl Iterator<Item = &str> {
        self.assets.urls.values().map(String::as_str)
    }

    /// Makes every page in every language, from sample data.
    fn try_all(&self) -> Result<(), PagesFault> {
        for (_, view) in sample::views() {
            for language in self.texts.all() {
                self.templates.render(self, language, &view).map_err(|fault| templates::fault_of(&fault))?;
            }
        }
        Ok(())
    }
}

/// The files of a folder, in order.
fn files_in(setting: &'static str, folder: &Path) -> Result<Vec<PathBuf>, PagesFault> {
    let fault = |cause| PagesFault::File { setting, path: folder.to_owned(), cause };
    let entries = std::fs::read_dir(folder).map_err(fault)?.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    // Editors leave hidden files behind.
    files.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !name.starts_with('.')));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
