//! What a call hands to its guest, borrowed from the request or kept for another thread.

use std::sync::Arc;

use claimsmith_issuer::hook::{Background, Context, Draft, ExchangeMode, HookPoint, PasswordResult, RegistrationAction, Shown};
use claimsmith_issuer::value::Member;
use claimsmith_jose::Secret;

use crate::abi::{self, ContextIn};
use crate::lift::ITEM_COST;

/// The input of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) configuration: &'a str,
    pub(crate) draft: &'a Draft<'a>,
}

impl Input<'_> {
    /// The hook point that the draft belongs to.
    pub(crate) const fn point(&self) -> HookPoint {
        self.draft.point
    }

    pub(crate) fn context_in(&self) -> ContextIn<'_> {
        let context = self.context;
        ContextIn {
            client_id: context.client_id,
            client_tags: context.client_tags,
            client_metadata: context.client_metadata,
            grant_type: context.grant_type,
            refresh: context.refresh,
            requested_scopes: context.requested_scopes,
            requested_resources: context.requested_resources,
            subject: context.subject,
            configuration: self.configuration,
            now: context.now_milliseconds / 1000,
        }
    }

    /// How much is handed over, roughly as the guest will hold it.
    pub(crate) fn bytes(&self) -> usize {
        let context = self.context;
        let pairs =
            |pairs: &[(Box<str>, Box<str>)]| -> usize { pairs.iter().map(|(name, value)| name.len() + value.len() + 2 * ITEM_COST).sum() };
        let draft = self.draft;
        context.client_id.len()
            + texts(context.client_tags)
            + context.client_metadata.len()
            + context.grant_type.len()
            + texts(context.requested_scopes)
            + texts(context.requested_resources)
            + context.subject.map_or(0, str::len)
            + self.configuration.len()
            + pairs(context.parameters)
            + pairs(context.headers)
            + context.background.map_or(0, |background| known(background))
            + abi::size(draft.members)
            + texts(draft.scopes)
            + texts(draft.words)
            + draft.text.len()
            + draft.second.len()
            + draft.maybe.map_or(0, str::len)
            + draft.password.map_or(0, |shown| shown.0.len())
            + draft.beside.iter().map(|members| abi::size(members)).sum::<usize>()
    }
}

/// How much is known beside the request: a plugin may ask for all of it.
fn known(background: &Background) -> usize {
    let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
    let grant = &background.grant;
    let person = background.person.as_ref().map_or(0, |person| {
        text(&person.id)
            + text(&person.username)
            + text(&person.acr)
            + text(&person.session_id)
            + texts(&person.amr)
            + abi::size(&person.attributes)
            + abi::size(&person.session_attributes)
    });
    person + abi::size(&grant.attributes) + grant.authorization_details.len() + texts(&grant.actors) + text(&grant.confirmation)
}

fn texts(texts: &[Box<str>]) -> usize {
    texts.iter().map(|text| text.len() + ITEM_COST).sum()
}

/// An input that outlives its request.
#[derive(Debug)]
pub(crate) struct Kept {
    client_id: Box<str>,
    client_tags: Vec<Box<str>>,
    client_metadata: Box<str>,
    grant_type: Box<str>,
    refresh: bool,
    requested_scopes: Vec<Box<str>>,
    requested_resources: Vec<Box<str>>,
    subject: Option<Box<str>>,
    parameters: Vec<(Box<str>, Box<str>)>,
    headers: Vec<(Box<str>, Box<str>)>,
    now_milliseconds: u64,
    configuration: Box<str>,
    background: Option<Arc<Background>>,
    draft: KeptDraft,
}

#[derive(Debug)]
struct KeptDraft {
    point: HookPoint,
    members: Vec<Member>,
    scopes: Vec<Box<str>>,
    words: Vec<Box<str>>,
    lifetime: u32,
    text: Box<str>,
    second: Box<str>,
    maybe: Option<Box<str>>,
    beside: [Vec<Member>; 2],
    outcome: PasswordResult,
    password: Option<Secret<String>>,
    mode: ExchangeMode,
    action: RegistrationAction,
}

impl Kept {
    /// A copy of everything.
    pub(crate) fn of(input: &Input<'_>) -> Self {
        let context = input.context;
        Self {
            client_id: context.client_id.into(),
            client_tags: context.client_tags.to_vec(),
            client_metadata: context.client_metadata.into(),
            grant_type: context.grant_type.into(),
            refresh: context.refresh,
            requested_scopes: context.requested_scopes.to_vec(),
            requested_resources: context.requested_resources.to_vec(),
            subject: context.subject.map(Into::into),
            parameters: context.parameters.to_vec(),
            headers: context.headers.to_vec(),
            now_milliseconds: context.now_milliseconds,
            configuration: input.configuration.into(),
            background: context.background.cloned(),
            draft: KeptDraft::of(input.draft),
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            client_id: &self.client_id,
            client_tags: &self.client_tags,
            client_metadata: &self.client_metadata,
            grant_type: &self.grant_type,
            refresh: self.refresh,
            requested_scopes: &self.requested_scopes,
            requested_resources: &self.requested_resources,
            subject: self.subject.as_deref(),
            parameters: &self.parameters,
            headers: &self.headers,
            now_milliseconds: self.now_milliseconds,
            background: self.background.as_ref(),
        }
    }

    pub(crate) fn configuration(&self) -> &str {
        &self.configuration
    }

    pub(crate) fn draft(&self) -> Draft<'_> {
        let kept = &self.draft;
        let [first, last] = &kept.beside;
        Draft {
            point: kept.point,
            members: &kept.members,
            scopes: &kept.scopes,
            words: &kept.words,
            lifetime: kept.lifetime,
            text: &kept.text,
            second: &kept.second,
            maybe: kept.maybe.as_deref(),
            beside: [first, last],
            outcome: kept.outcome,
            password: kept.password.as_ref().map(|password| Shown(password.expose())),
            mode: kept.mode,
            action: kept.action,
        }
    }
}

impl KeptDraft {
    fn of(draft: &Draft<'_>) -> Self {
        Self {
            point: draft.point,
            members: draft.members.to_vec(),
            scopes: draft.scopes.to_vec(),
            words: draft.words.to_vec(),
            lifetime: draft.lifetime,
            text: draft.text.into(),
            second: draft.second.into(),
            maybe: draft.maybe.map(Into::into),
            beside: draft.beside.map(<[Member]>::to_vec),
            outcome: draft.outcome,
            password: draft.password.map(|shown| Secret::new(shown.0.to_owned())),
            mode: draft.mode,
            action: draft.action,
        }
    }
}

#[cfg(test)]
mod tests {
    use claimsmith_issuer::hook::Person;

    use super::*;

    #[test]
    fn what_is_kept_for_another_thread_is_what_was_there() {
        let (members, words) = ([Member::known("a", "b".into())], ["w".into()]);
        let background = Arc::new(Background { person: Some(Person::default()), ..Background::default() });
        let context = Context {
            client_id: "demo",
            client_tags: &words,
            client_metadata: "{}",
            grant_type: "g",
            refresh: true,
            requested_scopes: &words,
            requested_resources: &words,
            subject: Some("s"),
            parameters: &[],
            headers: &[],
            now_milliseconds: 1,
            background: Some(&background),
        };
        let drafts = [
            Draft::access_token(&members, &words, &words, 60),
            Draft::authentication(&members, "totp", &words),
            Draft::consent(&words, &words),
            Draft::authorization_details("[]"),
            Draft { password: Some(Shown("p")), ..Draft::password("alice", PasswordResult::Wrong, Some("u"), &words, &members) },
            Draft::token_exchange(&members, &members, &members)
                .between(("a", "b"), ExchangeMode::Impersonation, Some("u"))
                .with(&words, &words),
            Draft::client_registration(RegistrationAction::Delete, &members, &members),
        ];
        for draft in drafts {
            let input = Input { context: &context, configuration: "{}", draft: &draft };
            let kept = Kept::of(&input);
            assert_eq!(format!("{:?}", kept.draft()), format!("{draft:?}"));
            assert_eq!(kept.draft().password.map(|shown| shown.0), draft.password.map(|shown| shown.0));
            assert_eq!(format!("{:?}", kept.context()), format!("{context:?}"));
            assert_eq!(kept.configuration(), "{}");
        }
    }
}
