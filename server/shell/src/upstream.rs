//! Another OpenID Provider with which people sign in: this server as its client (OpenID Connect Core §3.1).
//!
//! Everything that is fetched goes through the guarded fetcher; nothing that the provider says is believed before its ID token's
//! signature and claims are right.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use claimsmith_issuer::upstream::{Expected, UpstreamRefusal, Vouched, subject_of, vouched};
use claimsmith_jose::{Digest, Jws, JwsRefusal, Secret, SigningAlg, parse_object};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::client_keys::ClientKeysCache;
use crate::fetch::{FetchRefusal, Fetcher};

/// Where people come back to, below the issuer.
pub const RETURN_PATH: &str = "/signin/upstream";
/// Its name in the forms of pages.
pub const ID: &str = "provider";

/// How long metadata are good where their sender does not say, and at most; at least a minute.
const METADATA_LIFETIME: Duration = Duration::from_secs(600);
const METADATA_LIFETIME_MIN: Duration = Duration::from_secs(60);
/// The longest ID token.
const TOKEN_MAX: usize = 16 * 1024;

/// The provider, and who we are there.
#[derive(Debug)]
pub struct UpstreamSettings {
    /// Its name for people.
    pub name: Box<str>,
    /// Its issuer identifier.
    pub issuer: Box<str>,
    /// Our client id.
    pub client_id: Box<str>,
    /// Our secret.
    pub client_secret: Secret<String>,
    /// What we ask for.
    pub scopes: Vec<String>,
    /// How its ID tokens may be signed. Security: no `none` and no MAC can be named here.
    pub signing_algs: Vec<SigningAlg>,
    /// Whether who is new here gets an account.
    pub creates_people: bool,
    /// Where people come back to.
    pub redirect_uri: Box<str>,
}

/// Why nobody was vouched for. For the log: people are told that it did not work, and nothing else.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamFailure {
    /// It does not answer, or not with what was asked for.
    #[error("{what}: {refusal}")]
    Fetch {
        /// What was asked for.
        what: &'static str,
        /// Why there is none.
        refusal: FetchRefusal,
    },
    /// A document of its is no use.
    #[error("{0}")]
    Document(&'static str),
    /// There are no keys to verify with.
    #[error("its keys cannot be fetched")]
    NoKeys,
    /// The ID token is not signed as it must be.
    #[error("its ID token: {0}")]
    Token(#[from] JwsRefusal),
    /// The ID token says something else than it must.
    #[error("its ID token: {0}")]
    Claims(#[from] UpstreamRefusal),
    /// The person came back with an error, or with an answer of somebody else.
    #[error("its answer: {0}")]
    Answer(&'static str),
    /// Nobody here, and nobody to be made.
    #[error("the person is not known here, or disabled")]
    Unknown,
}

/// What its metadata say (OpenID Connect Discovery §3), as far as it matters.
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

struct Held {
    metadata: Arc<Metadata>,
    until: Instant,
}

/// What goes with a person to the provider.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Brings the answer back to its flow.
    pub state: String,
    /// Binds the ID token to the request.
    pub nonce: String,
    /// Binds the code to us (RFC 7636).
    pub verifier: String,
}

/// How the provider is to ask.
#[derive(Debug, Clone, Default)]
pub struct Manner<'a> {
    /// `prompt`.
    pub prompt: Option<&'a str>,
    /// `max_age`.
    pub max_age: Option<u32>,
    /// `login_hint`.
    pub login_hint: Option<&'a str>,
}

/// What came of a code.
pub struct Answered {
    /// Whom the provider vouches for.
    pub vouched: Vouched,
    access_token: Option<Secret<String>>,
}

/// The token endpoint's answer.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

/// The provider. Shared by all threads.
pub struct Provider {
    settings: UpstreamSettings,
    fetcher: Fetcher,
    held: ArcSwapOption<Held>,
}

impl Provider {
    /// A provider that nobody has talked to yet.
    pub fn new(settings: UpstreamSettings, fetcher: Fetcher) -> Self {
        Self { settings, fetcher, held: ArcSwapOption::empty() }
    }

    /// The settings.
    pub const fn settings(&self) -> &UpstreamSettings {
        &self.settings
    }

    /// Where to send a person.
    pub async fn request(&self, sent: &Sent, manner: &Manner<'_>) -> Result<String, UpstreamFailure> {
        let metadata = self.metadata().await?;
        let mut url = url::Url::parse(&metadata.authorization_endpoint)
            .ok()
            .filter(|url| url.scheme() == "https")
            .ok_or(UpstreamFailure::Document("its authorization_endpoint is no https URL"))?;
        let challenge = Digest::of(sent.verifier.as_bytes()).to_base64url();
        let max_age = manner.max_age.map(|seconds| seconds.to_string());
        let scope = self.settings.scopes.join(" ");
        let pairs = [
            ("response_type", Some("code")),
            ("client_id", Some(&*self.settings.client_id)),
            ("redirect_uri", Some(&*self.settings.redirect_uri)),
            ("scope", Some(&*scope)),
            ("state", Some(&*sent.state)),
            ("nonce", Some(&*sent.nonce)),
            ("code_challenge", Some(&*challenge)),
            ("code_challenge_method", Some("S256")),
            ("prompt", manner.prompt),
            ("max_age", max_age.as_deref()),
            ("login_hint", manner.login_hint),
        ]
        .map(|(name, value)| value.map(|value| (name, value)));
        url.query_pairs_mut().extend_pairs(pairs.into_iter().flatten());
        Ok(url.into())
    }

    /// Checks who answered (RFC 9207 §2.4): another provider's answer is none of this one's.
    pub async fn check_issuer(&self, presented: Option<&str>) -> Result<(), UpstreamFailure> {
        match presented {
            Some(issuer) if issuer == &*self.settings.issuer => Ok(()),
            Some(_) => Err(UpstreamFailure::Answer("iss is another issuer")),
            None if self.metadata().await?.authorization_response_iss_parameter_supported => {
                Err(UpstreamFailure::Answer("iss is missing, although its metadata promise it"))
            }
            None => Ok(()),
        }
    }

    /// Redeems a code, and verifies who the provider says has come.
    pub async fn redeem(
        &self,
        code: &str,
        sent: &Sent,
        keys: &ClientKeysCache,
        (not_before, now): (Option<i64>, claimsmith_protocol::time::Timestamp),
    ) -> Result<Answered, UpstreamFailure> {
        let metadata = self.metadata().await?;
        let tokens = self.tokens(&metadata, code, sent).await?;
        let token = Jws::parse_within(&tokens.id_token, TOKEN_MAX)?;
        let kid = token.header().kid().map(str::to_owned);
        let keys = keys.fetched("upstream", &metadata.jwks_uri, kid.as_deref()).await.ok_or(UpstreamFailure::NoKeys)?;
        let token = token.verify_among(&keys, &self.settings.signing_algs)?;
        let UpstreamSettings { issuer, client_id, .. } = &self.settings;
        let vouched = vouched(token, &Expected { issuer, client_id, nonce: &sent.nonce, not_before, now })?;
        Ok(Answered { vouched, access_token: tokens.access_token.map(Secret::new) })
    }

    /// Everything that the provider tells of the person: in the ID token, and at UserInfo where there is one (Core §5.3).
    pub async fn told(&self, answered: Answered) -> Result<Map<String, Value>, UpstreamFailure> {
        let Answered { vouched, access_token } = answered;
        let metadata = self.metadata().await?;
        let (Some(url), Some(token)) = (&metadata.userinfo_endpoint, access_token) else { return Ok(vouched.claims) };
        let fetched = self.fetcher.json_with(url, token).await;
        let fetched = fetched.map_err(|refusal| UpstreamFailure::Fetch { what: "its userinfo_endpoint", refusal })?;
        let claims = parse_object(&fetched.body).map_err(|_| UpstreamFailure::Document("its UserInfo answer is no JSON object"))?;
        // Security: Core §5.3.2: an answer about somebody else is not used.
        if subject_of(&claims) != Some(&*vouched.subject) {
            return Err(UpstreamFailure::Document("its UserInfo answer is about somebody else"));
        }
        let mut all = vouched.claims;
        all.extend(claims);
        Ok(all)
    }

    /// The token request: its form, and who we are where that does not stand in it (RFC 6749 §2.3.1).
    fn token_request(&self, metadata: &Metadata, code: &str, sent: &Sent) -> (Secret<String>, Option<(String, Secret<String>)>) {
        let UpstreamSettings { client_id, client_secret, redirect_uri, .. } = &self.settings;
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let supports = |wanted: &str| methods.iter().any(|method| method == wanted);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", redirect_uri).append_pair("code_verifier", &sent.verifier);
        let basic = if supports("client_secret_post") && !supports("client_secret_basic") {
            form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.expose());
            None
        } else {
            Some((encoded(client_id), Secret::new(encoded(client_secret.expose()))))
        };
        (Secret::new(form.finish()), basic)
    }

    async fn tokens(&self, metadata: &Metadata, code: &str, sent: &Sent) -> Result<Tokens, UpstreamFailure> {
        let (form, basic) = self.token_request(metadata, code, sent);
        let fetched = self.fetcher.exchange(&metadata.token_endpoint, form, basic).await;
        let fetched = fetched.map_err(|refusal| UpstreamFailure::Fetch { what: "its token_endpoint", refusal })?;
        serde_json::from_slice(&fetched.body).map_err(|_| UpstreamFailure::Document("its token answer has no ID token"))
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, UpstreamFailure> {
        let held = self.held.load_full().filter(|held| Instant::now() < held.until);
        if let Some(held) = held {
            return Ok(Arc::clone(&held.metadata));
        }
        let url = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let fetched = self.fetcher.json(&url).await;
        let fetched = fetched.map_err(|refusal| UpstreamFailure::Fetch { what: "its metadata", refusal })?;
        let metadata: Metadata =
            serde_json::from_slice(&fetched.body).map_err(|_| UpstreamFailure::Document("its metadata lack an endpoint, or are none"))?;
        // Security: Discovery §4.3: metadata of another issuer lead to another issuer's endpoints.
        if metadata.issuer != *self.settings.issuer {
            return Err(UpstreamFailure::Document("its metadata name another issuer than upstream.issuer"));
        }
        let lifetime = fetched.max_age.unwrap_or(METADATA_LIFETIME).clamp(METADATA_LIFETIME_MIN, METADATA_LIFETIME);
        let metadata = Arc::new(metadata);
        self.held.store(Some(Arc::new(Held { metadata: Arc::clone(&metadata), until: Instant::now() + lifetime })));
        Ok(metadata)
    }
}

/// A name or secret as it stands in the header (RFC 6749 §2.3.1, App. B).
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
