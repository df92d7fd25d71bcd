//! What plugins may make of a request: its scopes, its authorization details, and what a person is asked to agree to.

use serde_json::Value as Json;

use super::shaping::{Shaping, check_scopes, distinct, misplaced};
use super::{Authority, EditRefused};
use crate::binding::Permission;
use crate::hook::{self, Edit, HookPoint};

/// The most texts that plugins may put on one consent page.
const TEXTS_MAX: usize = 16;

/// The longest of them, in bytes.
const TEXT_LENGTH_MAX: usize = 1_000;

/// The most authorization details of one request.
const DETAILS_MAX: usize = 64;

/// The longest they may be together, in bytes of JSON.
const DETAILS_LENGTH_MAX: usize = 16 << 10;

/// The scopes of a request, before anything else has looked at them: what the client may have is decided afterwards.
#[derive(Debug, Clone)]
pub struct RequestedScopes(Vec<Box<str>>);

impl RequestedScopes {
    /// The scopes as they were asked for.
    pub const fn of(scopes: Vec<Box<str>>) -> Self {
        Self(scopes)
    }

    /// The scopes that go on.
    pub fn into_scopes(self) -> Vec<Box<str>> {
        self.0
    }
}

impl Shaping for RequestedScopes {
    const POINT: HookPoint = HookPoint::Scope;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::scope(&self.0)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            Edit::SetScopes(scopes) => check_scopes(scopes, &self.0, authority.permissions),
            other => Err(misplaced(other)),
        }
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        if let Edit::SetScopes(scopes) = edit {
            self.0 = distinct(scopes);
        }
    }
}

/// A text for the consent page: plain text, to be escaped like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentText {
    /// The language (BCP 47), such as `de` or `pt-BR`.
    pub language: Box<str>,
    /// The text; lines end with `\n`.
    pub text: Box<str>,
}

/// What a person is about to be asked.
#[derive(Debug, Clone)]
pub struct ConsentPlan {
    scopes: Vec<Box<str>>,
    remembered: Vec<Box<str>>,
    skipped: bool,
    texts: Vec<ConsentText>,
}

/// What the plugins say to a consent. A refusal is no outcome but ends the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentOutcome {
    /// The scopes that may be asked for; never more than before.
    pub scopes: Vec<Box<str>>,
    /// Whether the person need not be asked. What the request itself demands (`prompt=consent`) goes before it.
    pub skipped: bool,
    /// What the page says beside its own words, in the order of the plugins.
    pub texts: Vec<ConsentText>,
}

impl ConsentPlan {
    /// The scopes to ask for, and those that the person has agreed to before.
    pub const fn of(scopes: Vec<Box<str>>, remembered: Vec<Box<str>>) -> Self {
        Self { scopes, remembered, skipped: false, texts: Vec::new() }
    }

    /// What the plugins made of it.
    pub fn outcome(self) -> ConsentOutcome {
        let Self { scopes, skipped, texts, .. } = self;
        ConsentOutcome { scopes, skipped, texts }
    }
}

impl Shaping for ConsentPlan {
    const POINT: HookPoint = HookPoint::Consent;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::consent(&self.scopes, &self.remembered)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        match edit {
            // Security: nobody adds to what a person is asked for at this late hour, whatever the permission.
            Edit::SetScopes(scopes) => check_scopes(scopes, &self.scopes, &[]),
            Edit::SkipConsent if authority.permissions.contains(&Permission::SkipConsent) => Ok(()),
            Edit::SkipConsent => Err(EditRefused::NotPermitted("skip_consent".to_owned())),
            Edit::ShowText(language, text) => check_language(language).and_then(|()| check_text(text)),
            other => Err(misplaced(other)),
        }
    }

    fn check_whole(&self) -> Result<(), EditRefused> {
        if self.texts.len() > TEXTS_MAX { Err(EditRefused::TooMany("texts")) } else { Ok(()) }
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetScopes(scopes) => self.scopes = distinct(scopes),
            Edit::SkipConsent => self.skipped = true,
            Edit::ShowText(language, text) => self.texts.push(ConsentText { language: language.into(), text: text.into() }),
            _ => {}
        }
    }
}

/// The shape of a language tag ([RFC 5646 §2.1](https://www.rfc-editor.org/rfc/rfc5646#section-2.1)).
fn check_language(tag: &str) -> Result<(), EditRefused> {
    let mut parts = tag.split('-');
    let is_primary = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_tag = tag.len() <= 35 && parts.next().is_some_and(is_primary) && parts.all(is_part);
    if is_tag { Ok(()) } else { Err(EditRefused::Malformed("a language is a tag such as `de` or `pt-BR`".to_owned())) }
}

fn check_text(text: &str) -> Result<(), EditRefused> {
    // Security: characters that change the direction of what follows would let a text rearrange the page around it.
    let is_odd = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
    };
    if text.trim().is_empty() || text.len() > TEXT_LENGTH_MAX || text.chars().any(is_odd) {
        let message = format!("a text of a page is 1 to {TEXT_LENGTH_MAX} bytes without control characters but line ends");
        return Err(EditRefused::Malformed(message));
    }
    Ok(())
}

/// The authorization details of a request ([RFC 9396 §2](https://www.rfc-editor.org/rfc/rfc9396#section-2)).
#[derive(Debug, Clone)]
pub struct RequestedDetails {
    items: Vec<Json>,
    text: String,
}

impl RequestedDetails {
    /// The details as they were asked for, each an object with a `type`.
    pub fn of(items: Vec<Json>) -> Self {
        let text = Json::Array(items.clone()).to_string();
        Self { items, text }
    }

    /// The details that go on.
    pub fn into_items(self) -> Vec<Json> {
        self.items
    }
}

impl Shaping for RequestedDetails {
    const POINT: HookPoint = HookPoint::AuthorizationDetails;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::authorization_details(&self.text)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let Edit::SetAuthorizationDetails(text) = edit else { return Err(misplaced(edit)) };
        for item in details(text)? {
            let kind = kind(&item).ok_or_else(malformed)?;
            // Dropping one is free; anything else may widen what is asked for, for only its type's owner knows its meaning.
            let permitted = authority
                .permissions
                .iter()
                .any(|permission| matches!(permission, Permission::AuthorizationDetails(named) if **named == *kind));
            if !permitted && !self.items.contains(&item) {
                return Err(EditRefused::NotPermitted(format!("authorization_details:{kind}")));
            }
        }
        Ok(())
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        if let Edit::SetAuthorizationDetails(text) = edit {
            // Invariant: `check` has read it.
            *self = Self::of(details(&text).unwrap_or_default());
        }
    }
}

fn details(text: &str) -> Result<Vec<Json>, EditRefused> {
    if text.len() > DETAILS_LENGTH_MAX {
        return Err(EditRefused::TooMany("bytes of authorization details"));
    }
    let items: Vec<Json> = serde_json::from_str(text).map_err(|_| malformed())?;
    if items.len() > DETAILS_MAX { Err(EditRefused::TooMany("authorization details")) } else { Ok(items) }
}

fn kind(item: &Json) -> Option<&str> {
    item.as_object()?.get("type")?.as_str().filter(|kind| !kind.is_empty())
}

fn malformed() -> EditRefused {
    EditRefused::Malformed("authorization details are an array of objects, each with a `type`".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn granted(texts: &[&str]) -> Vec<Permission> {
        texts.iter().map(|text| Permission::parse(text).expect("a permission")).collect()
    }

    fn authority(permissions: &[Permission]) -> Authority<'_> {
        Authority { binding: 1, permissions, lifetime_ceiling: 0 }
    }

    fn boxed(texts: &[&str]) -> Vec<Box<str>> {
        texts.iter().map(|&text| text.into()).collect()
    }

    fn scopes(names: &[&str]) -> Edit {
        Edit::SetScopes(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn plg_002_requested_scopes_are_dropped_freely_and_added_by_permission() {
        let ask = |edit, permissions: &[&str]| {
            let mut requested = RequestedScopes::of(boxed(&["openid", "read"]));
            requested.apply(vec![edit], authority(&granted(permissions))).map(|()| requested.into_scopes())
        };
        assert_eq!(ask(scopes(&["read"]), &[]), Ok(boxed(&["read"])));
        assert_eq!(ask(scopes(&[]), &[]), Ok(vec![]));
        assert_eq!(ask(scopes(&["read", "admin"]), &[]), Err(EditRefused::NotPermitted("scope:admin".to_owned())));
        assert_eq!(ask(scopes(&["read", "admin", "read"]), &["scope:admin"]), Ok(boxed(&["read", "admin"])));
        assert!(matches!(ask(scopes(&["a b"]), &["scope:admin"]), Err(EditRefused::Malformed(_))));
        assert_eq!(ask(Edit::SkipConsent, &["skip_consent"]), Err(EditRefused::Misplaced("skip-consent")));
    }

    fn consent(edits: Vec<Edit>, permissions: &[&str]) -> Result<ConsentOutcome, EditRefused> {
        let mut plan = ConsentPlan::of(boxed(&["openid", "read", "write"]), boxed(&["openid"]));
        plan.apply(edits, authority(&granted(permissions))).map(|()| plan.outcome())
    }

    #[test]
    fn plg_002_a_consent_is_narrowed_and_never_widened() {
        assert_eq!(consent(vec![scopes(&["openid", "read"])], &[]).expect("narrowed").scopes, boxed(&["openid", "read"]));
        assert_eq!(consent(vec![scopes(&["openid", "admin"])], &["scope:admin"]), Err(EditRefused::NotPermitted("scope:admin".to_owned())));
    }

    #[test]
    fn plg_001_nobody_goes_unasked_without_the_permission() {
        assert_eq!(
            consent(vec![Edit::SkipConsent], &["claim:*", "scope:admin"]),
            Err(EditRefused::NotPermitted("skip_consent".to_owned()))
        );
        assert!(consent(vec![Edit::SkipConsent], &["skip_consent"]).expect("granted").skipped);
        assert!(!consent(vec![], &["skip_consent"]).expect("nothing to refuse").skipped);
    }

    #[test]
    fn texts_of_the_page_are_plain_few_and_short() {
        let show = |language: &str, text: &str| consent(vec![Edit::ShowText(language.to_owned(), text.to_owned())], &[]);
        let shown = show("pt-BR", "um\n<b>dois</b>").expect("a text").texts;
        assert_eq!(shown, [ConsentText { language: "pt-BR".into(), text: "um\n<b>dois</b>".into() }], "it is escaped where it is shown");
        for language in ["", "d", "de_DE", "1a", "de-", "de\"", &"a".repeat(9)] {
            assert!(matches!(show(language, "x"), Err(EditRefused::Malformed(_))), "{language:?}");
        }
        for text in ["", " \n", "a\u{202e}b", "a\u{2066}b", "a\rb", "a\0", &"x".repeat(TEXT_LENGTH_MAX + 1)] {
            assert!(matches!(show("de", text), Err(EditRefused::Malformed(_))), "{text:?}");
        }
        let many = |count| vec![Edit::ShowText("de".to_owned(), "x".to_owned()); count];
        assert!(consent(many(TEXTS_MAX), &[]).is_ok());
        assert_eq!(consent(many(TEXTS_MAX + 1), &[]), Err(EditRefused::TooMany("texts")));
    }

    fn shaped(answer: &Json, permissions: &[&str]) -> Result<Vec<Json>, EditRefused> {
        let mut requested = RequestedDetails::of(vec![json!({"type": "payment", "amount": 5, "to": "x"}), json!({"type": "account"})]);
        let edit = Edit::SetAuthorizationDetails(answer.to_string());
        requested.apply(vec![edit], authority(&granted(permissions))).map(|()| requested.into_items())
    }

    #[test]
    fn plg_002_authorization_details_are_dropped_freely_and_changed_by_permission() {
        assert_eq!(shaped(&json!([{"to": "x", "amount": 5, "type": "payment"}]), &[]).expect("one dropped").len(), 1);
        assert_eq!(shaped(&json!([]), &[]).expect("all dropped").len(), 0);
        let more = json!([{"type": "payment", "amount": 6, "to": "x"}]);
        let refused = EditRefused::NotPermitted("authorization_details:payment".to_owned());
        assert_eq!(shaped(&more, &[]), Err(refused.clone()));
        assert_eq!(shaped(&more, &["authorization_details:account"]), Err(refused.clone()));
        assert_eq!(shaped(&json!([{"type": "payment"}]), &[]), Err(refused), "without its limits it would be more");
        assert_eq!(shaped(&more, &["authorization_details:payment"]).expect("granted")[0]["amount"], 6);
    }

    #[test]
    fn authorization_details_are_an_array_of_objects_with_a_type() {
        for answer in [json!({}), json!(["x"]), json!([{}]), json!([{"type": 1}]), json!([{"type": ""}]), json!(null)] {
            assert!(matches!(shaped(&answer, &[]), Err(EditRefused::Malformed(_))), "{answer}");
        }
        let many = Json::Array(vec![json!({"type": "account"}); DETAILS_MAX + 1]);
        assert_eq!(shaped(&many, &[]), Err(EditRefused::TooMany("authorization details")));
        let large = json!([{"type": "account", "x": "x".repeat(DETAILS_LENGTH_MAX)}]);
        assert_eq!(shaped(&large, &["authorization_details:account"]), Err(EditRefused::TooMany("bytes of authorization details")));
    }
}
