use super::super::rig::{Rig, case, client, grant};
use super::*;

fn decided(response_type: ResponseType) -> Entitled {
    let rig = Rig::new();
    let case = case(&rig);
    decide(&client(), &grant(), response_type, case.resources, case.defaults).expect("entitled")
}

#[test]
fn hyb_007_no_refresh_token_comes_of_it_whatever_was_agreed_to() {
    for response_type in ResponseType::ALL {
        let person = decided(response_type).person.expect("a person");
        assert!(person.grant.allowed.has_scope("offline_access") && person.refresh == Refresh::None, "{response_type:?}");
        assert_eq!((person.from, person.id_token), (From::Unchanged, response_type.has_id_token()));
    }
}

#[test]
fn hyb_003_the_token_is_for_what_the_person_agreed_to() {
    let entitled = decided(ResponseType::CodeIdTokenToken);
    assert_eq!(entitled.scopes.iter().map(|scope| &**scope).collect::<Vec<_>>(), ["openid", "offline_access", "read"]);
    assert_eq!(entitled.audience.iter().map(|uri| &**uri).collect::<Vec<_>>(), ["https://api.example", "https://id.example"]);
}

#[test]
fn hyb_005_nobody_asks_the_token_endpoint_for_it() {
    assert!(!TYPE.is_redeemed() && GrantType::parse("implicit") == Some(TYPE));
    let refused = super::super::Request::parse(TYPE, &super::super::rig::form("scope=read")).expect_err("nothing to redeem");
    assert_eq!(refused.code, ErrorCode::UnsupportedGrantType);
}
