//! What makes drafts for tests. The defaults are those of a fixture.

use super::member;
use crate::{
    AuthenticationDraft, AuthorizationDetailsDraft, ConsentDraft, IdTokenDraft, IntrospectionDraft, Member, PostAuthenticationDraft,
    RefreshTokenDraft, ResponseDraft, ScopeDraft, TokenDraft, UserinfoDraft, Value,
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
