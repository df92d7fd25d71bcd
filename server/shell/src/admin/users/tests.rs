use super::*;
use claimsmith_issuer::assurance::Enrolled;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::StoredPassword;

fn fresh() -> UserId {
    UserId::from_random([7; 16])
}

fn read_new(body: &Value) -> Result<Person, Problem> {
    let mut fields = Fields::parse(body.to_string().as_bytes()).unwrap();
    passwords::read(&mut fields);
    let person = read(&mut fields, None, fresh);
    fields.finish(person)
}

fn record(person: Person) -> UserRecord {
    let at = Timestamp::from_seconds(7);
    UserRecord {
        person,
        password: Some(StoredPassword { hash: "$argon2id$secret".into(), changed_at: at }),
        enrolled: Enrolled { totp: true, recovery_codes: 3, passkeys: 2 },
        version: 4,
        created_at: at,
        updated_at: at,
    }
}

#[test]
fn a_person_survives_the_way_there_and_back_without_the_hash() {
    let body = json!({ "username": "Alice", "enabled": false, "attributes": { "tier": [1] },
        "claims": { "email": "a@b.example", "email_verified": true, "name#de": "Ä" } });
    let document = render(&record(read_new(&body).unwrap()));
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&document[name], value);
    }
    assert_eq!(document["user_id"], fresh().as_str());
    assert!(!document.to_string().contains("argon2id"));
    let known = super::super::schemas::properties("User");
    assert!(document.as_object().unwrap().keys().all(|name| known.contains(name)), "{document}");
    // What was read can be sent back as it is.
    let mut fields = Fields::parse(document.to_string().as_bytes()).unwrap();
    let held = read_new(&body).unwrap();
    let again = read(&mut fields, Some((&held, &document)), fresh);
    assert!(fields.finish(again).is_ok());
}

#[test]
fn clm_004_what_is_wrong_is_named() {
    let table = [
        (json!({}), "username"),
        (json!({ "username": "a b" }), "username"),
        (json!({ "username": 1 }), "username"),
        (json!({ "username": "a", "user_id": "alice" }), "user_id"),
        (json!({ "username": "a", "claims": { "email_verified": "yes" } }), "claims.email_verified"),
        (json!({ "username": "a", "claims": { "sub": "x" } }), "claims.sub"),
        (json!({ "username": "a", "claims": { "address": { "planet": "x" } } }), "claims.address.planet"),
        (json!({ "username": "a", "claims": "x" }), "claims"),
        (json!({ "username": "a", "attributes": [] }), "attributes"),
        (json!({ "username": "a", "attributes": { "x": "y".repeat(DOCUMENT_MAX) } }), "attributes"),
        (json!({ "username": "a", "password_hash": "plain" }), "password_hash"),
        (json!({ "username": "a", "password": "x", "password_hash": "{SHA}6a7or+zF/0jF3+0+4xKgV/oc4Yo=" }), "password_hash"),
        (json!({ "username": "a", "sub": "x" }), "sub"),
    ];
    for (body, field) in table {
        let problem = read_new(&body).unwrap_err();
        assert_eq!(problem.errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{body}");
    }
}

#[test]
fn sub_008_nobody_chooses_a_subject_that_says_something() {
    for chosen in ["alice", "alice@example.org", "usr_alice", "billing"] {
        assert!(read_new(&json!({ "username": "a", "user_id": chosen })).is_err(), "{chosen}");
    }
    assert_eq!(read_new(&json!({ "username": "a", "user_id": fresh().as_str() })).unwrap().id, fresh());
}
