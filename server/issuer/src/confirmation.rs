//! What an access token is bound to (`cnf`, RFC 7800 §3.1), and whether who presents it may use it.

use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::Registration;
use serde_json::{Map, Value as Json};

use crate::dpop::{Proof, check_alg_of};
use crate::value::{Member, Value};

/// The key that a token is bound to. Whoever has the token alone has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// `jkt`: the JWK thumbprint of the key of DPoP proofs ([RFC 9449 §6](https://www.rfc-editor.org/rfc/rfc9449#section-6)).
    Jkt(Digest),
    /// `x5t#S256`: the SHA-256 digest of the certificate in DER ([RFC 8705 §3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
    X5tS256(Digest),
}

/// What came with a request for a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offered<'a> {
    /// A proof that was verified for this request.
    pub proof: Option<&'a Proof>,
    /// SHA-256 of the certificate in DER that the caller proved to hold.
    pub certificate: Option<Digest>,
}

/// Decides what the tokens of a request are bound to. Every grant asks here and nowhere else.
///
/// Refuses when the client is registered for bound tokens and offers nothing to bind them to (RFC 9449 §5.2, RFC 8705 §3.4), when
/// they would be bound twice, and when the proof's algorithm is not one of the client's profile.
pub fn decide(registration: &Registration, offered: Offered<'_>) -> Result<Option<Confirmation>, Refusal> {
    let by_certificate = registration.tls_client_certificate_bound_access_tokens;
    match (offered.proof, offered.certificate) {
        (Some(_), _) if by_certificate => {
            Err(Refusal::invalid_request(Reason::SeveralBindings, "the client's tokens are bound to its certificate: send no DPoP proof"))
        }
        (Some(proof), _) => check_alg_of(registration, proof).map(|()| Some(Confirmation::Jkt(*proof.jkt()))),
        (None, _) if registration.dpop_bound_access_tokens => Err(Refusal::new(
            ErrorCode::InvalidDpopProof,
            Reason::WrongProof,
            "the client's tokens are bound to a key: a DPoP proof is required",
        )),
        (None, Some(certificate)) if by_certificate => Ok(Some(Confirmation::X5tS256(certificate))),
        (None, None) if by_certificate => {
            Err(Refusal::invalid_request(Reason::WrongCertificate, "the client's tokens are bound to its certificate, and there is none"))
        }
        (None, _) => Ok(None),
    }
}

/// A `cnf` that is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token's cnf is not one of ours")]
pub struct MalformedConfirmation;

impl Confirmation {
    /// The name of its member within `cnf`.
    pub const fn member(&self) -> &'static str {
        match self {
            Self::Jkt(_) => "jkt",
            Self::X5tS256(_) => "x5t#S256",
        }
    }

    /// The digest in it.
    pub const fn digest(&self) -> &Digest {
        match self {
            Self::Jkt(digest) | Self::X5tS256(digest) => digest,
        }
    }

    /// Appends the value of `cnf`, a JSON object.
    pub fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(self.member().as_bytes());
        out.extend_from_slice(b"\":\"");
        out.extend_from_slice(self.digest().to_base64url().as_bytes());
        out.extend_from_slice(b"\"}");
    }

    /// As [`Confirmation::render`], a text: as it is kept in tables.
    pub fn to_json(&self) -> String {
        format!(r#"{{"{}":"{}"}}"#, self.member(), self.digest().to_base64url())
    }

    /// What claims are bound to; nothing where they have no `cnf`.
    ///
    /// Security: a `cnf` that we cannot read is an error and never the absence of one, or an unreadable binding would be none.
    pub fn of_claims(claims: &Map<String, Json>) -> Result<Option<Self>, MalformedConfirmation> {
        claims.get("cnf").map(Self::from_json).transpose()
    }

    /// Reads the value of `cnf`.
    pub fn from_json(cnf: &Json) -> Result<Self, MalformedConfirmation> {
        let members = cnf.as_object().ok_or(MalformedConfirmation)?;
        let (name, value) = match members.iter().next() {
            Some(only) if members.len() == 1 => only,
            _ => return Err(MalformedConfirmation),
        };
        let digest = value.as_str().and_then(|text| Digest::from_base64url(text).ok()).ok_or(MalformedConfirmation)?;
        match name.as_str() {
            "jkt" => Ok(Self::Jkt(digest)),
            "x5t#S256" => Ok(Self::X5tS256(digest)),
            _ => Err(MalformedConfirmation),
        }
    }
}

/// The `token_type` of a token that is bound so (RFC 6749 §5.1): `DPoP` where proofs go with it (RFC 9449 §5), else `Bearer`.
pub const fn token_type(confirmation: Option<&Confirmation>) -> &'static str {
    match confirmation {
        Some(Confirmation::Jkt(_)) => "DPoP",
        Some(Confirmation::X5tS256(_)) | None => "Bearer",
    }
}

/// The `token_type` member of an answer about such a token.
pub(crate) fn token_type_member(confirmation: Option<&Confirmation>) -> Member {
    Member::known("token_type", Value::Text(token_type(confirmation).into()))
}

/// The scheme in which a token came (RFC 6750 §2.1, RFC 9449 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: DPoP`.
    Dpop,
}

impl Scheme {
    /// Splits the value of an `Authorization` header into a scheme of ours and the token.
    pub fn split(header: &str) -> Option<(Self, &str)> {
        let (scheme, token) = header.split_once(' ')?;
        let scheme = [Self::Bearer, Self::Dpop].into_iter().find(|known| known.as_str().eq_ignore_ascii_case(scheme))?;
        Some((scheme, token.trim_matches(' ')))
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// What came with a token at a resource.
#[derive(Debug, Clone, Copy)]
pub struct Possession<'a> {
    /// The scheme it came in.
    pub scheme: Scheme,
    /// The proof that came with it, verified for this request and this token ([`crate::dpop::Expected::token`]).
    pub proof: Option<&'a Proof>,
    /// SHA-256 of the certificate in DER that the caller proved to hold.
    pub certificate: Option<Digest>,
}

/// Why a token may not be used by who presents it. Each is 401 `invalid_token` ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unconfirmed {
    /// A token bound to a key came as a bearer token, or a bearer token as one bound to a key.
    #[error("the token's type is not that of the scheme")]
    WrongScheme,
    /// There is no proof, or it was made with another key.
    #[error("the proof is not that of the token's key")]
    WrongKey,
    /// There is no certificate, or another.
    #[error("the certificate is not the token's")]
    WrongCertificate,
}

/// Whether the caller may use a token that is bound to `cnf`, or to nothing.
pub fn confirm(cnf: Option<&Confirmation>, presented: &Possession<'_>) -> Result<(), Unconfirmed> {
    match (cnf, presented.scheme) {
        (None, Scheme::Bearer) => Ok(()),
        (Some(Confirmation::Jkt(jkt)), Scheme::Dpop) => {
            // Security: a proof that was not made for this token (`ath`) proves nothing about it.
            let fits = |proof: &&Proof| proof.is_for_token() && proof.jkt() == jkt;
            presented.proof.filter(fits).map(|_| ()).ok_or(Unconfirmed::WrongKey)
        }
        (Some(Confirmation::X5tS256(held)), Scheme::Bearer) => {
            if presented.certificate.as_ref() == Some(held) {
                Ok(())
            } else {
                Err(Unconfirmed::WrongCertificate)
            }
        }
        // RFC 9449 §7.2: no way back to bearer tokens, and none from them.
        (None | Some(Confirmation::X5tS256(_)), Scheme::Dpop) | (Some(Confirmation::Jkt(_)), Scheme::Bearer) => {
            Err(Unconfirmed::WrongScheme)
        }
    }
}

/// The values of `WWW-Authenticate` of a resource: one for each scheme that may be used, `error` on the one that was
/// ([RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3), [RFC 9449 §7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)).
/// Without credentials there is no error to name: then `tried` is absent.
pub fn challenges(tried: Option<(Scheme, &'static str)>, algs: &[SigningAlg]) -> [String; 2] {
    let error = |scheme: Scheme| match tried {
        Some((held, code)) if held == scheme => format!(" error=\"{code}\","),
        _ => String::new(),
    };
    let algs: Vec<&str> = algs.iter().map(|alg| alg.as_str()).collect();
    let dpop = format!("DPoP{} algs=\"{}\"", error(Scheme::Dpop), algs.join(" "));
    let bearer = format!("Bearer{}", error(Scheme::Bearer).trim_end_matches(','));
    match tried {
        Some((Scheme::Bearer, _)) => [bearer, dpop],
        _ => [dpop, bearer],
    }
}

#[cfg(test)]
mod tests;
