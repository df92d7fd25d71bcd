use super::*;

fn name(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).expect("a name")
}

/// DER of a short element.
fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(contents.len()).expect("short")], contents].concat()
}

/// `CN` (or another last arc under 2.5.4) with a string of this kind.
fn attribute(arc: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    der(0x30, &[der(0x06, &[0x55, 0x04, arc]), der(tag, value)].concat())
}

fn in_der(parts: &[Vec<u8>]) -> DistinguishedName {
    let sets: Vec<u8> = parts.iter().flat_map(|part| der(0x31, part)).collect();
    DistinguishedName::from_der(&der(0x30, &sets)).expect("a name")
}

#[test]
fn mtl_002_text_and_certificate_are_the_same_name() {
    let held = in_der(&[attribute(6, 0x13, b"DE"), attribute(10, 0x0c, b"Acme, Inc."), attribute(3, 0x0c, b"client")]);
    for text in [
        r"CN=client,O=Acme\, Inc.,C=DE",
        r"cn = client , o=Acme\2C Inc. , C=DE",
        r"2.5.4.3=client,2.5.4.10=Acme\, Inc.,2.5.4.6=DE",
        r"OID.2.5.4.3=client;O=Acme\, Inc.;C=DE",
        r"CN=#0c06636c69656e74,O=Acme\, Inc.,C=#13024445",
    ] {
        assert_eq!(name(text), held, "{text}");
    }
    for text in [
        r"C=DE,O=Acme\, Inc.,CN=client",
        r"CN=Client,O=Acme\, Inc.,C=DE",
        r"CN=client,O=Acme\, Inc.",
        r"CN=client+O=Acme\, Inc.,C=DE",
        r"CN=client,O=Acme\,Inc.,C=DE",
        r"OU=client,O=Acme\, Inc.,C=DE",
        r"CN=client\ ,O=Acme\, Inc.,C=DE",
    ] {
        assert_ne!(name(text), held, "{text}");
    }
}

#[test]
fn mtl_002_the_kind_of_string_does_not_matter() {
    let expected = name("CN=J\u{fc}rgen");
    assert_eq!(in_der(&[attribute(3, 0x0c, "J\u{fc}rgen".as_bytes())]), expected);
    assert_eq!(in_der(&[attribute(3, 0x14, b"J\xfcrgen")]), expected);
    assert_eq!(in_der(&[attribute(3, 0x1e, &[0, b'J', 0, 0xfc, 0, b'r', 0, b'g', 0, b'e', 0, b'n'])]), expected);
    assert_eq!(name(r"CN=J\C3\BCrgen"), expected);
    assert_eq!(in_der(&[attribute(3, 0x13, b"a")]), in_der(&[attribute(3, 0x0c, b"a")]));
    assert_ne!(in_der(&[attribute(3, 0x03, b"\0a")]), in_der(&[attribute(3, 0x0c, b"\0a")]), "bits are no letters");
}

#[test]
fn mtl_002_attributes_of_one_part_have_no_order_and_parts_have_one() {
    assert_eq!(name("CN=a+O=b,C=DE"), name("O=b + CN=a,C=DE"));
    assert_ne!(name("CN=a,O=b"), name("O=b,CN=a"));
    let both = [attribute(3, 0x0c, b"a"), attribute(10, 0x0c, b"b")].concat();
    assert_eq!(in_der(&[both]), name("CN=a+O=b"));
}

#[test]
fn what_is_no_name_is_refused() {
    for text in ["a", "=a", "CN=a,", "CN=a,,O=b", "XX=a", "CN=a\\", "CN=a\\zz", "CN=\"a\"", "CN=#0", "CN=#zz", "CN=\\ff", "1..2=a", "CN=a+"]
    {
        assert_eq!(DistinguishedName::parse(text), Err(MalformedName), "{text}");
    }
    for bytes in
        [&b""[..], b"\x30", b"\x30\x01", b"\x31\x00", b"\x30\x02\x31\x05", b"\x30\x84\xff\xff\xff\xff", b"\x30\x00\x00", b"\x30\x80"]
    {
        assert_eq!(DistinguishedName::from_der(bytes), Err(MalformedName), "{bytes:?}");
    }
    assert!(name("").is_empty());
}

fn certificate() -> Certificate {
    Certificate {
        digest: Digest::of(b"der"),
        key: None,
        subject: name("CN=a,O=b"),
        names: AlternativeNames {
            dns: vec!["client.example".into()],
            uris: vec!["spiffe://example/a".into()],
            addresses: vec!["2001:db8::1".parse().expect("an address")],
            emails: vec!["Me@mail.example".into()],
        },
        is_trusted: true,
    }
}

fn registered(member: &str, value: &str) -> Registration {
    Registration::from_text(&format!(r#"{{"tls_client_auth_{member}":"{value}"}}"#)).expect("a registration")
}

#[test]
fn mtl_001_the_one_registered_name_must_be_there() {
    for (member, right, wrong) in [
        ("subject_dn", "cn=a, o=b", "CN=a"),
        ("san_dns", "CLIENT.example", "other.example"),
        ("san_uri", "spiffe://example/a", "spiffe://example/A"),
        ("san_ip", "2001:DB8:0::1", "2001:db8::2"),
        ("san_email", "Me@MAIL.example", "me@mail.example"),
    ] {
        assert!(is_expected(&certificate(), &registered(member, right)), "{member}");
        assert!(!is_expected(&certificate(), &registered(member, wrong)), "{member}");
        assert!(!is_expected(&certificate(), &registered(member, "")), "{member}");
        let untrusted = Certificate { is_trusted: false, ..certificate() };
        assert!(!is_expected(&untrusted, &registered(member, right)), "{member} without a chain");
    }
}

#[test]
fn mtl_003_without_exactly_one_registered_name_nobody_is_expected() {
    assert!(!is_expected(&certificate(), &Registration::default()));
    let two = Registration { tls_client_auth_san_dns: Some("client.example".into()), ..registered("subject_dn", "CN=a,O=b") };
    assert!(!is_expected(&certificate(), &two));
    let nameless = Certificate { subject: DistinguishedName::default(), ..certificate() };
    assert!(!is_expected(&nameless, &registered("subject_dn", "")), "no name is not a name");
}
