use super::*;
use serde_json::json;

fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
    let token = new_token();
    let mut map: HeaderMap = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
    map.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    map
}

#[test]
fn the_head_alone_is_enough_to_refuse() {
    let sizes = Sizes { json: 1000, wasm: 1 << 20 };
    let post = |path: &str, headers: &HeaderMap| admit(&Method::POST, path, headers, sizes).map_err(|problem| problem.kind);
    let json = headers(&[(CONTENT_TYPE, "application/json; charset=utf-8")]);
    assert_eq!(post("/admin/v1/clients", &json), Ok(BodyLimit(1000)));
    assert_eq!(post("/admin/v1/nothing", &json), Err(Kind::NotFound));
    assert_eq!(post("/admin/v1/openapi.json", &json), Err(Kind::MethodNotAllowed));
    assert_eq!(post("/admin/v1/plugins", &json), Err(Kind::UnsupportedMediaType));
    assert_eq!(post("/admin/v1/clients", &headers(&[])), Err(Kind::UnsupportedMediaType));
    assert_eq!(post("/admin/v1/clients/a/secrets", &headers(&[])), Ok(BodyLimit(1000)));
    assert_eq!(post("/admin/v1/clients", &HeaderMap::new()), Err(Kind::Unauthenticated));
    let large = headers(&[(CONTENT_TYPE, "application/wasm"), (CONTENT_LENGTH, "1048577")]);
    assert_eq!(post("/admin/v1/plugins", &large), Err(Kind::TooLarge));
    let good = headers(&[(CONTENT_TYPE, "application/wasm"), (CONTENT_LENGTH, "1048576")]);
    assert_eq!(post("/admin/v1/plugins", &good), Ok(BodyLimit(1 << 20)));
}

#[test]
fn a_merge_patch_changes_what_it_names() {
    let mut target = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1] });
    merge(&mut target, json!({ "a": null, "b": { "c": 9 }, "e": [2, 3], "f": { "g": null, "h": 1 } }));
    assert_eq!(target, json!({ "b": { "c": 9, "d": 3 }, "e": [2, 3], "f": { "h": 1 } }));
}

#[test]
fn segments_survive_the_way_through_a_path() {
    for text in ["https://api.example/v1?x=1", "a b%c/d", "ä"] {
        let path = format!("/admin/v1/resources/{}", segment(text));
        let Found::Route(_, values) = routes::find(&Method::GET, &path) else { panic!("{path}") };
        assert_eq!(values, [text]);
    }
}
