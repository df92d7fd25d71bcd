//! A request that is pushed to one node is answered by another, and outlives the one that took it.

use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{ISSUER, Site};
use claimsmith_tests::{Person, encode};

use super::people::{PASSWORD, request, setup};

#[test]
fn par_019_what_is_pushed_to_one_node_is_known_to_all() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));
    let client = setup(&one);
    let form = request(&client).split_once('?').expect("a query").1.to_owned();
    let pushed = one.post("/oauth2/par", Some(&client.basic()), &form);
    assert_eq!(pushed.status, 201, "{pushed:?}");
    let uri = pushed.json()["request_uri"].as_str().expect("a text").to_owned();
    let url = format!("{ISSUER}/oauth2/authorize?client_id={}&request_uri={}", encode(&client.client_id), encode(&uri));
    drop(one);
    let landed = Person::at(&two.http, ISSUER, "alice", PASSWORD).walk(&url);
    assert!(landed.parameter("code").is_some(), "{landed:?}");
}
