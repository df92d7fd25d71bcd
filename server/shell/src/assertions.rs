//! What token exchange makes beside access tokens: identity assertions for servers elsewhere, and transaction tokens. Both are JWTs that
//! are good for moments, and nothing here takes them for an access token: their type says what they are (RFC 8725 §3.11).

use claimsmith_issuer::claims::{Recorded, TransactionPlan};
use claimsmith_issuer::confirmation::Confirmation;
use claimsmith_issuer::grants::Entitled;
use claimsmith_issuer::grants::token_exchange::{Exchanged, Product, assertion, transaction};
use claimsmith_issuer::id_token::to_value;
use claimsmith_issuer::value::Member;
use claimsmith_jose::SignableClaims;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::companions::object_of;
use crate::court::Presented;
use crate::directory::Visit;
use crate::failure::Failure;
use crate::hook_room::{Asked, Room};
use crate::http::Answer;
use crate::issue;
use crate::report::{Report, Stage};
use crate::rooms::Rooms;

/// Everything that is known where one is made.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// What the client is entitled to.
    pub entitled: &'a Entitled,
    /// What it exchanges for.
    pub exchanged: &'a Exchanged,
    /// What it presented.
    pub presented: &'a Presented,
    /// The key that was proved.
    pub confirmation: Option<Confirmation>,
    /// When.
    pub now: Timestamp,
}

/// Makes one: the answer, and what the ledger learns.
pub async fn make(
    rooms: &Rooms,
    (visit, room): (&Visit, &mut Room<'_>),
    making: Making<'_>,
    asked: Asked<'_>,
    report: &mut Report,
) -> Result<(Answer, Recorded), Failure> {
    let (entitled, exchanged, now) = (making.entitled, making.exchanged, making.now);
    let mut lifetime = entitled.lifetime;
    let mut claims = Map::new();
    let typ = match &exchanged.product {
        Product::Transaction(facts) => {
            let shaped = room.transaction_token(plan(making, facts), asked, report).await?;
            lifetime = Lifetime::from_seconds(shaped.lifetime).min(lifetime);
            let facts = transaction::Facts {
                transaction: object(&shaped.transaction_context),
                request: object(&shaped.request_context),
                ..facts.clone()
            };
            facts.write(&issue::fresh_jti(), &mut claims);
            transaction::TYP
        }
        Product::Assertion(facts) => {
            facts.write(&mut claims);
            if let Some(held) = making.confirmation {
                claims.insert("cnf".to_owned(), serde_json::from_str(&held.to_json()).unwrap_or_default());
            }
            if let Some(act) = exchanged.act.as_deref() {
                claims.insert("act".to_owned(), serde_json::from_str(act).unwrap_or_default());
            }
            assertion::TYP
        }
        // Invariant: an access token is made elsewhere.
        Product::AccessToken => unreachable!("an access token is made elsewhere"),
    };
    let (jti, expires_at, scope) = (issue::fresh_jti(), now.plus(lifetime), entitled.scopes.join(" "));
    claims.insert("iss".to_owned(), rooms.urls.as_str().into());
    claims.insert("sub".to_owned(), json!(exchanged.subject));
    claims.insert("aud".to_owned(), json!(entitled.audience.first()));
    claims.insert("jti".to_owned(), json!(jti));
    claims.insert("iat".to_owned(), now.seconds().into());
    claims.insert("exp".to_owned(), expires_at.seconds().into());
    if !scope.is_empty() {
        claims.insert("scope".to_owned(), json!(scope));
    }
    let text = issue::sign_beside(rooms, visit, (entitled.alg, Some(typ)), &Object(&claims), now.seconds()).await?;
    report.stage(Stage::Sign);
    let record = Recorded {
        jti,
        scopes: entitled.scopes.clone(),
        audience: entitled.audience.clone(),
        provenance: Vec::new(),
        issued_at: now,
        expires_at,
    };
    // RFC 8693 §2.2.1: it is called an access token here, and is none.
    let body = json!({ "access_token": text, "issued_token_type": exchanged.issued, "token_type": "N_A",
        "expires_in": lifetime.seconds(), "scope": scope });
    Ok((Answer::json(StatusCode::OK, body.to_string().into_bytes()).uncached(), record))
}

/// A transaction token as plugins see it.
fn plan(making: Making<'_>, facts: &transaction::Facts) -> TransactionPlan {
    let subject = making.presented.exchange.as_ref().and_then(|exchange| exchange.subject.as_ref());
    TransactionPlan {
        claims: subject.map(|held| members(&held.claims)).unwrap_or_default(),
        transaction_context: members(&facts.transaction),
        request_context: members(&facts.request),
        scopes: making.entitled.scopes.clone(),
        lifetime: making.entitled.lifetime.seconds(),
    }
}

/// The members of a JSON object, as plugins see them.
pub fn members(object: &Map<String, Value>) -> Vec<Member> {
    object.iter().map(|(name, value)| Member { name: name.clone().into(), value: to_value(value) }).collect()
}

fn object(members: &[Member]) -> Map<String, Value> {
    serde_json::from_str(&object_of(members)).unwrap_or_default()
}

struct Object<'a>(&'a Map<String, Value>);

impl SignableClaims for Object<'_> {
    fn render(&self, out: &mut Vec<u8>) {
        // Invariant: a JSON object can be written, and a Vec takes all of it.
        serde_json::to_writer(out, self.0).expect("a JSON object can be written");
    }
}
