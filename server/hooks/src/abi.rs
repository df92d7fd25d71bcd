//! The records of `claimsmith.wit` as they cross the border. Borrowed on the way in, owned on the way out.
//!
//! Lists of strings, configuration and metadata are lowered straight from the caller's memory into the guest's.

use claimsmith_issuer::hook::{ExchangeMode, PasswordResult, RegistrationAction};
use claimsmith_issuer::value::{Member, Value};
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::lift::ITEM_COST;

pub(crate) mod draft;

/// `types.context`.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct ContextIn<'a> {
    #[component(name = "client-id")]
    pub(crate) client_id: &'a str,
    #[component(name = "client-tags")]
    pub(crate) client_tags: &'a [Box<str>],
    #[component(name = "client-metadata")]
    pub(crate) client_metadata: &'a str,
    #[component(name = "grant-type")]
    pub(crate) grant_type: &'a str,
    pub(crate) refresh: bool,
    #[component(name = "requested-scopes")]
    pub(crate) requested_scopes: &'a [Box<str>],
    #[component(name = "requested-resources")]
    pub(crate) requested_resources: &'a [Box<str>],
    pub(crate) subject: Option<&'a str>,
    pub(crate) configuration: &'a str,
    pub(crate) now: u64,
}

/// `types.value`, borrowed.
#[derive(ComponentType, Lower)]
#[component(variant)]
pub(crate) enum ValueIn<'a> {
    #[component(name = "text")]
    Text(&'a str),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "number")]
    Number(f64),
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "texts")]
    Texts(&'a [Box<str>]),
    #[component(name = "json")]
    Json(&'a str),
}

impl<'a> From<&'a Value> for ValueIn<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Integer(number) => Self::Integer(*number),
            Value::Number(number) => Self::Number(*number),
            Value::Boolean(boolean) => Self::Boolean(*boolean),
            Value::Texts(texts) => Self::Texts(texts),
            Value::Json(text) => Self::Json(text),
        }
    }
}

/// `types.member`, borrowed.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct MemberIn<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: ValueIn<'a>,
}

/// Members borrowed for the border.
pub(crate) fn members(members: &[Member]) -> Vec<MemberIn<'_>> {
    members.iter().map(|member| MemberIn { name: &member.name, value: ValueIn::from(&member.value) }).collect()
}

/// How much members are, bytes.
pub(crate) fn size(members: &[Member]) -> usize {
    members
        .iter()
        .map(|member| {
            member.name.len()
                + 2 * ITEM_COST
                + match &member.value {
                    Value::Text(text) | Value::Json(text) => text.len(),
                    Value::Texts(texts) => texts.iter().map(|text| text.len() + ITEM_COST).sum(),
                    Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => 0,
                }
        })
        .sum()
}

/// `types.value`, owned: as a plugin answers it, and as it is answered.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
pub(crate) enum ValueOut {
    #[component(name = "text")]
    Text(Box<str>),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "number")]
    Number(f64),
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "texts")]
    Texts(Vec<Box<str>>),
    #[component(name = "json")]
    Json(Box<str>),
}

impl From<&Value> for ValueOut {
    fn from(value: &Value) -> Self {
        match value.clone() {
            Value::Text(text) => Self::Text(text),
            Value::Integer(number) => Self::Integer(number),
            Value::Number(number) => Self::Number(number),
            Value::Boolean(boolean) => Self::Boolean(boolean),
            Value::Texts(texts) => Self::Texts(texts),
            Value::Json(text) => Self::Json(text),
        }
    }
}

/// `types.member`, owned: as a plugin answers it, and as it is answered.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct MemberOut {
    pub(crate) name: String,
    pub(crate) value: ValueOut,
}

impl From<&Member> for MemberOut {
    fn from(member: &Member) -> Self {
        Self { name: member.name.to_string(), value: ValueOut::from(&member.value) }
    }
}

/// `types.page-text`.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct TextOut {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// `person.signed-in`.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct SignedInAnswer {
    #[component(name = "authenticated-at")]
    pub(crate) authenticated_at: Option<u64>,
    pub(crate) acr: Option<Box<str>>,
    pub(crate) amr: Vec<Box<str>>,
    #[component(name = "session-id")]
    pub(crate) session_id: Option<Box<str>>,
}

/// Declares an enum of the contract that stands for one of the issuer's.
macro_rules! enums {
    ($($(#[$about:meta])* $name:ident for $of:ident: $($derived:ident)* { $($case:ident $text:literal),* })*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Copy, ComponentType, Lower $(, $derived)*)]
            #[component(enum)]
            #[repr(u8)]
            pub(crate) enum $name {
                $(#[component(name = $text)] $case),*
            }

            impl From<$of> for $name {
                fn from(value: $of) -> Self {
                    match value {
                        $($of::$case => Self::$case),*
                    }
                }
            }
        )*
    };
}

enums! {
    /// `types.password-result`.
    OutcomeIn for PasswordResult: { Right "right", Wrong "wrong", UnknownUser "unknown-user", NotTried "not-tried" }
    /// `types.exchange-mode`: handed over, and answered.
    ModeWire for ExchangeMode: Lift { Delegation "delegation", Impersonation "impersonation" }
    /// `types.registration-action`.
    ActionIn for RegistrationAction: { Register "register", Update "update", Delete "delete" }
}

impl From<ModeWire> for ExchangeMode {
    fn from(mode: ModeWire) -> Self {
        match mode {
            ModeWire::Delegation => Self::Delegation,
            ModeWire::Impersonation => Self::Impersonation,
        }
    }
}

/// `types.edit`.
#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum EditOut {
    #[component(name = "set-claim")]
    SetClaim(MemberOut),
    #[component(name = "remove-claim")]
    RemoveClaim(String),
    #[component(name = "set-header")]
    SetHeader(MemberOut),
    #[component(name = "set-scopes")]
    SetScopes(Vec<String>),
    #[component(name = "set-audience")]
    SetAudience(Vec<String>),
    #[component(name = "set-lifetime")]
    SetLifetime(u32),
    #[component(name = "set-response-member")]
    SetResponseMember(MemberOut),
    #[component(name = "omit-refresh-token")]
    OmitRefreshToken,
    #[component(name = "set-attribute")]
    SetAttribute(MemberOut),
    #[component(name = "require-acr")]
    RequireAcr(String),
    #[component(name = "require-factor")]
    RequireFactor(String),
    #[component(name = "skip-consent")]
    SkipConsent,
    #[component(name = "show-text")]
    ShowText(TextOut),
    #[component(name = "set-authorization-details")]
    SetAuthorizationDetails(String),
    #[component(name = "set-user")]
    SetUser(String),
    #[component(name = "add-amr")]
    AddAmr(Vec<String>),
    #[component(name = "set-exchange-mode")]
    SetExchangeMode(ModeWire),
    #[component(name = "set-transaction-context")]
    SetTransactionContext(MemberOut),
    #[component(name = "set-request-context")]
    SetRequestContext(MemberOut),
    #[component(name = "set-metadata")]
    SetMetadata(MemberOut),
    #[component(name = "remove-metadata")]
    RemoveMetadata(String),
    #[component(name = "mark-notified")]
    MarkNotified,
}

/// `types.refusal`.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct RefusalOut {
    pub(crate) code: String,
    pub(crate) reason: String,
}

/// What every `shape` answers.
pub(crate) type AnswerOut = (Result<Vec<EditOut>, RefusalOut>,);

/// `log.level`.
#[expect(dead_code, reason = "made by lifting only")]
#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum LevelIn {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}
