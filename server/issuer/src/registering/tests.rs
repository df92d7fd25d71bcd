use super::*;

const ALGS: Algs<'static> = Algs { all: &[SigningAlg::Es256, SigningAlg::Ps256], default: SigningAlg::Es256 };

fn policy() -> Policy {
    Policy {
        grants: vec![GrantType::AuthorizationCode],
        methods: AuthMethod::ALL.to_vec(),
        scopes: ScopeSet::parse("openid email").unwrap(),
        resources: vec!["https://api.example".into()],
        tags: vec!["self-registered".into()],
        redirect_hosts: Vec::new(),
        links_of_redirect_hosts: true,
        profile: None,
    }
}

#[allow(clippy::needless_pass_by_value, reason = "`json!` where a test needs it reads better than a reference to it")]
fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn fields(prepared: &Prepared) -> Vec<&str> {
    prepared.wrong.iter().map(|wrong| wrong.field.as_str()).collect()
}

#[test]
fn dcr_007_what_is_left_out_has_the_default_of_the_specifications() {
    let prepared = prepare(object(json!({ "id_token_encrypted_response_alg": "RSA-OAEP-256" })), &policy(), None, ALGS);
    let document = &prepared.document;
    assert_eq!(document["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(document["grant_types"], json!(["authorization_code"]));
    assert_eq!(document["response_types"], json!(["code"]));
    assert_eq!(document["id_token_signed_response_alg"], "ES256", "there is no key for RS256");
    assert_eq!(document["id_token_encrypted_response_enc"], "A128CBC-HS256");
    let with_rsa = Algs { all: &[SigningAlg::Es256, SigningAlg::Rs256], ..ALGS };
    assert_eq!(prepare(Map::new(), &policy(), None, with_rsa).document["id_token_signed_response_alg"], "RS256");
    let shown = present(document, "{}");
    assert_eq!((&shown["application_type"], &shown["subject_type"]), (&json!("web"), &json!("public")));
}

#[test]
fn dcr_006_and_dcr_009_unknown_members_are_dropped_and_languages_kept() {
    let sent = json!({ "foo": 1, "enabled": false, "tags": ["admin"], "consent": "implied", "profile": "oauth2_1", "metadata": {},
        "client_name#ja": "クライアント", "client_name#": "x", "client_secret": "mine", "software_id": "s", "resources": [], "bindings": [] });
    let prepared = prepare(object(sent), &policy(), None, ALGS);
    assert_eq!(Value::Object(prepared.extra.clone()), json!({ "client_name#ja": "クライアント", "software_id": "s" }));
    for name in ["foo", "enabled", "consent", "profile", "metadata", "bindings", "client_secret", "client_name#"] {
        assert!(!prepared.document.contains_key(name), "{name}");
    }
    assert_eq!(prepared.document["tags"], json!(["self-registered"]));
    assert_eq!(prepared.document["resources"], json!(["https://api.example"]));
    let shown = present(&prepared.document, &Value::Object(prepared.extra).to_string());
    assert_eq!(shown["client_name#ja"], "クライアント");
    assert!(!shown.contains_key("tags") && !shown.contains_key("resources"));
}

#[test]
fn dcr_008_and_dcr_021_scopes_beyond_the_policy_are_left_out() {
    let scope = |sent: Value, held: Option<&Map<String, Value>>| prepare(object(sent), &policy(), held, ALGS).document["scope"].clone();
    assert_eq!(scope(json!({ "scope": "openid admin" }), None), "openid");
    assert_eq!(scope(json!({}), None), "openid email");
    assert_eq!(scope(json!({ "scope": ["openid"] }), None), json!(["openid"]), "said to be wrong by who reads it");
    let held = object(json!({ "scope": "orders" }));
    assert_eq!(scope(json!({ "scope": "openid orders admin" }), Some(&held)), "openid orders", "what an administrator gave stays");
}

#[test]
fn dcr_011_links_belong_to_the_hosts_of_redirect_uris() {
    let sent = |link: &str| json!({ "redirect_uris": ["https://app.example/cb"], "logo_uri": link, "tos_uri#de": link, "policy_uri": "https://app.example/p" });
    assert_eq!(fields(&prepare(object(sent("https://app.example/l")), &policy(), None, ALGS)), [""; 0]);
    assert_eq!(fields(&prepare(object(sent("https://bank.example/l")), &policy(), None, ALGS)), ["logo_uri", "tos_uri#de"]);
    let open = Policy { links_of_redirect_hosts: false, ..policy() };
    assert_eq!(fields(&prepare(object(sent("https://bank.example/l")), &open, None, ALGS)), [""; 0]);
    assert_eq!(fields(&prepare(object(json!({ "tos_uri#de": "javascript:x" })), &open, None, ALGS)), ["tos_uri#de"]);
}

#[test]
fn dcr_004_hosts_of_redirect_uris_can_be_limited() {
    let policy = Policy { redirect_hosts: vec!["app.example".into(), "*.dev.example".into()], ..policy() };
    for (uri, good) in [
        ("https://app.example/cb", true),
        ("https://a.dev.example/cb", true),
        ("https://dev.example/cb", false),
        ("https://evildev.example/cb", false),
        ("https://app.example.evil.example/cb", false),
        ("com.example:/cb", false),
    ] {
        let prepared = prepare(object(json!({ "redirect_uris": [uri] })), &policy, None, ALGS);
        assert_eq!(prepared.wrong.is_empty(), good, "{uri}");
    }
}

#[test]
fn dcr_015_an_update_names_its_client_and_nothing_that_is_the_servers() {
    let good = json!({ "client_id": "c", "redirect_uris": [] });
    assert!(check_update(&object(good.clone()), "c").is_ok());
    assert!(check_update(&object(good.clone()), "d").is_err());
    assert!(check_update(&Map::new(), "c").is_err());
    for name in SERVERS {
        let mut sent = object(good.clone());
        sent.insert(name.to_owned(), json!(1));
        assert_eq!(check_update(&sent, "c").unwrap_err().code, ErrorCode::InvalidClientMetadata, "{name}");
    }
    let held = object(json!({ "tags": ["gold"], "consent": "implied", "scope": "openid", "profile": "oauth2_1" }));
    let document = prepare(object(good), &policy(), Some(&held), ALGS).document;
    assert_eq!((&document["tags"], &document["consent"], &document["profile"]), (&json!(["gold"]), &json!("implied"), &json!("oauth2_1")));
}

#[test]
fn dcr_005_algorithms_without_a_key_are_refused() {
    for name in ["id_token_signed_response_alg", "userinfo_signed_response_alg", "authorization_signed_response_alg"] {
        assert_eq!(fields(&prepare(object(json!({ name: "RS512" })), &policy(), None, ALGS)), [name]);
        assert_eq!(fields(&prepare(object(json!({ name: "ES256" })), &policy(), None, ALGS)), [""; 0]);
    }
}

#[test]
fn dcr_010_a_statement_overrules_what_stands_beside_it_and_says_nothing_else() {
    let mut sent = object(json!({ "client_name": "Mine", "scope": "openid", "client_id": "c", "software_id": "fake" }));
    let statement = json!({ "iss": "https://s.example", "client_name": "Theirs", "software_id": "4711", "client_id": "x", "client_secret": "y",
        "tags": ["gold"], "consent": "implied", "registration_access_token": "z", "tos_uri#de": "https://s.example/tos" });
    overrule(&mut sent, &object(statement));
    let expected = json!({ "client_name": "Theirs", "scope": "openid", "client_id": "c", "software_id": "4711",
        "tos_uri#de": "https://s.example/tos" });
    assert_eq!(Value::Object(sent), expected);
    assert_eq!(unbelieved(TrustRefusal::Issuer).code, ErrorCode::UnapprovedSoftwareStatement);
    assert_eq!(unbelieved(TrustRefusal::Signature).code, ErrorCode::InvalidSoftwareStatement);
}
