use super::*;

const CODE: Around<'static> = Around {
    grants: &[GrantType::AuthorizationCode],
    public: false,
    by_key: true,
    by_certificate: false,
    by_mac: false,
    response_types: &ResponseType::ALL,
    encrypted_objects: false,
};

const FRONT: Around<'static> = Around { grants: &[GrantType::AuthorizationCode, GrantType::Implicit], ..CODE };

fn wrong(document: &str, around: Around<'_>) -> Vec<String> {
    let registration = Registration::from_text(document).expect("well formed");
    check(&registration, around).into_iter().map(|wrong| wrong.field).collect()
}

#[test]
fn what_is_in_order_is_let_through() {
    let document = r#"{"redirect_uris":["https://a.example/cb"],"response_types":["code","code id_token"],"subject_type":"pairwise",
        "frontchannel_logout_uri":"https://a.example/out?x=1","post_logout_redirect_uris":["https://a.example/bye"],"logo_uri":"https://a.example/l.png",
        "profile":"oauth2_1"}"#;
    assert_eq!(wrong(&document.replace(r#","code id_token""#, ""), CODE), [""; 0]);
    assert_eq!(wrong(document, FRONT), ["response_types"]);
}

#[test]
fn hyb_009_grants_and_response_types_go_together() {
    let document = r#"{"redirect_uris":["https://a.example/cb"],"response_types":["code"]}"#;
    assert_eq!(wrong(document, Around { grants: &[GrantType::ClientCredentials], ..CODE }), ["response_types.0"]);
    assert_eq!(wrong(document, Around { response_types: &[], ..CODE }), ["response_types.0"]);
}

#[test]
fn hyb_008_and_hyb_009_tokens_through_the_browser_are_a_grant_and_bound_to_nothing() {
    let document = |more: &str| format!(r#"{{"redirect_uris":["https://a.example/cb"],"response_types":["code id_token","token"]{more}}}"#);
    let both = FRONT;
    assert_eq!(wrong(&document(""), both), [""; 0]);
    assert_eq!(wrong(&document(""), CODE), ["response_types.0", "response_types.1"]);
    assert_eq!(wrong(&document(""), Around { grants: &[GrantType::Implicit], ..CODE }), ["response_types.0"]);
    for bound in ["dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"] {
        assert_eq!(wrong(&document(&format!(r#","{bound}":true"#)), both), ["response_types.1"]);
    }
    for profile in ["oauth2_1", "fapi2_security", "fapi2_message_signing"] {
        assert!(wrong(&document(&format!(r#","profile":"{profile}""#)), both).contains(&"response_types".to_owned()), "{profile}");
    }
}

#[test]
fn hyb_006_tokens_through_the_browser_go_to_https_only() {
    assert_eq!(wrong(r#"{"redirect_uris":["http://localhost/cb"],"response_types":["id_token"]}"#, FRONT), ["redirect_uris.0"]);
}

#[test]
fn auz_020_links_are_https() {
    for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri", "backchannel_logout_uri"] {
        for uri in ["javascript:alert(1)", "http://a.example", "https://u@a.example", "data:x", "https://a.example/#x"] {
            let document = format!(r#"{{"redirect_uris":["https://a.example/cb"],"{name}":"{uri}"}}"#);
            assert_eq!(wrong(&document, CODE), [name], "{uri}");
        }
    }
}

#[test]
fn sub_003_several_hosts_need_a_sector_identifier() {
    let document = r#"{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"subject_type":"pairwise"}"#;
    assert_eq!(wrong(document, CODE), ["sector_identifier_uri"]);
    assert_eq!(wrong(&document.replace("b.example", "a.example/x"), CODE), [""; 0]);
    let named = document.replace("\"subject_type\"", r#""sector_identifier_uri":"https://s.example/uris","subject_type""#);
    assert_eq!(wrong(&named, CODE), [""; 0]);
}

#[test]
fn fcl_002_the_frame_is_of_a_redirect_uris_origin() {
    for uri in ["https://b.example/out", "http://a.example/out", "https://a.example:444/out"] {
        let document = format!(r#"{{"redirect_uris":["https://a.example/cb"],"frontchannel_logout_uri":"{uri}"}}"#);
        assert_eq!(wrong(&document, CODE), ["frontchannel_logout_uri"], "{uri}");
    }
}

#[test]
fn mtl_003_one_name_of_the_certificate_is_expected() {
    let document =
        r#"{"redirect_uris":["https://a.example/cb"],"tls_client_auth_subject_dn":"CN=a","tls_client_auth_san_dns":"a.example"}"#;
    assert_eq!(wrong(document, CODE), ["tls_client_auth_san_dns"]);
}

#[test]
fn mtl_003_what_is_expected_of_a_certificate_can_be_compared() {
    let by_certificate = Around { grants: &[], by_certificate: true, ..CODE };
    assert_eq!(wrong("{}", by_certificate), ["tls_client_auth_subject_dn"]);
    for (document, field) in [
        (r#"{"tls_client_auth_subject_dn":"no name"}"#, "tls_client_auth_subject_dn"),
        (r#"{"tls_client_auth_subject_dn":""}"#, "tls_client_auth_subject_dn"),
        (r#"{"tls_client_auth_san_ip":"host"}"#, "tls_client_auth_san_ip"),
    ] {
        assert_eq!(wrong(document, by_certificate), [field], "{document}");
    }
    assert_eq!(wrong(r#"{"tls_client_auth_subject_dn":"CN=a"}"#, by_certificate), [""; 0]);
}

#[test]
fn idt_017_only_algorithms_of_encryption_that_there_are_can_be_registered() {
    let plain = Around { grants: &[], ..CODE };
    for kind in ["id_token", "userinfo", "authorization", "introspection"].map(|name| format!("{name}_encrypted_response")) {
        let document = |alg: &str, enc: &str| format!(r#"{{"{kind}_alg":"{alg}","{kind}_enc":"{enc}"}}"#);
        assert_eq!(wrong(&document("RSA-OAEP-256", "A256GCM"), plain), [""; 0]);
        assert_eq!(wrong(&document("RSA1_5", "A256GCM"), plain), [format!("{kind}_alg")]);
        assert_eq!(wrong(&document("PBES2-HS256+A128KW", "A256GCM"), plain), [format!("{kind}_alg")]);
        let by_mac = Around { by_mac: true, ..plain };
        assert_eq!(wrong(&document("dir", "A192GCM"), by_mac), [format!("{kind}_enc")]);
        for alg in ["dir", "A128KW", "A256KW"] {
            assert_eq!(wrong(&document(alg, "A128GCM"), plain), [format!("{kind}_alg")], "{alg}: no secret to be had");
            assert_eq!(wrong(&document(alg, "A128GCM"), by_mac), [""; 0]);
        }
        assert_eq!(wrong(&format!(r#"{{"{kind}_enc":"A128GCM"}}"#), plain), [format!("{kind}_enc")]);
    }
}

#[test]
fn jrm_005_and_jrm_006_responses_are_signed_by_us_and_encrypted_to_a_key() {
    let plain = Around { grants: &[], ..CODE };
    for alg in ["none", "HS256", "ES256K"] {
        let name = "authorization_signed_response_alg";
        assert_eq!(wrong(&format!(r#"{{"{name}":"{alg}"}}"#), plain), [name], "{alg}");
    }
    for alg in ["dir", "A128KW", "A256KW"] {
        let name = "authorization_encrypted_response_alg";
        assert_eq!(wrong(&format!(r#"{{"{name}":"{alg}"}}"#), plain), [name], "{alg}");
    }
}

#[test]
fn req_015_what_is_said_of_encrypted_objects_can_be_done() {
    let document = |alg: &str, enc: &str| format!(r#"{{"request_object_encryption_alg":"{alg}","request_object_encryption_enc":"{enc}"}}"#);
    let (alg, enc) = ("request_object_encryption_alg", "request_object_encryption_enc");
    let (off, on) = (Around { grants: &[], ..CODE }, Around { grants: &[], encrypted_objects: true, ..CODE });
    assert_eq!(wrong(&document("ECDH-ES", "A256GCM"), off), [alg, enc]);
    assert_eq!(wrong(&document("ECDH-ES", "A256GCM"), on), [""; 0]);
    assert_eq!(wrong(&document("dir", "A192GCM"), on), [alg, enc]);
    assert_eq!(wrong(r#"{"request_object_encryption_enc":"A256GCM"}"#, on), [enc]);
}

#[test]
fn idt_003_and_idt_022_secrets_sign_id_tokens_alone_and_only_where_they_are_kept() {
    let by_mac = Around { grants: &[], by_mac: true, ..CODE };
    let others = [Around { grants: &[], ..CODE }, Around { grants: &[], public: true, by_key: false, ..CODE }];
    for name in ["id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg"] {
        for alg in ["HS256", "HS384", "HS512", "none", "ES256K", ""] {
            let document = format!(r#"{{"{name}":"{alg}"}}"#);
            for around in others {
                assert_eq!(wrong(&document, around), [name], "{alg}");
            }
            let good = (name, alg) == ("id_token_signed_response_alg", "HS256");
            assert_eq!(wrong(&document, by_mac), if good { vec![] } else { vec![name] }, "{alg}");
        }
        assert_eq!(wrong(&format!(r#"{{"{name}":"PS256"}}"#), others[0]), [""; 0]);
    }
}

#[test]
fn fap_001_the_profile_wants_keys_binding_and_https() {
    let document = r#"{"redirect_uris":["http://127.0.0.1/cb"],"application_type":"native","response_types":["code","id_token"],"profile":"fapi2_security"}"#;
    assert_eq!(wrong(document, Around { by_key: false, ..FRONT }), ["response_types", "profile", "redirect_uris", "profile"]);
    let good = r#"{"redirect_uris":["https://a.example/cb"],"profile":"fapi2_security","dpop_bound_access_tokens":true}"#;
    assert_eq!(wrong(good, CODE), [""; 0]);
}

#[test]
fn bcl_003_logout_tokens_are_signed_with_keys_of_ours() {
    let document = r#"{"redirect_uris":["https://a.example/cb"],"backchannel_logout_uri":"https://a.example/out","id_token_signed_response_alg":"ES256"}"#;
    assert_eq!(wrong(document, CODE), [""; 0]);
    for alg in ["HS256", "none"] {
        assert_eq!(wrong(&document.replace("ES256", alg), CODE), ["backchannel_logout_uri", "id_token_signed_response_alg"], "{alg}");
    }
}

#[test]
fn lgo_013_where_people_go_after_signing_out_is_checked() {
    let document = r#"{"redirect_uris":["https://a.example/cb"],"post_logout_redirect_uris":["https://a.example/bye","javascript:x"]}"#;
    assert_eq!(wrong(document, CODE), ["post_logout_redirect_uris.1"]);
}
