//! What makes drafts for tests. The defaults are those of a fixture.

use super::member;
use crate::{
    AuthenticationDraft, AuthorizationDetailsDraft, BackchannelNotificationDraft, ClientAuthenticationDraft, ClientRegistrationDraft,
    ConsentDraft, ExchangeMode, IdTokenDraft, IntrospectionDraft, JwtBearerDraft, Member, PasswordDraft, PasswordResult,
    PostAuthenticationDraft, RefreshTokenDraft, RegistrationAction, ResponseDraft, RevocationDraft, ScopeDraft, TokenDraft,
    TokenExchangeDraft, TransactionTokenDraft, UserinfoDraft, Value,
};

/// Makes a [`TokenDraft`]: `DraftBuilder::new().claim("sub", "alice").scopes(["read"]).build()`.
#[derive(Debug)]
pub struct DraftBuilder(TokenDraft);

impl Default for DraftBuilder {
    fn default() -> Self {
        Self(TokenDraft { claims: Vec::new(), scopes: Vec::new(), audience: Vec::new(), lifetime: 3600 })
    }
}

impl DraftBuilder {
    /// A token for an hour, without claims, scopes or audience.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more claim.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.claims.push(member(name, value));
        self
    }

    /// The granted scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.0.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The audience.
    #[must_use]
    pub fn audience<S: Into<String>>(mut self, audience: impl IntoIterator<Item = S>) -> Self {
        self.0.audience = audience.into_iter().map(Into::into).collect();
        self
    }

    /// Seconds from issue to expiry.
    #[must_use]
    pub fn lifetime(mut self, seconds: u32) -> Self {
        self.0.lifetime = seconds;
        self
    }

    /// The draft.
    pub fn build(self) -> TokenDraft {
        self.0
    }
}

/// Makes a [`ResponseDraft`]: `ResponseBuilder::new().member("token_type", "Bearer").build()`.
#[derive(Debug, Default)]
pub struct ResponseBuilder(Vec<Member>);

impl ResponseBuilder {
    /// A response without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more member.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.push(member(name, value));
        self
    }

    /// The draft.
    pub fn build(self) -> ResponseDraft {
        ResponseDraft { members: self.0 }
    }
}

/// Makes an [`IntrospectionDraft`]: `IntrospectionBuilder::new("gateway").member("active", true).build()`.
#[derive(Debug)]
pub struct IntrospectionBuilder(IntrospectionDraft);

impl IntrospectionBuilder {
    /// An answer without members for this caller.
    pub fn new(caller: impl Into<String>) -> Self {
        Self(IntrospectionDraft { members: Vec::new(), caller: caller.into() })
    }

    /// One more member.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.members.push(member(name, value));
        self
    }

    /// The draft.
    pub fn build(self) -> IntrospectionDraft {
        self.0
    }
}

/// Builders that differ in nothing but their fields: members that are added one by one, lists of texts, a number of seconds.
macro_rules! builders {
    ($(#[$about:meta] $name:ident: $draft:ident { $($default:tt)* } $($list:ident: $one:ident)?; $($texts:ident)*; $($seconds:ident)?;)*) => {
        $(
            #[doc = concat!("Makes a [`", stringify!($draft), "`].")]
            #[derive(Debug)]
            pub struct $name($draft);

            impl Default for $name {
                fn default() -> Self {
                    Self($draft { $($default)* })
                }
            }

            impl $name {
                #[$about]
                pub fn new() -> Self {
                    Self::default()
                }

                $(/// One more.
                #[must_use]
                pub fn $one(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
                    self.0.$list.push(member(name, value));
                    self
                })?

                $(/// All of them.
                #[must_use]
                pub fn $texts<S: Into<String>>(mut self, texts: impl IntoIterator<Item = S>) -> Self {
                    self.0.$texts = texts.into_iter().map(Into::into).collect();
                    self
                })*

                $(/// Seconds from issue to expiry.
                #[must_use]
                pub fn $seconds(mut self, seconds: u32) -> Self {
                    self.0.$seconds = seconds;
                    self
                })?

                /// The draft.
                pub fn build(self) -> $draft {
                    self.0
                }
            }
        )*
    };
}

builders! {
    /// An ID token for an hour, without claims.
    IdTokenBuilder: IdTokenDraft { claims: Vec::new(), lifetime: 3600 } claims: claim; ; lifetime;
    /// A refresh token for an hour, without scopes, of a grant with which nothing is remembered.
    RefreshTokenBuilder: RefreshTokenDraft { attributes: Vec::new(), scopes: Vec::new(), lifetime: 3600 } attributes: attribute; scopes; lifetime;
    /// An answer without members, to a token without scopes.
    UserinfoBuilder: UserinfoDraft { members: Vec::new(), scopes: Vec::new() } members: member; scopes; ;
    /// A password that was just verified.
    AuthenticationBuilder: AuthenticationDraft { factor: "password".to_owned(), factors: Vec::new(), attributes: Vec::new() } attributes: attribute; factors; ;
    /// A session with which nothing is remembered.
    PostAuthenticationBuilder: PostAuthenticationDraft { attributes: Vec::new(), scopes: Vec::new() } attributes: attribute; scopes; ;
    /// A question about no scopes.
    ConsentBuilder: ConsentDraft { scopes: Vec::new(), remembered: Vec::new() } ; scopes remembered; ;
    /// A request without scopes.
    ScopeBuilder: ScopeDraft { scopes: Vec::new() } ; scopes; ;
    /// A request without details.
    AuthorizationDetailsBuilder: AuthorizationDetailsDraft { details: "[]".to_owned() } ; ; ;
    /// The right password of alice, which the plugin does not see, and whose user nobody named.
    PasswordBuilder: PasswordDraft { username: "alice".to_owned(), outcome: PasswordResult::Right, password: None, user: None, amr: Vec::new(), attributes: Vec::new() } attributes: attribute; amr; ;
    /// An access token for an access token, by delegation, without claims, scopes or audience.
    TokenExchangeBuilder: TokenExchangeDraft { claims: Vec::new(), actor_claims: Vec::new(), subject_token_type: ACCESS_TOKEN.to_owned(), requested_token_type: ACCESS_TOKEN.to_owned(), scopes: Vec::new(), audience: Vec::new(), mode: ExchangeMode::Delegation, user: None, attributes: Vec::new() } claims: claim; scopes audience; ;
    /// An assertion of `https://issuer.example` without claims or scopes.
    JwtBearerBuilder: JwtBearerDraft { issuer: "https://issuer.example".to_owned(), claims: Vec::new(), scopes: Vec::new(), user: None, attributes: Vec::new() } claims: claim; scopes; ;
    /// A transaction token for an hour, without a context or a purpose.
    TransactionTokenBuilder: TransactionTokenDraft { claims: Vec::new(), transaction_context: Vec::new(), request_context: Vec::new(), scopes: Vec::new(), lifetime: 3600 } claims: claim; scopes; lifetime;
    /// A client that came with its secret, and without certificate or attestation.
    ClientAuthenticationBuilder: ClientAuthenticationDraft { method: "client_secret_basic".to_owned(), certificate_thumbprint: None, attestation: Vec::new() } attestation: attested; ; ;
    /// A client that registers without any metadata.
    ClientRegistrationBuilder: ClientRegistrationDraft { action: RegistrationAction::Register, metadata: Vec::new(), software_statement: Vec::new() } metadata: member; ; ;
    /// A request without binding message or scopes.
    BackchannelNotificationBuilder: BackchannelNotificationDraft { binding_message: None, request_digest: "digest".to_owned(), scopes: Vec::new(), attributes: Vec::new() } attributes: attribute; scopes; ;
    /// An access token without claims or scopes.
    RevocationBuilder: RevocationDraft { token_type: "access_token".to_owned(), scopes: Vec::new(), claims: Vec::new() } claims: claim; scopes; ;
}

/// The type of an access token where a test names none (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

impl PasswordBuilder {
    /// The name as the client sent it.
    #[must_use]
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.0.username = name.into();
        self
    }

    /// What the server made of the password.
    #[must_use]
    pub fn outcome(mut self, outcome: PasswordResult) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// The password, as a plugin sees it whose binding permits `password`.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.0.password = Some(password.into());
        self
    }
}

macro_rules! users {
    ($($builder:ident)*) => {
        $(impl $builder {
            /// The user's identifier.
            #[must_use]
            pub fn user(mut self, id: impl Into<String>) -> Self {
                self.0.user = Some(id.into());
                self
            }
        })*
    };
}

users!(PasswordBuilder TokenExchangeBuilder JwtBearerBuilder);

impl TokenExchangeBuilder {
    /// One more claim of the actor's token.
    #[must_use]
    pub fn actor_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.actor_claims.push(member(name, value));
        self
    }

    /// `requested_token_type`.
    #[must_use]
    pub fn requested(mut self, token_type: impl Into<String>) -> Self {
        self.0.requested_token_type = token_type.into();
        self
    }

    /// Who acts.
    #[must_use]
    pub fn mode(mut self, mode: ExchangeMode) -> Self {
        self.0.mode = mode;
        self
    }
}

impl JwtBearerBuilder {
    /// Who issued the assertion.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.0.issuer = issuer.into();
        self
    }
}

impl TransactionTokenBuilder {
    /// One more member of `tctx`.
    #[must_use]
    pub fn transaction(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.transaction_context.push(member(name, value));
        self
    }

    /// One more member of `rctx`.
    #[must_use]
    pub fn request(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.request_context.push(member(name, value));
        self
    }
}

impl ClientAuthenticationBuilder {
    /// The method, as `token_endpoint_auth_method` names it.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.0.method = method.into();
        self
    }

    /// The SHA-256 of the client's certificate, in base64url.
    #[must_use]
    pub fn certificate(mut self, thumbprint: impl Into<String>) -> Self {
        self.0.certificate_thumbprint = Some(thumbprint.into());
        self
    }
}

impl ClientRegistrationBuilder {
    /// What is done.
    #[must_use]
    pub fn action(mut self, action: RegistrationAction) -> Self {
        self.0.action = action;
        self
    }

    /// One more claim of the software statement.
    #[must_use]
    pub fn stated(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.software_statement.push(member(name, value));
        self
    }
}

impl BackchannelNotificationBuilder {
    /// What both devices show.
    #[must_use]
    pub fn binding_message(mut self, message: impl Into<String>) -> Self {
        self.0.binding_message = Some(message.into());
        self
    }
}

impl RevocationBuilder {
    /// `access_token` or `refresh_token`.
    #[must_use]
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.0.token_type = token_type.into();
        self
    }
}

impl AuthenticationBuilder {
    /// The factor that was just verified; it is one of the factors so far, too.
    #[must_use]
    pub fn factor(mut self, factor: impl Into<String>) -> Self {
        self.0.factor = factor.into();
        self.0.factors.push(self.0.factor.clone());
        self
    }
}

impl AuthorizationDetailsBuilder {
    /// The details, a JSON array.
    #[must_use]
    pub fn details(mut self, details: &serde_json::Value) -> Self {
        self.0.details = details.to_string();
        self
    }
}
