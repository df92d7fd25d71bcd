//! The list of changes that a hook answers with.

use std::marker::PhantomData;

use serde::Serialize;

use crate::wire::types::{Edit, ExchangeMode, Member, PageText, Value};

/// The changes that a hook wants made, in order. The server checks each against the reserved names and the binding's
/// permissions, and applies them in this order.
///
/// `H` is the hook they are for, and only what that hook may change can be written: `Edits` alone is for `access_token`, the
/// others have names of their own, such as [`IdTokenEdits`]. Where the hook's return type says which, `Edits::new()` will do.
#[derive(Clone, Debug, PartialEq)]
pub struct Edits<H = AccessToken> {
    edits: Vec<Edit>,
    hook: PhantomData<H>,
}

/// Hooks whose edits set and remove claims.
pub trait Claims: Sealed {}
/// Hooks whose edits replace scopes.
pub trait Scopes: Sealed {}
/// Hooks whose edits replace the audience.
pub trait Audiences: Sealed {}
/// Hooks whose edits say for whom it is.
pub trait Users: Sealed {}
/// Hooks whose edits set a lifetime.
pub trait Lifetimes: Sealed {}
/// Hooks whose edits can do without a refresh token.
pub trait RefreshTokens: Sealed {}
/// Hooks whose edits remember something with the session or the grant.
pub trait Attributes: Sealed {}

/// A hook point. There are no others.
pub trait Sealed {}

macro_rules! hooks {
    ($($(#[$about:meta])* $hook:ident $edits:ident: $($may:ident)*;)*) => {
        $(
            #[doc = concat!("The hook whose edits are [`", stringify!($edits), "`].")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $hook {}
            impl Sealed for $hook {}
            $(impl $may for $hook {})*
            $(#[$about])*
            pub type $edits = Edits<$hook>;
        )*
    };
}

hooks! {
    /// Edits of `access_token`; the same as [`Edits`].
    AccessToken AccessTokenEdits: Claims Scopes Audiences Lifetimes RefreshTokens;
    /// Edits of `token_response`.
    TokenResponse ResponseEdits:;
    /// Edits of `introspection`.
    Introspection IntrospectionEdits: Claims;
    /// Edits of `id_token`.
    IdToken IdTokenEdits: Claims Lifetimes;
    /// Edits of `refresh_token`.
    RefreshToken RefreshTokenEdits: Lifetimes RefreshTokens Attributes;
    /// Edits of `userinfo`.
    Userinfo UserinfoEdits: Claims;
    /// Edits of `authentication`.
    Authentication AuthenticationEdits: Attributes;
    /// Edits of `post_authentication`.
    PostAuthentication PostAuthenticationEdits: Attributes;
    /// Edits of `consent`.
    Consent ConsentEdits: Scopes;
    /// Edits of `scope`.
    Scope ScopeEdits: Scopes;
    /// Edits of `authorization_details`.
    AuthorizationDetails AuthorizationDetailsEdits:;
    /// Edits of `password`.
    Password PasswordEdits: Attributes Users;
    /// Edits of `token_exchange`.
    TokenExchange TokenExchangeEdits: Scopes Audiences Attributes Users;
    /// Edits of `jwt_bearer`.
    JwtBearer JwtBearerEdits: Scopes Attributes Users;
    /// Edits of `transaction_token`.
    TransactionToken TransactionTokenEdits: Lifetimes;
    /// Edits of `client_authentication`: none. It refuses, or does not.
    ClientAuthentication ClientAuthenticationEdits:;
    /// Edits of `client_registration`.
    ClientRegistration ClientRegistrationEdits:;
    /// Edits of `backchannel_notification`.
    BackchannelNotification BackchannelNotificationEdits: Attributes;
    /// Edits of `revocation`: none. It looks on.
    Revocation RevocationEdits:;
}

impl<H> Default for Edits<H> {
    fn default() -> Self {
        Self { edits: Vec::new(), hook: PhantomData }
    }
}

impl<H> Edits<H> {
    /// No change at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an edit at the end, whether or not the hook has a use for it.
    pub fn push(&mut self, edit: Edit) -> &mut Self {
        self.edits.push(edit);
        self
    }

    /// The edits so far, in order.
    pub fn as_slice(&self) -> &[Edit] {
        &self.edits
    }

    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edits themselves.
    pub fn into_vec(self) -> Vec<Edit> {
        self.edits
    }
}

impl<H: Claims> Edits<H> {
    /// Sets a claim of the token, or a member of the answer, whether it is there or not. The server refuses `null`, and for
    /// `groups`, `roles` and `entitlements` everything but an array (RFC 9068 §2.2.3.1).
    pub fn set_claim(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetClaim(member(name, value)))
    }

    /// Removes a claim of the token, or a member of the answer. Removing what is not there is no error.
    pub fn remove_claim(&mut self, name: impl Into<String>) -> &mut Self {
        self.push(Edit::RemoveClaim(name.into()))
    }

    /// What these edits make of a claim: the value of the last edit that sets it, unless a later one removes it.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.edits.iter().rev().find_map(|edit| match edit {
            Edit::SetClaim(member) if member.name == name => Some(Some(&member.value)),
            Edit::RemoveClaim(removed) if removed == name => Some(None),
            _ => None,
        })?
    }
}

impl<H: Scopes> Edits<H> {
    /// Replaces the scopes. More than the draft has needs a permission on the binding, and is never possible at `consent`.
    pub fn set_scopes<S: Into<String>>(&mut self, scopes: impl IntoIterator<Item = S>) -> &mut Self {
        self.push(Edit::SetScopes(scopes.into_iter().map(Into::into).collect()))
    }

    /// Keeps those of the draft's scopes that `keep` says yes to. Nothing is edited where that is all of them.
    pub fn narrow_scopes(&mut self, granted: &[String], keep: impl FnMut(&&String) -> bool) -> &mut Self {
        let kept: Vec<_> = granted.iter().filter(keep).cloned().collect();
        if kept.len() == granted.len() { self } else { self.set_scopes(kept) }
    }
}

impl<H: Audiences> Edits<H> {
    /// Replaces the audience. More than was granted needs a permission on the binding, and is never possible at `token_exchange`.
    pub fn set_audience<S: Into<String>>(&mut self, audience: impl IntoIterator<Item = S>) -> &mut Self {
        self.push(Edit::SetAudience(audience.into_iter().map(Into::into).collect()))
    }
}

impl<H: Users> Edits<H> {
    /// Says for which user it is, by their identifier on this server; needs the permission `set_user`. At `password` this vouches for
    /// them, whatever the server made of the password. A user who is not there or is locked gets nothing all the same.
    pub fn set_user(&mut self, id: impl Into<String>) -> &mut Self {
        self.push(Edit::SetUser(id.into()))
    }
}

impl<H: Lifetimes> Edits<H> {
    /// Sets the lifetime in seconds, from issue to expiry. Longer than drafted needs a permission on the binding.
    pub fn set_lifetime(&mut self, seconds: u32) -> &mut Self {
        self.push(Edit::SetLifetime(seconds))
    }
}

impl<H: RefreshTokens> Edits<H> {
    /// Issues no refresh token.
    pub fn omit_refresh_token(&mut self) -> &mut Self {
        self.push(Edit::OmitRefreshToken)
    }
}

impl<H: Attributes> Edits<H> {
    /// Remembers something with the session, or at `refresh_token` with the grant, for later hooks to read. Never shown to
    /// the client or the person.
    pub fn set_attribute(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetAttribute(member(name, value)))
    }

    /// What these edits make of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.edits.iter().rev().find_map(|edit| match edit {
            Edit::SetAttribute(member) if member.name == name => Some(&member.value),
            _ => None,
        })
    }
}

impl Edits<AccessToken> {
    /// Sets a member of the JOSE header that is not security-relevant (RFC 7515 §4).
    pub fn set_header(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetHeader(member(name, value)))
    }
}

impl Edits<TokenResponse> {
    /// Adds a member to the token endpoint's response. Names that a specification gave a meaning are reserved.
    pub fn set_response_member(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetResponseMember(member(name, value)))
    }
}

impl Edits<Authentication> {
    /// Asks the person to reach this authentication context class before they are signed in.
    pub fn require_acr(&mut self, acr: impl Into<String>) -> &mut Self {
        self.push(Edit::RequireAcr(acr.into()))
    }

    /// Asks the person for this factor before they are signed in. One they have shown already asks for nothing.
    pub fn require_factor(&mut self, factor: impl Into<String>) -> &mut Self {
        self.push(Edit::RequireFactor(factor.into()))
    }
}

impl Edits<Consent> {
    /// Lets the person go unasked; needs the permission `skip_consent`.
    pub fn skip_consent(&mut self) -> &mut Self {
        self.push(Edit::SkipConsent)
    }

    /// Shows a plain text on the consent page to those who read that language (`de`, `pt-BR`).
    pub fn show_text(&mut self, language: impl Into<String>, text: impl Into<String>) -> &mut Self {
        self.push(Edit::ShowText(PageText { language: language.into(), text: text.into() }))
    }
}

impl Edits<AuthorizationDetails> {
    /// Replaces the authorization details by what serialises to a JSON array of objects, each with a `type`. Leaving some out
    /// needs no permission; one that was not there before, or not so, needs `authorization_details:TYPE`.
    ///
    /// # Panics
    ///
    /// When `details` cannot be made JSON, which ends the call.
    pub fn set_authorization_details(&mut self, details: &impl Serialize) -> &mut Self {
        let text = serde_json::to_string(details).expect("authorization details that can be made JSON");
        self.push(Edit::SetAuthorizationDetails(text))
    }
}

impl Edits<Password> {
    /// Adds to how the person authenticated (RFC 8176); needs the permission `amr`.
    pub fn add_amr<S: Into<String>>(&mut self, methods: impl IntoIterator<Item = S>) -> &mut Self {
        self.push(Edit::AddAmr(methods.into_iter().map(Into::into).collect()))
    }
}

impl Edits<TokenExchange> {
    /// Has the token name its actor (RFC 8693 §4.1).
    pub fn delegate(&mut self) -> &mut Self {
        self.push(Edit::SetExchangeMode(ExchangeMode::Delegation))
    }

    /// Has the token keep quiet about its actor; needs the permission `impersonation`, and a policy that lets it.
    pub fn impersonate(&mut self) -> &mut Self {
        self.push(Edit::SetExchangeMode(ExchangeMode::Impersonation))
    }
}

impl Edits<TransactionToken> {
    /// Sets a member of `tctx`; needs the permission `claim:tctx`.
    pub fn set_transaction_context(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetTransactionContext(member(name, value)))
    }

    /// Sets a member of `rctx`; needs the permission `claim:rctx`.
    pub fn set_request_context(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetRequestContext(member(name, value)))
    }
}

impl Edits<ClientRegistration> {
    /// Sets a member of the client's metadata; needs the permission `metadata:NAME`. What comes of it is checked like what a client
    /// sent.
    pub fn set_metadata(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetMetadata(member(name, value)))
    }

    /// Removes a member of the client's metadata; needs the permission `metadata:NAME`.
    pub fn remove_metadata(&mut self, name: impl Into<String>) -> &mut Self {
        self.push(Edit::RemoveMetadata(name.into()))
    }
}

impl Edits<BackchannelNotification> {
    /// Says that the person has been notified, so that the server does not do it again.
    pub fn mark_notified(&mut self) -> &mut Self {
        self.push(Edit::MarkNotified)
    }
}

fn member(name: impl Into<String>, value: impl Into<Value>) -> Member {
    Member { name: name.into(), value: value.into() }
}

#[cfg(test)]
mod tests {
    use super::{
        AuthenticationEdits, BackchannelNotificationEdits, ClientRegistrationEdits, ConsentEdits, Edit, Edits, IdTokenEdits, PasswordEdits,
        RefreshTokenEdits, TokenExchangeEdits, TransactionTokenEdits,
    };

    #[test]
    fn edits_keep_their_order() {
        let mut edits: Edits = Edits::new();
        edits.set_lifetime(60).set_claim("org", "acme").remove_claim("org").omit_refresh_token();
        let [Edit::SetLifetime(60), Edit::SetClaim(set), Edit::RemoveClaim(removed), Edit::OmitRefreshToken] = edits.as_slice() else {
            panic!("{edits:?}");
        };
        assert_eq!((set.name.as_str(), removed.as_str()), ("org", "org"));
    }

    #[test]
    fn narrowing_drops_and_never_adds() {
        let granted = ["read".to_owned(), "write".to_owned()];
        let mut edits: Edits = Edits::new();
        edits.narrow_scopes(&granted, |_| true);
        assert!(edits.is_empty());
        edits.narrow_scopes(&granted, |scope| *scope == "read");
        assert_eq!(edits.as_slice(), [Edit::SetScopes(vec!["read".to_owned()])]);
    }

    #[test]
    fn the_last_word_on_a_claim_counts() {
        let mut edits: Edits = Edits::new();
        edits.set_claim("a", 1).set_claim("a", 2).set_claim("b", true).remove_claim("b");
        assert_eq!(edits.claim("a").and_then(|value| value.as_integer()), Some(2));
        assert_eq!(edits.claim("b"), None);
    }

    #[test]
    fn every_hook_writes_what_it_may_change() {
        let (mut id_token, mut refresh) = (IdTokenEdits::new(), RefreshTokenEdits::new());
        id_token.set_claim("org", "acme").set_lifetime(60);
        refresh.set_attribute("device", "d").set_attribute("device", "e").omit_refresh_token();
        assert_eq!((id_token.as_slice().len(), refresh.attribute("device").and_then(|value| value.as_text())), (2, Some("e")));
        let (mut sign_in, mut consent) = (AuthenticationEdits::new(), ConsentEdits::new());
        sign_in.require_acr("2").require_factor("totp");
        consent.skip_consent().show_text("de", "Hallo").set_scopes(["openid"]);
        assert_eq!((sign_in.into_vec().len(), consent.into_vec().len()), (2, 3));
        let (mut password, mut exchange) = (PasswordEdits::new(), TokenExchangeEdits::new());
        password.set_user("u1").add_amr(["otp"]).set_attribute("directory", "old");
        exchange.set_user("u1").delegate().impersonate().set_audience(["urn:a"]).set_scopes(["read"]);
        assert_eq!((password.into_vec().len(), exchange.into_vec().len()), (3, 5));
        let (mut transaction, mut registration) = (TransactionTokenEdits::new(), ClientRegistrationEdits::new());
        transaction.set_transaction_context("a", 1).set_request_context("b", 2).set_lifetime(30);
        registration.set_metadata("a", 1).remove_metadata("b");
        assert_eq!((transaction.into_vec().len(), registration.into_vec().len()), (3, 2));
        let mut notification = BackchannelNotificationEdits::new();
        assert_eq!(notification.mark_notified().as_slice(), [Edit::MarkNotified]);
    }
}
