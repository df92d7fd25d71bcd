//! Templates: the built-in ones, and the operator's over them.

use std::fs;
use std::path::Path;

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::assets::Assets;
use super::fault::PagesFault;
use super::view::View;
use super::{Pages, Settings, policy, texts::Texts};
use crate::calendar::Civil;
use crate::config::Issuer;

macro_rules! built_in {
    ($($file:literal),+ $(,)?) => {
        &[$(($file, include_str!(concat!("../../pages/templates/", $file)))),+]
    };
}

/// The built-in templates: a frame, shared parts, and one for each page.
const BUILT_IN: &[(&str, &str)] = built_in![
    "frame.html",
    "account_frame.html",
    "account_line.html",
    "cancel.html",
    "client.html",
    "complaints.html",
    "field.html",
    "hidden.html",
    "passkey_form.html",
    "sign_in.html",
    "second_factor.html",
    "recovery_code.html",
    "passkey.html",
    "choose_account.html",
    "reauthenticate.html",
    "consent.html",
    "device.html",
    "device_done.html",
    "error.html",
    "form_post.html",
    "sign_out.html",
    "signed_out.html",
    "account.html",
    "sessions.html",
    "apps.html",
    "requests.html",
    "passkeys.html",
    "authenticator.html",
    "recovery_codes.html",
    "password.html",
];

/// Steps of a template; the longest page needs some ten thousand, and a loop without end is an error.
const FUEL: u64 = 5_000_000;

/// Who the pages belong to. Templates read it as `brand.…`.
#[derive(Debug, Serialize)]
pub(super) struct Brand {
    name: String,
    home: String,
    account: String,
    imprint: Option<String>,
    privacy: Option<String>,
    help: Option<String>,
    assets: BTreeMap<&'static str, String>,
    logo: Option<String>,
    requests: bool,
}

impl Brand {
    pub(super) fn new(settings: &Settings, issuer: &Issuer, assets: &Assets) -> Brand {
        let text = |url: &Option<crate::config::HttpUrl>| url.as_ref().map(|url| url.as_str().to_owned());
        Brand {
            name: settings.name.as_str().to_owned(),
            home: format!("{}/", issuer.path()),
            account: format!("{}/account", issuer.path()),
            imprint: text(&settings.imprint_url),
            privacy: text(&settings.privacy_url),
            help: text(&settings.help_url),
            assets: assets.urls.clone(),
            logo: assets.urls.get("logo").cloned(),
            requests: false,
        }
    }
}

impl Brand {
    /// Whether there is a page of what clients have asked elsewhere.
    pub(super) fn offer_requests(&mut self, there: bool) {
        self.requests = there;
    }
}

/// The templates, read and checked.
pub(super) struct Templates(Environment<'static>);

impl Templates {
    /// The built-in templates, and those of the folder in the place of their namesakes.
    pub(super) fn load(folder: Option<&Path>) -> Result<Templates, PagesFault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        // Security: every template is HTML, whatever it is called, and none can say of a value that it is HTML already.
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.remove_filter("safe");
        environment.set_formatter(|out, state, value| match state.auto_escape() {
            AutoEscape::Html => minijinja::escape_formatter(out, state, value),
            _ => Err(Error::new(ErrorKind::InvalidOperation, "escaping cannot be switched off")),
        });
        environment.set_fuel(Some(FUEL));
        environment.set_debug(true);
        environment.add_function("go_on", || Value::from_safe_string(policy::GO_ON.to_owned()));
        environment.add_function("self_post", || Value::from_safe_string(policy::SELF_POST.to_owned()));
        environment.add_function("qr", |text: String| qr(&text));
        environment.add_filter("visible", |text: String| visible(&text));
        for (name, source) in BUILT_IN {
            // Invariant: a test makes every page from them.
            environment.add_template(name, source).expect("the built-in templates are well-formed");
        }
        for path in folder.map(|folder| super::files_in("pages.templates_dir", folder)).transpose()?.unwrap_or_default() {
            let file = |cause| PagesFault::File { setting: "pages.templates_dir", path: path.clone(), cause };
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let known = BUILT_IN.iter().any(|(known, _)| *known == name);
            if !known && !name.starts_with('_') {
                let expected = "no page is made from it; expected the name of a built-in template, or one that begins with _".to_owned();
                return Err(PagesFault::Unknown { setting: "pages.templates_dir", path, expected });
            }
            let source = fs::read_to_string(&path).map_err(file)?;
            environment.add_template_owned(name, source).map_err(|fault| fault_of(&fault))?;
        }
        Ok(Templates(environment))
    }

    /// Makes a page.
    pub(super) fn render(&self, pages: &Pages, language: usize, view: &View) -> Result<String, Error> {
        let texts: Arc<Texts> = Arc::clone(&pages.texts);
        let template = self.0.get_template(&format!("{}.html", view.name()))?;
        template.render(context! {
            t => speaker(Arc::clone(&texts), language),
            may_say => asker(Arc::clone(&texts), language),
            when => calendar(texts, language),
            lang => pages.texts.tag(language),
            dir => pages.texts.direction(language),
            page => view.name(),
            brand => Value::from(Serde(&pages.brand)),
            view => Value::from(Serde(view)),
        })
    }
}

/// `t("id", name=value, …)`: the words of a text.
fn speaker(texts: Arc<Texts>, language: usize) -> Value {
    Value::from_function(move |id: String, values: Kwargs| -> Result<String, Error> {
        let args = args_of(&values)?;
        let said = texts.say(language, &id, &args);
        said.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no text, or a text that needs more, has the id {id:?}")))
    })
}

/// `may_say("id", otherwise)`: the words of a text, or the other words where there is none.
fn asker(texts: Arc<Texts>, language: usize) -> Value {
    Value::from_function(move |id: String, otherwise: String| {
        texts.say(language, &id, &FluentArgs::new()).unwrap_or_else(|| visible(&otherwise))
    })
}

/// `when(seconds)`: date and time, in UTC.
fn calendar(texts: Arc<Texts>, language: usize) -> Value {
    Value::from_function(move |seconds: i64| -> Result<String, Error> {
        let instant = Civil::of(seconds);
        let mut args = FluentArgs::new();
        args.set("year", instant.year.to_string());
        args.set("month", FluentValue::from(instant.month));
        args.set("day", FluentValue::from(instant.day));
        args.set("time", format!("{:02}:{:02}", instant.hour, instant.minute));
        texts.say(language, "date-time", &args).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "no text has the id \"date-time\""))
    })
}

fn args_of(values: &Kwargs) -> Result<FluentArgs<'static>, Error> {
    let mut args = FluentArgs::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        let held = match value.as_i64() {
            Some(number) => FluentValue::from(number),
            None => FluentValue::from(visible(&value.to_string())),
        };
        args.set(name.to_owned(), held);
    }
    Ok(args)
}

/// Security: what turns the text around it (Unicode TR 9 §2) or hides in it is taken out of names that strangers choose:
/// controls, marks, embeddings, overrides and isolates.
fn visible(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|letter| if letter == '\n' || letter == '\t' { ' ' } else { letter }).filter(|letter| !hidden(*letter)).collect()
}

/// `qr(text)`: the dark squares of a QR code as one SVG path, and its size in squares, margins included.
fn qr(text: &str) -> Result<Value, Error> {
    const MARGIN: usize = 4;
    let code = qrcode::QrCode::new(text.as_bytes()).map_err(|fault| Error::new(ErrorKind::InvalidOperation, fault.to_string()))?;
    let width = code.width();
    let mut path = String::new();
    for (index, colour) in code.to_colors().into_iter().enumerate() {
        if colour == qrcode::Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", index % width + MARGIN, index / width + MARGIN));
        }
    }
    Ok(context! { size => width + 2 * MARGIN, path })
}

/// What is wrong, in one line.
pub(super) fn brief(fault: &Error) -> String {
    let mut out = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(next) = cause {
        out = format!("{out}: {next}");
        cause = next.source();
    }
    out
}

/// The fault of a template of the operator's: of the innermost file that names a line.
pub(super) fn fault_of(fault: &Error) -> PagesFault {
    let (mut at, mut next) = (fault, std::error::Error::source(fault));
    while let Some(cause) = next {
        if let Some(inner) = cause.downcast_ref::<Error>().filter(|inner| inner.name().is_some()) {
            at = inner;
        }
        next = cause.source();
    }
    let cause = at.detail().map_or_else(|| at.kind().to_string(), |detail| format!("{}: {detail}", at.kind()));
    PagesFault::Template { file: at.name().unwrap_or_default().to_owned(), line: at.line().unwrap_or(0), cause }
}
