//! Signing out: what a client may bring about, and what clients are told (OpenID Connect RP-Initiated, Front-Channel and
//! Back-Channel Logout 1.0).

use claimsmith_jose::SignableClaims;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::time::Timestamp;
use url::Url;

use crate::client::Client;
use crate::value::{render_integer, render_string, render_text_member};

/// The `typ` of logout tokens (OpenID Connect Back-Channel Logout §2.4).
pub const LOGOUT_TOKEN_TYP: &str = "logout+jwt";

/// How long a logout token is good, seconds: two minutes at most (§2.4).
const LOGOUT_TOKEN_LIFETIME: i64 = 120;

/// The event that a logout token is about.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What the client's ID token shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint<'a> {
    /// There is none.
    Absent,
    /// It is none of ours, or was altered.
    Unusable,
    /// It is ours, whether it has expired or not.
    Genuine {
        /// Its `aud`.
        audience: &'a [&'a str],
        /// Its `sub`.
        subject: &'a str,
        /// Its `sid`.
        sid: Option<&'a str>,
    },
}

/// The session of the browser as the client knows it.
#[derive(Debug, Clone, Copy)]
pub struct KnownSession<'a> {
    /// The person.
    pub subject: &'a str,
    /// The session.
    pub sid: &'a str,
}

/// A client's wish that somebody be signed out.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who asks, as `client_id` or the ID token says.
    pub client: Option<&'a Client>,
    /// `id_token_hint`.
    pub hint: Hint<'a>,
    /// `post_logout_redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// Who is signed in; the names are those for `client`.
    pub session: Option<KnownSession<'a>>,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the person is asked first.
    pub asks: bool,
    /// Whether they are sent to the client in the end.
    pub returns: bool,
}

/// Decides ([RP-Initiated Logout §2, §3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)).
///
/// Security: nobody is signed out unasked but by a token of this very session, for any page can lead a browser here (§6); nobody is
/// sent to where the client has not registered.
pub fn decide(asked: &Asked<'_>) -> Result<Decision, Refusal> {
    if let (Some(client), Hint::Genuine { audience, .. }) = (asked.client, asked.hint)
        && !audience.contains(&client.id.as_str())
    {
        let text = "the id_token_hint is for another client than client_id says";
        return Err(Refusal::new(ErrorCode::InvalidRequest, Reason::MalformedParameter, text));
    }
    let returns = match (asked.client, asked.redirect_uri) {
        // What an altered token says about its client is worth nothing, and neither is what came with it.
        (Some(_), Some(_)) if asked.hint == Hint::Unusable => false,
        (Some(client), Some(uri)) => {
            // Character by character (§3.1), without the leniency that redirect URIs of native apps have.
            if !client.registration.post_logout_redirect_uris.iter().any(|held| **held == *uri) {
                let text = "the post_logout_redirect_uri is not registered for the client";
                return Err(Refusal::new(ErrorCode::InvalidRequest, Reason::UnknownRedirectUri, text));
            }
            true
        }
        _ => false,
    };
    let asks = match (asked.session, asked.hint) {
        (None, _) => false,
        (Some(session), Hint::Genuine { subject, sid, .. }) => sid != Some(session.sid) || subject != session.subject,
        (Some(_), _) => true,
    };
    Ok(Decision { asks, returns })
}

/// Where the signed-out page lets a client end its own session (Front-Channel Logout §2): its URI, with `iss` and `sid` where it
/// wants them.
pub fn front_channel(registration: &Registration, issuer: &str, sid: &str) -> Option<String> {
    let uri = registration.frontchannel_logout_uri.as_deref()?;
    if !registration.frontchannel_logout_session_required {
        return Some(uri.to_owned());
    }
    let mut url = Url::parse(uri).ok()?;
    url.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", sid);
    Some(url.into())
}

/// Tells one client that a session has ended.
#[derive(Debug, Clone, Copy)]
pub struct LogoutToken<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// The person, as the client knows them.
    pub subject: &'a str,
    /// The session, as the client knows it.
    pub sid: &'a str,
    /// Its own name.
    pub jti: &'a str,
    /// When it is made.
    pub issued_at: Timestamp,
}

/// The payload ([Back-Channel Logout §2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)): no `nonce`,
/// so that it can never pass for an ID token.
impl SignableClaims for LogoutToken<'_> {
    fn render(&self, out: &mut Vec<u8>) {
        let members = [("iss", self.issuer), ("aud", self.client_id), ("sub", self.subject), ("sid", self.sid), ("jti", self.jti)];
        for (index, (name, value)) in members.into_iter().enumerate() {
            out.push(if index == 0 { b'{' } else { b',' });
            render_text_member(name, value, out);
        }
        out.extend_from_slice(b",\"iat\":");
        render_integer(self.issued_at.seconds(), out);
        out.extend_from_slice(b",\"exp\":");
        render_integer(self.issued_at.seconds() + LOGOUT_TOKEN_LIFETIME, out);
        out.extend_from_slice(b",\"events\":{");
        render_string(EVENT, out);
        out.extend_from_slice(b":{}}}");
    }
}

#[cfg(test)]
mod tests {
    use claimsmith_protocol::id::ClientId;

    use super::*;
    use crate::client::Authentication;

    const BYE: &str = "https://a.example/bye";
    const OURS: Hint<'static> = Hint::Genuine { audience: &["a"], subject: "alice", sid: Some("s1") };
    const SESSION: Option<KnownSession<'static>> = Some(KnownSession { subject: "alice", sid: "s1" });

    fn client() -> Client {
        let mut client = Client::new(ClientId::parse("a").expect("an id"), Authentication::Public);
        let text = r#"{"redirect_uris":["https://a.example/cb"],"post_logout_redirect_uris":["https://a.example/bye"]}"#;
        client.registration = Box::new(Registration::from_text(text).expect("well formed"));
        client
    }

    fn verdict(hint: Hint<'_>, redirect_uri: Option<&str>, session: Option<KnownSession<'_>>) -> Option<(bool, bool)> {
        let decided = decide(&Asked { client: Some(&client()), hint, redirect_uri, session });
        decided.ok().map(|decision| (decision.asks, decision.returns))
    }

    #[test]
    fn lgo_002_the_sessions_own_token_ends_it_unasked() {
        assert_eq!(verdict(OURS, Some(BYE), SESSION), Some((false, true)));
        assert_eq!(verdict(OURS, None, SESSION), Some((false, false)));
    }

    #[test]
    fn lgo_005_only_registered_uris_are_returned_to() {
        for uri in ["https://a.example/bye?x=1", "https://a.example/bye/", "https://A.example/bye", "https://b.example/bye", ""] {
            assert_eq!(verdict(OURS, Some(uri), SESSION), None, "{uri}");
        }
    }

    #[test]
    fn lgo_006_without_a_client_nobody_is_sent_anywhere() {
        for session in [SESSION, None] {
            let decision = decide(&Asked { client: None, hint: Hint::Absent, redirect_uri: Some(BYE), session }).expect("in order");
            assert_eq!(decision, Decision { asks: session.is_some(), returns: false });
        }
    }

    #[test]
    fn lgo_007_an_altered_token_is_worse_than_none() {
        assert_eq!(verdict(Hint::Unusable, Some(BYE), SESSION), Some((true, false)));
        assert_eq!(verdict(Hint::Absent, Some(BYE), SESSION), Some((true, true)), "the person says whether");
    }

    #[test]
    fn lgo_009_a_token_for_another_client_is_refused() {
        let other = Hint::Genuine { audience: &["b"], subject: "alice", sid: Some("s1") };
        assert_eq!(verdict(other, Some(BYE), SESSION), None);
    }

    #[test]
    fn lgo_010_a_token_of_another_person_or_session_asks() {
        for (subject, sid) in [("bob", Some("s1")), ("alice", Some("s2")), ("alice", None)] {
            let hint = Hint::Genuine { audience: &["a"], subject, sid };
            assert_eq!(verdict(hint, Some(BYE), SESSION), Some((true, true)), "{subject} {sid:?}");
        }
    }

    #[test]
    fn lgo_014_where_nobody_is_signed_in_nobody_is_asked() {
        assert_eq!(verdict(OURS, Some(BYE), None), Some((false, true)));
        assert_eq!(verdict(Hint::Absent, None, None), Some((false, false)));
    }

    #[test]
    fn bcl_002_a_logout_token_says_what_it_must_and_no_more() {
        let token = LogoutToken {
            issuer: "https://id.example",
            client_id: "a\"",
            subject: "alice",
            sid: "s1",
            jti: "j",
            issued_at: Timestamp::from_seconds(1000),
        };
        let mut out = Vec::new();
        token.render(&mut out);
        let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let expected = serde_json::json!({
            "iss": "https://id.example", "aud": "a\"", "sub": "alice", "sid": "s1", "jti": "j", "iat": 1000, "exp": 1120,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn fcl_001_frames_get_issuer_and_session_where_they_want_them() {
        let of = |text: &str| front_channel(&Registration::from_text(text).expect("well formed"), "https://id.example/x", "s&1");
        assert_eq!(of("{}"), None);
        let plain = r#"{"frontchannel_logout_uri":"https://a.example/out?a=b"}"#;
        assert_eq!(of(plain).as_deref(), Some("https://a.example/out?a=b"));
        let wanted = plain.replace('}', r#","frontchannel_logout_session_required":true}"#);
        assert_eq!(of(&wanted).as_deref(), Some("https://a.example/out?a=b&iss=https%3A%2F%2Fid.example%2Fx&sid=s%261"));
    }
}
