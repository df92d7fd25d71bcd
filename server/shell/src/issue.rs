//! From shaped claims to what leaves: a signed token or a reference, and the response around it.

use std::sync::Arc;

use claimsmith_issuer::claims::{Claims, Draft, Entitlement, ResponseMembers, Shaped};
use claimsmith_issuer::client::TokenFormat;
use claimsmith_issuer::confirmation::{Confirmation, token_type};
use claimsmith_issuer::grants::Entitled;
use claimsmith_issuer::value::{render_integer, render_words};
use claimsmith_jose::{Digest, SignableClaims, SigningAlg, base64url};
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_vault::Prepared;
use http::StatusCode;
use rand::Rng;

use crate::companions::Companions;
use crate::directory::Visit;
use crate::failure::Fault;
use crate::http::Answer;
use crate::report::{Report, Stage};
use crate::rooms::Rooms;
use crate::slow_signing::is_slow;

/// An access token, not yet shown to anyone.
pub struct Issued {
    /// The token.
    pub text: String,
    /// Where it is a reference: what is kept of it.
    pub reference: Option<Reference>,
}

/// A reference token as it is kept: its digest and what it stands for.
pub struct Reference {
    /// SHA-256 of the token.
    pub digest: Digest,
    /// Its claims, a JSON object.
    pub claims: String,
}

/// A token identifier of 128 random bits.
pub fn fresh_jti() -> Box<str> {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    base64url::encode(bytes).into_boxed_str()
}

/// A token identifier for a token of a grant.
pub fn fresh_jti_of(grant: GrantId) -> Box<str> {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    grant.jti(bytes)
}

/// The identifier of a token: one of a person's grant leads to it.
pub fn jti(entitled: &Entitled) -> Box<str> {
    entitled.person.as_ref().map_or_else(fresh_jti, |person| fresh_jti_of(person.grant.id))
}

/// The draft of an access token.
pub fn draft(
    rooms: &Rooms,
    client_id: &ClientId,
    entitled: &Entitled,
    confirmation: Option<Confirmation>,
    now: Timestamp,
) -> Claims<Draft> {
    let draft = Claims::draft(&entitlement(rooms, client_id, entitled, confirmation), jti(entitled), now);
    draft.acting(entitled.exchanged.as_ref().and_then(|exchanged| exchanged.act.as_deref()))
}

/// What the draft of an access token is made of.
pub fn entitlement<'a>(
    rooms: &'a Rooms,
    client_id: &'a ClientId,
    entitled: &'a Entitled,
    confirmation: Option<Confirmation>,
) -> Entitlement<'a> {
    Entitlement {
        issuer: rooms.urls.as_str(),
        subject: match (&entitled.exchanged, &entitled.person) {
            (Some(exchanged), _) => &exchanged.subject,
            (None, Some(person)) => &person.grant.allowed.subject,
            (None, None) => client_id,
        },
        client_id,
        scopes: &entitled.scopes,
        audience: &entitled.audience,
        lifetime: entitled.lifetime.seconds(),
        confirmation,
        allowed: entitled.person.as_ref().map(|person| &person.grant.allowed),
    }
}

/// Makes the access token in the form the entitlement says.
pub async fn access_token(
    rooms: &Rooms,
    visit: &Visit,
    entitled: &Entitled,
    claims: &Claims<Shaped>,
    report: &mut Report,
) -> Result<Issued, Fault> {
    let issued = match entitled.format {
        TokenFormat::Jwt => sign(rooms, visit, entitled, claims).await?,
        TokenFormat::Opaque => refer(claims),
    };
    report.stage(Stage::Sign);
    Ok(issued)
}

async fn sign(rooms: &Rooms, visit: &Visit, entitled: &Entitled, claims: &Claims<Shaped>) -> Result<Issued, Fault> {
    let now = claims.issued_at().seconds();
    let signer = visit.policy().keyring.signer(entitled.alg, now).ok_or(Fault::NoKey(entitled.alg.as_str()))?;
    let extra = claims.header().iter().map(|member| (member.name.as_ref(), member.value.to_json()));
    let text = signed(rooms, signer.prepare(extra, claims)?, entitled.alg).await?;
    Ok(Issued { text, reference: None })
}

/// Signs what goes beside an access token, with the key of an algorithm that is good at `now`: a JWT of the type `typ`, or one that says
/// no more than that it is one.
pub async fn sign_beside(
    rooms: &Rooms,
    visit: &Visit,
    (alg, typ): (SigningAlg, Option<&str>),
    claims: &(impl SignableClaims + Sync),
    now: i64,
) -> Result<String, Fault> {
    let (keyring, none) = (&visit.policy().keyring, || Fault::NoKey(alg.as_str()));
    let signer = match typ {
        None => Arc::clone(keyring.plain_signer(alg, now).ok_or_else(none)?),
        Some(typ) => Arc::new(keyring.signer(alg, now).ok_or_else(none)?.with_typ(typ)),
    };
    signed(rooms, signer.prepare(std::iter::empty(), claims)?, alg).await
}

/// Signs what was prepared, here or where slow signatures are made.
async fn signed(rooms: &Rooms, token: Prepared, alg: SigningAlg) -> Result<String, Fault> {
    let out = if is_slow(alg) { rooms.slow_signing.sign(token).await? } else { token.sign()? };
    let limit = rooms.settings.token_bytes_max;
    if out.len() > limit {
        return Err(Fault::TokenTooBig { bytes: out.len(), limit });
    }
    // Invariant: a compact JWS is ASCII.
    Ok(String::from_utf8(out).expect("a compact JWS is ASCII"))
}

/// A reference of 256 random bits; only its digest is kept.
fn refer(claims: &Claims<Shaped>) -> Issued {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    let text = base64url::encode(bytes);
    let mut body = Vec::with_capacity(512);
    claims.render(&mut body);
    // Invariant: claims are rendered from texts, which are UTF-8.
    let claims = String::from_utf8(body).expect("rendered JSON is UTF-8");
    let reference = Reference { digest: Digest::of(text.as_bytes()), claims };
    Issued { text, reference: Some(reference) }
}

/// The successful response ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)). `scope` is always there.
pub fn render(token: &Issued, claims: &Claims<Shaped>, companions: &Companions, members: &ResponseMembers) -> Answer {
    let mut body = Vec::with_capacity(token.text.len() + 256);
    body.extend_from_slice(b"{\"access_token\":\"");
    body.extend_from_slice(token.text.as_bytes());
    body.extend_from_slice(b"\",\"token_type\":\"");
    body.extend_from_slice(token_type(claims.confirmation()).as_bytes());
    body.extend_from_slice(b"\",\"expires_in\":");
    render_integer(i64::from(claims.lifetime()), &mut body);
    body.extend_from_slice(b",\"scope\":");
    render_words(claims.scopes(), &mut body);
    companions.render(&mut body);
    for member in members.members() {
        body.push(b',');
        member.render(&mut body);
    }
    body.push(b'}');
    Answer::json(StatusCode::OK, body).uncached()
}
