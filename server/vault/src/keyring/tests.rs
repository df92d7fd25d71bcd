use serde_json::Value;

use super::*;
use crate::fault::SealFault;
use crate::master_key::MasterKey;

const NOW: i64 = 1_763_800_000;

fn sealer(seed: u8) -> Sealer {
    Sealer::new(&MasterKey::from_bytes([seed; 32]), &[])
}

fn stored(alg: SigningAlg, active_from: i64) -> StoredKey {
    StoredKey::generate(alg, 2048, &sealer(1), active_from).unwrap()
}

fn open(stored: &[StoredKey], now: i64) -> Keyring {
    Keyring::open(stored, &sealer(1), now).unwrap()
}

fn kids(keyring: &Keyring) -> Vec<String> {
    let document: Value = serde_json::from_slice(keyring.jwks()).unwrap();
    document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn key_001_the_document_has_only_public_members_of_distinct_named_keys() {
    let keys = [SigningAlg::Es256, SigningAlg::Rs256, SigningAlg::Ps256, SigningAlg::EdDsa, SigningAlg::Es512].map(|alg| stored(alg, NOW));
    let keyring = open(&keys, NOW);
    let document: Value = serde_json::from_slice(keyring.jwks()).unwrap();
    let rendered = document["keys"].as_array().unwrap();
    assert_eq!(rendered.len(), keys.len());
    for key in rendered {
        let key = key.as_object().unwrap();
        let allowed = ["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"];
        assert!(key.keys().all(|member| allowed.contains(&member.as_str())), "{key:?}");
        assert_eq!(key["use"], "sig");
        assert_ne!(key["kty"], "oct");
        let own = keys.iter().find(|own| own.kid == key["kid"]).unwrap();
        assert_eq!(key["alg"], own.alg.as_str());
    }
    let mut distinct = kids(&keyring);
    distinct.dedup();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn key_002_a_key_is_published_before_its_first_use() {
    let old = stored(SigningAlg::Es256, NOW - 1000);
    let new = stored(SigningAlg::Es256, NOW + 60);
    let keyring = open(&[old.clone(), new.clone()], NOW);
    let mut both = vec![old.kid.clone(), new.kid.clone()];
    both.sort();
    assert_eq!(kids(&keyring), both);
    assert_eq!(keyring.signer(SigningAlg::Es256, NOW + 59).unwrap().kid(), old.kid);
    assert_eq!(keyring.signer(SigningAlg::Es256, NOW + 60).unwrap().kid(), new.kid);
    assert!(open(&[new], NOW).signer(SigningAlg::Es256, NOW).is_none());
}

#[test]
fn key_002_a_retired_key_stays_until_all_its_tokens_have_expired() {
    let old = stored(SigningAlg::Es256, NOW - 1000).retired(NOW, 3600);
    let new = stored(SigningAlg::Es256, NOW);
    let rows = [old.clone(), new.clone()];
    let keyring = open(&rows, NOW + 3599);
    assert_eq!(kids(&keyring).len(), 2);
    assert_eq!(keyring.signer(SigningAlg::Es256, NOW + 3599).unwrap().kid(), new.kid);
    assert_eq!(keyring.stale_at(), Some(NOW + 3600));
    assert!(keyring.verifying_key(&old.kid, NOW + 3599).is_some());
    assert!(keyring.verifying_key(&old.kid, NOW + 3600).is_none());
    let later = open(&rows, NOW + 3600);
    assert_eq!(kids(&later), [new.kid]);
    assert_eq!(later.stale_at(), None);
}

#[test]
fn key_002_a_retired_key_signs_no_more() {
    let only = stored(SigningAlg::Es256, NOW - 1000).retired(NOW, 3600);
    let keyring = open(&[only], NOW);
    assert!(keyring.signer(SigningAlg::Es256, NOW).is_none());
    assert!(keyring.algs(NOW).is_empty());
}

#[test]
fn key_003_a_removed_key_verifies_nothing() {
    let (kept, removed) = (stored(SigningAlg::Es256, NOW), stored(SigningAlg::Es256, NOW));
    assert!(open(&[kept.clone(), removed.clone()], NOW).verifying_key(&removed.kid, NOW).is_some());
    assert!(open(&[kept], NOW).verifying_key(&removed.kid, NOW).is_none());
}

#[test]
fn key_004_one_key_serves_one_algorithm() {
    let row = stored(SigningAlg::Rs256, NOW);
    let twin = StoredKey { alg: SigningAlg::Ps256, ..row.clone() };
    let fault = Keyring::open(&[row, twin], &sealer(1), NOW).unwrap_err();
    assert!(matches!(fault, VaultFault::DuplicateKey { .. }));
}

#[test]
fn key_004_weak_rsa_keys_are_not_made() {
    assert!(StoredKey::generate(SigningAlg::Rs256, 1024, &sealer(1), NOW).is_err());
    assert!(StoredKey::generate(SigningAlg::Ps256, 2047, &sealer(1), NOW).is_err());
}

#[test]
fn key_008_a_kid_leads_to_one_key_of_one_algorithm() {
    let keys = [stored(SigningAlg::Es256, NOW), stored(SigningAlg::Rs256, NOW)];
    let keyring = open(&keys, NOW);
    for key in &keys {
        assert_eq!(keyring.verifying_key(&key.kid, NOW).unwrap().alg(), Some(key.alg));
    }
    let rsa = keyring.verifying_key(&keys[1].kid, NOW).unwrap();
    assert!(!rsa.admits(SigningAlg::Ps256));
}

#[test]
fn jbp_009_a_kid_is_only_compared() {
    let keyring = open(&[stored(SigningAlg::Es256, NOW)], NOW);
    for kid in ["", "' OR 1=1 --", "../../etc/passwd", "*", "%"] {
        assert!(keyring.verifying_key(kid, NOW).is_none(), "{kid:?}");
    }
}

#[test]
fn the_tag_follows_the_document_and_not_the_order_of_rows() {
    let (one, two) = (stored(SigningAlg::Es256, NOW), stored(SigningAlg::EdDsa, NOW));
    let forth = open(&[one.clone(), two.clone()], NOW);
    let back = open(&[two, one.clone()], NOW);
    assert_eq!((forth.jwks(), forth.etag()), (back.jwks(), back.etag()));
    let less = open(&[one], NOW);
    assert_ne!(forth.etag(), less.etag());
    assert!(less.etag().starts_with('"') && less.etag().ends_with('"') && less.etag().len() > 20);
    assert_eq!(forth.algs(NOW), [SigningAlg::Es256, SigningAlg::EdDsa]);
}

#[test]
fn a_private_key_does_not_open_in_another_row_or_under_another_master_key() {
    let (one, two) = (stored(SigningAlg::Es256, NOW), stored(SigningAlg::Es256, NOW));
    let moved = StoredKey { sealed_private: one.sealed_private.clone(), ..two };
    let fault = Keyring::open(&[moved], &sealer(1), NOW).unwrap_err();
    assert!(matches!(fault, VaultFault::Sealed { source: SealFault::Tampered { .. }, .. }), "{fault:?}");
    let fault = Keyring::open(&[one], &sealer(2), NOW).unwrap_err();
    assert!(matches!(fault, VaultFault::Sealed { source: SealFault::UnknownKey { .. }, .. }), "{fault:?}");
}

#[test]
fn a_row_whose_algorithm_was_changed_is_unusable() {
    let row = StoredKey { alg: SigningAlg::Es384, ..stored(SigningAlg::Es256, NOW) };
    assert!(matches!(Keyring::open(&[row], &sealer(1), NOW), Err(VaultFault::Unusable { .. })));
}

#[test]
fn a_key_sealed_under_the_name_of_another_is_noticed() {
    let (one, two) = (stored(SigningAlg::Es256, NOW), stored(SigningAlg::Es256, NOW));
    let sealer = sealer(1);
    let private = sealer.open(&StoredKey::place(&one.kid), &one.sealed_private).unwrap();
    let sealed_private = sealer.seal(&StoredKey::place(&two.kid), private.expose()).unwrap();
    let row = StoredKey { sealed_private, ..two };
    assert!(matches!(Keyring::open(&[row], &sealer, NOW), Err(VaultFault::OtherKey { .. })));
}

#[test]
fn keyrings_are_shared_between_threads() {
    const fn shared<T: Send + Sync>() {}
    shared::<Keyring>();
    shared::<Sealer>();
    shared::<MasterKey>();
}
