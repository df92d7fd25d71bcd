//! The generated reference of the hook points: what the code itself says of them.

use std::fmt::Write;
use std::path::Path;

use claimsmith_issuer::claims::{
    Authority, BackchannelNotification, BearerAssertion, Claims, ConsentPlan, EditRefused, Entitlement, IdTokenClaims, IntrospectionAnswer,
    PasswordJudgement, ProvenClient, RefreshTokenPlan, RegistrationRequest, RequestedDetails, RequestedScopes, ResponseMembers, Revoked,
    Shaping, SignIn, SignedIn, TokenExchange, TransactionPlan, UserinfoAnswer,
};
use claimsmith_issuer::hook::{Edit, ExchangeMode, HookPoint, PasswordResult, RegistrationAction, Told};
use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::time::Timestamp;

/// One of each edit.
fn every_edit() -> [Edit; 22] {
    let (name, value) = (|| "n".to_owned(), || "v".into());
    [
        Edit::SetClaim(name(), value()),
        Edit::RemoveClaim(name()),
        Edit::SetHeader(name(), value()),
        Edit::SetScopes(Vec::new()),
        Edit::SetAudience(vec!["urn:a".to_owned()]),
        Edit::SetLifetime(1),
        Edit::SetResponseMember(name(), value()),
        Edit::OmitRefreshToken,
        Edit::SetAttribute(name(), value()),
        Edit::RequireAcr(name()),
        Edit::RequireFactor(name()),
        Edit::SkipConsent,
        Edit::ShowText("de".to_owned(), name()),
        Edit::SetAuthorizationDetails("[]".to_owned()),
        Edit::SetUser(name()),
        Edit::AddAmr(vec![name()]),
        Edit::SetExchangeMode(ExchangeMode::Delegation),
        Edit::SetTransactionContext(name(), value()),
        Edit::SetRequestContext(name(), value()),
        Edit::SetMetadata(name(), value()),
        Edit::RemoveMetadata(name()),
        Edit::MarkNotified,
    ]
}

/// The edits that have a meaning for it, permitted or not.
fn meant<S: Shaping>(shaped: &S) -> (HookPoint, Vec<&'static str>) {
    let authority = Authority { binding: 1, permissions: &[], lifetime_ceiling: 1 };
    let edits = every_edit();
    let meant = edits.iter().filter(|edit| !matches!(shaped.check(edit, authority), Err(EditRefused::Misplaced(_))));
    (S::POINT, meant.map(Edit::name).collect())
}

fn rows() -> [(HookPoint, Vec<&'static str>); HookPoint::ALL.len()] {
    let audience = ["urn:a".into()];
    let entitlement = Entitlement {
        issuer: "i",
        subject: "s",
        client_id: "c",
        scopes: &[],
        audience: &audience,
        lifetime: 1,
        confirmation: None,
        allowed: None,
    };
    [
        meant(&Claims::draft(&entitlement, "j".into(), Timestamp::from_seconds(1))),
        meant(&ResponseMembers::default()),
        meant(&IntrospectionAnswer::of(Vec::new(), "rs")),
        meant(&IdTokenClaims::of(Vec::new(), 1)),
        meant(&RefreshTokenPlan::of(Vec::new(), Vec::new(), 1)),
        meant(&UserinfoAnswer::of(Vec::new(), Vec::new())),
        meant(&SignIn::of("f".into(), Vec::new(), Vec::new())),
        meant(&SignedIn::of(Vec::new(), Vec::new())),
        meant(&ConsentPlan::of(Vec::new(), Vec::new())),
        meant(&RequestedScopes::of(Vec::new())),
        meant(&RequestedDetails::of(Vec::new())),
        meant(&PasswordJudgement::of("n", "p", PasswordResult::Wrong, None, Vec::new())),
        meant(&TokenExchange {
            claims: Vec::new(),
            actor_claims: Vec::new(),
            subject_token_type: "t".into(),
            requested_token_type: "t".into(),
            scopes: Vec::new(),
            audience: Vec::new(),
            mode: ExchangeMode::Delegation,
            may_impersonate: false,
            user: None,
            attributes: Vec::new(),
        }),
        meant(&BearerAssertion { issuer: "i".into(), claims: Vec::new(), scopes: Vec::new(), user: None, attributes: Vec::new() }),
        meant(&TransactionPlan {
            claims: Vec::new(),
            transaction_context: Vec::new(),
            request_context: Vec::new(),
            scopes: Vec::new(),
            lifetime: 1,
        }),
        meant(&ProvenClient { method: "none", thumbprint: None, attestation: &[] }),
        meant(&RegistrationRequest { action: RegistrationAction::Register, metadata: Vec::new(), software_statement: Vec::new() }),
        meant(&BackchannelNotification::of(None, "d".into(), Vec::new())),
        meant(&Revoked { token_type: "access_token", scopes: &[], claims: &[] }),
    ]
}

fn codes(told: Told) -> String {
    let legal = ErrorCode::ALL.into_iter().filter(|code| told.code(code.as_str()) == *code);
    legal.map(|code| format!("`{}`", code.as_str())).collect::<Vec<_>>().join(", ")
}

fn reference() -> String {
    let mut text = String::from(
        "# Hook points\n\nGenerated from the server's own tables. [The guide](../plugins/hooks.md) says what each is for; permissions \
         are in\n[permissions.md](../plugins/permissions.md).\n\n| hook point | interface | edits | a refusal is told |\n|---|---|---|---|\n",
    );
    for (point, edits) in rows() {
        let edits: Vec<_> = edits.iter().map(|edit| format!("`{edit}`")).collect();
        let told = match point.told() {
            Told::Direct => "in the answer",
            Told::Redirected => "at the redirect URI",
            Told::AtTheDesk => "to the client that is not let in",
        };
        let edits = if edits.is_empty() { vec!["none".to_owned()] } else { edits };
        let _ = writeln!(text, "| `{}` | `{}` | {} | {told} |", point.as_str(), point.interface(), edits.join(", "));
    }
    let _ = write!(
        text,
        "\nAny other edit at a hook point fails the call.\n\nCodes of a refusal that is told in the answer: {}.\n\nCodes of a refusal \
         that is told at the redirect URI: {}.\n\nAny other code is sent as `access_denied`.\n\nCodes of a refusal that a client \
         is told that is not let in: {}. Any other is sent as `invalid_client`.\n",
        codes(Told::Direct),
        codes(Told::Redirected),
        codes(Told::AtTheDesk)
    );
    text
}

#[test]
fn the_rows_are_those_of_the_table() {
    assert_eq!(rows().map(|(point, _)| point), HookPoint::ALL);
    let silent = [HookPoint::ClientAuthentication, HookPoint::Revocation];
    assert!(rows().iter().all(|(point, edits)| edits.is_empty() == silent.contains(point)));
}

#[test]
fn the_hook_reference_is_in_sync() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/hooks.md");
    if std::env::var_os("CLAIMSMITH_BLESS").is_some() {
        std::fs::write(&path, reference()).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == reference(), "docs/reference/hooks.md is out of date: run the tests with CLAIMSMITH_BLESS=1");
}
