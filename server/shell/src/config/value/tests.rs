use super::*;

fn duration(text: &str) -> Option<Duration> {
    <Duration as Value>::read(text, Path::new("/")).ok()
}

#[test]
fn durations_and_sizes_have_units() {
    assert_eq!(duration("300"), Some(Duration::from_secs(300)));
    assert_eq!(duration("250 ms"), Some(Duration::from_millis(250)));
    assert_eq!(duration("5m"), Some(Duration::from_secs(300)));
    for wrong in ["", "s", "-1", "1.5s", "1 week", "99999999999999999999", "1s1s"] {
        assert_eq!(duration(wrong), None, "{wrong}");
    }
    let size = |text| <Size as Value>::read(text, Path::new("/")).ok().map(Size::bytes);
    assert_eq!(size("64 KiB"), Some(65536));
    assert_eq!(size("17"), Some(17));
    assert_eq!((size("1 KB"), size("20000000000 GiB")), (None, None));
}

#[test]
fn values_are_written_as_they_are_read() {
    for text in ["0 s", "250 ms", "1 s", "90 d", "24 h", "5 min"] {
        let read = duration(text).expect("well-formed");
        assert_eq!(Value::write(&read), quoted(text));
    }
    for text in ["0 B", "1 B", "1025 B", "64 KiB", "16 MiB", "1 GiB"] {
        assert_eq!(<Size as Value>::read(text, Path::new("/")).expect("well-formed").to_string(), text);
    }
}

#[test]
fn passwords_and_keys_are_no_values() {
    for url in ["postgresql://u:hunter2@h/d", "postgresql://u@h/d?password=hunter2", "postgresql:///d?sslpassword=hunter2"] {
        let refused = url.parse::<DatabaseUrl>().expect_err("has a password");
        assert!(refused.contains("password_file") && !refused.contains("hunter2"), "{refused}");
    }
    assert!("postgresql://u@h/d?passfile=/etc/pgpass".parse::<DatabaseUrl>().is_ok());
    let pem = <PathBuf as Value>::read("-----BEGIN PRIVATE KEY-----\nMIIE", Path::new("/"));
    assert!(pem.is_err_and(|message| !message.contains("MIIE")));
}

#[test]
fn paths_and_origins_are_written_one_way() {
    for wrong in ["", "/", "a", "/a/", "//a", "/a//b", "/a/../b", "/a?b", "/%61", "/ä"] {
        assert!(wrong.parse::<RootedPath>().is_err(), "{wrong}");
    }
    assert!("/jans-auth/restv1/token".parse::<RootedPath>().is_ok());
    for wrong in ["*", "null", "https://app.example/", "https://APP.example", "http://app.example", "https://app.example:443"] {
        assert!(wrong.parse::<WebOrigin>().is_err(), "{wrong}");
    }
    for right in ["https://app.example", "https://app.example:8443", "http://localhost:3000"] {
        assert!(right.parse::<WebOrigin>().is_ok(), "{right}");
    }
}
