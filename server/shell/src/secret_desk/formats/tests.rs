use super::*;

const PASSWORD: &str = "Grüße, 7 Zwerge!";

/// Made by libxcrypt and by Python's hashlib.
const HASHES: [&str; 18] = [
    "$6$saltstring$nvjbjvE2fykg/MAjwYvQYStTIqonx6G1NLvc01r11KIHeSYXBOJC/ReyS2sfv3Ufmzl5i4WTADw0mPQ1mcKOz0",
    "$6$rounds=10000$saltstring$U8PuE1VqrdGdBI6u2Rrvlr6CSZpcKsp3HramOBuzy4WRhOUBZYIXe1A7eeaETFWiuNI17pE5h14.TH121jFtq.",
    "{CRYPT}$6$saltstring$nvjbjvE2fykg/MAjwYvQYStTIqonx6G1NLvc01r11KIHeSYXBOJC/ReyS2sfv3Ufmzl5i4WTADw0mPQ1mcKOz0",
    "$5$rounds=1400$anotherlong$CwrluUX3XwZDO04MN/WpV/mQRD90.bNCr.NlFLHPHp7",
    "$2b$05$abcdefghijklmnopqrstuuESdCDMdmLExAFg2wUDxV7tyj.qCTVry",
    "$2a$05$abcdefghijklmnopqrstuuESdCDMdmLExAFg2wUDxV7tyj.qCTVry",
    "$2y$05$abcdefghijklmnopqrstuuESdCDMdmLExAFg2wUDxV7tyj.qCTVry",
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$YRrdATiNbIsRAOpGzGZ0OG0ib4bCE0fkOj3TfcuKg+w",
    "$pbkdf2-sha256$1000$..../////////////////w$.E1dDUIrhygtpMhGEo6iQWlpnvKLvaFIpbKmUCYwSaM",
    "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHRzYWx0c2FsdA$80leMgw/qWJUU2vqMKMaR05Js/Azc5ZNiJOI2YemNMzASgMoIeFneGqDyWUJGgFTPyIEHdvVzFLqt1kxcpwGwg",
    "$pbkdf2-sha512$1000$..../////////////////w$lv7JjyWuUHs3ckNau34L4gLLx92yGJWNs4dhFIKj6OJcgI2MUNlHiSEAdd1TAajSDWMtsW/P9r3dqlRp0L1Rpw",
    "$pbkdf2$1000$c2FsdHNhbHRzYWx0c2FsdA$.Bq6P1VRwoSG7ultkB9bUjUHbiE",
    "pbkdf2_sha256$1000$seasalt$tkBGwZFwnFltXfXZRV9NVU4cdb/l4JpwUYXYxZU5tug=",
    "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$1Ve0NdA7GL1jNw4WD8YcoVUcxM6AmdBsqd2Q8URiKlk",
    "{SSHA}nFHR7tnUXto5DnTc6+WuAqKc0flzYWx0",
    "{SSHA256}bO0C0psEs98nUU7DKd9+kFtvrZ0H079xo/59rVV0zp1zYWx0",
    "{ssha512}Tw6vdGX1EyYjS4o4TNvcPO1b5QEXquHv+YUUWIpzP3IrI2zDipL4tO+3hGUNVSxtu2PpU4oh2fdk09qPsYxYe3NhbHQ=",
    "{SHA}6a7or+zF/0jF3+0+4xKgV/oc4Yo=",
];

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[test]
fn hashes_of_every_format_match_their_password_and_no_other() {
    for hash in HASHES {
        assert_eq!(recognise_hash(hash), Ok(()), "{hash}");
        assert!(matches(hash, &secret(PASSWORD)), "{hash}");
        for wrong in ["", "Grüße, 7 Zwerge", "grüße, 7 Zwerge!"] {
            assert!(!matches(hash, &secret(wrong)), "{hash}");
        }
        assert!(wants_upgrade(hash, Cost::default()), "{hash}");
    }
}

#[test]
fn argon2_of_every_kind_matches_and_only_a_cheaper_one_is_made_anew() {
    // The vectors of the reference implementation.
    for hash in [
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        assert_eq!(recognise_hash(hash), Ok(()));
        assert!(matches(hash, &secret("password")) && !matches(hash, &secret("Password")), "{hash}");
        assert_eq!(wants_upgrade(hash, Cost::default()), hash.starts_with("$argon2i$"), "{hash}");
    }
    let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let stored = cheap.hash(&secret("x"), b"saltsaltsaltsalt").unwrap();
    assert!(matches(&stored, &secret("x")));
    assert!(!wants_upgrade(&stored, cheap));
    assert!(wants_upgrade(&stored, Cost { passes: 2, ..cheap }) && wants_upgrade(&stored, Cost { memory_kib: 65, ..cheap }));
}

#[test]
fn what_nobody_should_wait_for_is_refused_and_not_computed() {
    use HashRefusal::{Malformed, TooCostly, Unknown};
    let table = [
        ("", Unknown),
        ("password", Unknown),
        ("$1$salt$hash", Unknown),
        ("$y$j9T$salt$hash", Unknown),
        ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", Unknown),
        ("$argon2id$v=19$m=65536,t=5,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", TooCostly),
        ("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ", Malformed),
        ("$2b$15$abcdefghijklmnopqrstuuESdCDMdmLExAFg2wUDxV7tyj.qCTVry", TooCostly),
        ("$2b$05$abcdefghij", Malformed),
        ("$pbkdf2-sha256$i=2000001,l=32$c2FsdHNhbHRzYWx0c2FsdA$YRrdATiNbIsRAOpGzGZ0OG0ib4bCE0fkOj3TfcuKg+w", TooCostly),
        ("$pbkdf2-sha256$0$c2FsdA$YRrdATiNbIsRAOpGzGZ0OG0ib4bCE0fkOj3TfcuKg+w", Malformed),
        ("pbkdf2_md5$1000$seasalt$tkBGwZFwnFltXfXZRV9NVU4cdb/l4JpwUYXYxZU5tug=", Unknown),
        ("pbkdf2_sha256$1000$seasalt$dGVzdA==", Malformed),
        ("$scrypt$ln=20,r=8,p=1$c2FsdA$1Ve0NdA7GL1jNw4WD8YcoVUcxM6AmdBsqd2Q8URiKlk", TooCostly),
        ("$scrypt$ln=99,r=8,p=1$c2FsdA$1Ve0NdA7GL1jNw4WD8YcoVUcxM6AmdBsqd2Q8URiKlk", TooCostly),
        ("$scrypt$ln=10,r=8$c2FsdA$1Ve0NdA7GL1jNw4WD8YcoVUcxM6AmdBsqd2Q8URiKlk", Malformed),
        ("$6$rounds=1000001$saltstring$nvjbjvE2fykg", TooCostly),
        ("$6$saltstring$nvjbjvE2fykg", Malformed),
        ("{SSHA}nFHR7tnUXto5DnTc6+WuAqKc0fk=", Malformed),
        ("{SSHA}x", Malformed),
    ];
    for (hash, refusal) in table {
        assert_eq!(recognise_hash(hash), Err(refusal), "{hash}");
        assert!(!matches(hash, &secret("")), "{hash}");
    }
    let long = format!("$6${}$x", "a".repeat(HASH_MAX));
    assert_eq!(recognise_hash(&long), Err(Malformed));
}
