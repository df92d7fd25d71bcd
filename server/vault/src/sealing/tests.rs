use super::*;

const PLACE: Place<'static> = Place { table: "clients", column: "secret", row: "42" };

fn master(seed: u8) -> MasterKey {
    MasterKey::from_bytes(std::array::from_fn(|index| seed ^ (index as u8).wrapping_mul(7)))
}

fn sealer(current: u8, older: &[u8]) -> Sealer {
    let older: Vec<MasterKey> = older.iter().map(|seed| master(*seed)).collect();
    Sealer::new(&master(current), &older)
}

#[test]
fn what_was_sealed_opens_in_its_place() {
    let sealer = sealer(1, &[]);
    for plain in [&b""[..], b"x", b"a client secret that HMAC needs back"] {
        let sealed = sealer.seal(&PLACE, plain).unwrap();
        assert_eq!(sealed.len(), plain.len() + 37);
        assert_eq!(sealer.open(&PLACE, &sealed).unwrap().expose(), plain);
    }
}

#[test]
fn the_same_value_sealed_twice_looks_different() {
    let sealer = sealer(1, &[]);
    assert_ne!(sealer.seal(&PLACE, b"x").unwrap(), sealer.seal(&PLACE, b"x").unwrap());
}

#[test]
fn a_value_moved_to_another_place_does_not_open() {
    let sealer = sealer(1, &[]);
    let sealed = sealer.seal(&PLACE, b"secret").unwrap();
    for elsewhere in [
        Place { table: "resources", ..PLACE },
        Place { column: "other", ..PLACE },
        Place { row: "43", ..PLACE },
        Place { row: "4", ..PLACE },
        Place { table: "clientss", column: "ecret", ..PLACE },
        Place { column: "secret4", row: "2", ..PLACE },
    ] {
        let fault = sealer.open(&elsewhere, &sealed).unwrap_err();
        assert!(matches!(fault, SealFault::Tampered { .. }), "{elsewhere:?}: {fault:?}");
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let sealer = sealer(1, &[]);
    let sealed = sealer.seal(&PLACE, b"secret").unwrap();
    for index in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[index / 8] ^= 1 << (index % 8);
        let fault = sealer.open(&PLACE, &altered).unwrap_err();
        match index / 8 {
            0 => assert!(matches!(fault, SealFault::Malformed { .. })),
            1..ID_END => assert!(matches!(fault, SealFault::UnknownKey { .. })),
            _ => assert!(matches!(fault, SealFault::Tampered { .. })),
        }
    }
}

#[test]
fn a_value_renamed_to_another_configured_key_does_not_open() {
    let both = sealer(1, &[2]);
    let mut sealed = both.seal(&PLACE, b"secret").unwrap();
    sealed[1..ID_END].copy_from_slice(&master(2).id().0);
    assert!(matches!(both.open(&PLACE, &sealed), Err(SealFault::Tampered { .. })));
}

#[test]
fn truncated_and_foreign_values_are_named_so() {
    let sealer = sealer(1, &[]);
    let sealed = sealer.seal(&PLACE, b"").unwrap();
    for length in 0..sealed.len() {
        assert!(matches!(sealer.open(&PLACE, &sealed[..length]), Err(SealFault::Malformed { .. })), "{length}");
    }
    let fault = sealer.open(&PLACE, b"plain text in the database, long enough").unwrap_err().to_string();
    assert!(fault.contains("clients.secret") && fault.contains("42") && !fault.contains("plain text"), "{fault}");
}

#[test]
fn an_unknown_master_key_is_named() {
    let sealed = sealer(1, &[]).seal(&PLACE, b"secret").unwrap();
    let fault = sealer(2, &[3]).open(&PLACE, &sealed).unwrap_err().to_string();
    for id in [1, 2, 3].map(|seed| master(seed).id().to_string()) {
        assert!(fault.contains(&id), "{fault}");
    }
}

#[test]
fn older_keys_open_and_resealing_moves_to_the_current_one() {
    let sealed = sealer(1, &[]).seal(&PLACE, b"secret").unwrap();
    let both = sealer(2, &[1]);
    assert_eq!(both.open(&PLACE, &sealed).unwrap().expose(), b"secret");
    let resealed = both.reseal(&PLACE, &sealed).unwrap().unwrap();
    assert_eq!(sealer(2, &[]).open(&PLACE, &resealed).unwrap().expose(), b"secret");
    assert!(both.reseal(&PLACE, &resealed).unwrap().is_none());
    let mut altered = resealed;
    *altered.last_mut().unwrap() ^= 1;
    assert!(both.reseal(&PLACE, &altered).is_err());
}

#[test]
fn the_check_value_tells_the_right_master_key_from_a_wrong_one() {
    let kept = sealer(1, &[]).check_value().unwrap();
    assert_eq!(sealer(1, &[]).verify_check_value(&kept).unwrap(), CheckValue::Current);
    assert_eq!(sealer(2, &[1]).verify_check_value(&kept).unwrap(), CheckValue::Older(master(1).id()));
    assert!(matches!(
        sealer(2, &[]).verify_check_value(&kept),
        Err(SealFault::UnknownKey { key_id, .. }) if key_id == master(1).id()
    ));
}

#[test]
fn only_a_check_value_passes_as_one() {
    let sealer = sealer(1, &[]);
    let other_text = sealer.seal(&CHECK_PLACE, b"something else").unwrap();
    assert!(matches!(sealer.verify_check_value(&other_text), Err(SealFault::Tampered { .. })));
    let other_place = sealer.seal(&PLACE, CHECK_TEXT).unwrap();
    assert!(matches!(sealer.verify_check_value(&other_place), Err(SealFault::Tampered { .. })));
}

#[test]
fn a_refusal_leaves_no_error_behind_for_the_next_connection() {
    let sealer = sealer(1, &[]);
    let mut sealed = sealer.seal(&PLACE, b"secret").unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    drop(openssl::error::ErrorStack::get());
    assert!(sealer.open(&PLACE, &sealed).is_err());
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
}
