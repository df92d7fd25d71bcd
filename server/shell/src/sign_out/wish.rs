//! What a request to sign out says, and how it is passed on.

use claimsmith_issuer::authorize::AuthorizeRefusal;
use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::form::Form;
use http::header::ORIGIN;
use serde_json::Value;

use crate::authorize::Stop;
use crate::config::Issuer;
use crate::http::{Answer, Arrival};
use crate::own_jwt;
use crate::pages::view::{FormField, FormPost, Link};
use crate::rooms::Rooms;

use super::PATH;

/// Marks a form that has been through [`resend`].
pub(super) const RESENT: &str = "resent";

/// The parameters of RP-Initiated Logout §2. `logout_hint` is taken and does nothing: the session says who it is.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub(super) client_id: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) state: Option<String>,
    pub(super) ui_locales: Option<String>,
}

/// What a genuine ID token says.
pub(super) struct TokenFacts {
    pub(super) audience: Vec<String>,
    pub(super) subject: String,
    pub(super) sid: Option<String>,
}

impl TokenFacts {
    /// The client it was made for, where there is just one.
    pub(super) fn client_id(&self) -> Option<&str> {
        match self.audience.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl Wish {
    pub(super) fn of(form: &Form<'_>) -> Self {
        let one = |name| form.one(name).filter(|value| !value.is_empty()).map(str::to_owned);
        Self {
            client_id: one("client_id"),
            hint: one("id_token_hint"),
            redirect_uri: one("post_logout_redirect_uri"),
            state: one("state"),
            ui_locales: one("ui_locales"),
        }
    }

    /// Reads the ID token; none where it is none of ours. Its expiry does not matter (§2).
    pub(super) fn read_hint(&self, rooms: &Rooms) -> Result<Option<TokenFacts>, Stop> {
        let Some(text) = &self.hint else { return Ok(None) };
        let visit = rooms.directory.visit()?;
        let now = rooms.clock.now().timestamp().seconds();
        Ok(own_jwt::id_token(rooms, &visit, text, now).and_then(|claims| {
            let text = |name| claims.get(name).and_then(Value::as_str).map(str::to_owned);
            let audience = match claims.get("aud")? {
                Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                one => vec![one.as_str()?.to_owned()],
            };
            Some(TokenFacts { audience, subject: text("sub")?, sid: text("sid") })
        }))
    }

    /// Where the person's form is posted: here again, with what is still of use. The ID token is not, and stays out of addresses.
    pub(super) fn again(&self, urls: &Issuer, client_id: Option<&str>, returns: bool) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let redirect_uri = self.redirect_uri.as_deref().filter(|_| returns);
        let state = self.state.as_deref().filter(|_| returns);
        let kept = [
            ("client_id", client_id),
            ("post_logout_redirect_uri", redirect_uri),
            ("state", state),
            ("ui_locales", self.ui_locales.as_deref()),
        ];
        for (name, value) in kept {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", urls.url(PATH))
    }
}

/// A refusal, shown to the person: nobody is sent anywhere.
pub(super) fn shown(refusal: Refusal) -> Stop {
    Stop::Refused(AuthorizeRefusal::Page(refusal))
}

/// Whether another site's page posted this, so that the browser kept our cookies back (`SameSite=Lax`).
pub(super) fn comes_from_elsewhere(rooms: &Rooms, arrival: &Arrival) -> bool {
    let text = |name: &str| arrival.headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => site == "cross-site",
        None => text(ORIGIN.as_str()).is_some_and(|origin| origin != rooms.urls.origin()),
    }
}

/// Has the browser post the form once more, from our own page this time: then it comes with cookies. A redirect would do as well,
/// but put the ID token into an address.
pub(super) fn resend(rooms: &Rooms, arrival: &Arrival, body: &Form<'_>) -> Result<Answer, Stop> {
    let own = rooms.urls.url(PATH);
    // Invariant: the issuer is an https URL.
    let target = Link::web(&own).ok_or(crate::failure::Fault::Stale)?;
    let kept = ["client_id", "id_token_hint", "post_logout_redirect_uri", "state", "ui_locales"];
    let mut fields: Vec<FormField> =
        kept.into_iter().filter_map(|name| body.one(name).map(|value| FormField { name: name.into(), value: value.to_owned() })).collect();
    fields.push(FormField { name: RESENT.into(), value: "1".to_owned() });
    let client = url::Url::parse(rooms.urls.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let pages = rooms.pages.load();
    Ok(pages.render(&pages.look(body.one("ui_locales"), &arrival.headers), &FormPost { target, client, fields }.into()))
}
