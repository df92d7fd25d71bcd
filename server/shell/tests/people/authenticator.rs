//! An authenticator in memory: one P-256 key, attestation `none` (WebAuthn §6).

use claimsmith_jose::base64url;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::sign::Signer;
use serde_json::{Value, json};

pub(crate) struct Authenticator {
    key: EcKey<Private>,
    pub(crate) origin: String,
    rp_id: String,
    pub(crate) credential_id: Vec<u8>,
    user_handle: Vec<u8>,
    counter: u32,
    /// Whether it says that it has verified its person.
    pub(crate) verifies: bool,
}

impl Authenticator {
    pub(crate) fn new(origin: &str, rp_id: &str) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self {
            key: EcKey::generate(&group).unwrap(),
            origin: origin.to_owned(),
            rp_id: rp_id.to_owned(),
            credential_id: vec![0xc5; 32],
            user_handle: Vec::new(),
            counter: 0,
            verifies: true,
        }
    }

    /// What `navigator.credentials.create` answers to the options.
    pub(crate) fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        assert_eq!(options["rp"]["id"], json!(self.rp_id));
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        self.user_handle = base64url::decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let client_data = self.client_data("webauthn.create", &options);
        let mut data = self.authenticator_data(0x40);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.credential_id);
        data.extend_from_slice(&self.cose_key());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend_from_slice(&data);
        self.answer(&json!({
            "attestationObject": base64url::encode(attestation),
            "clientDataJSON": base64url::encode(client_data),
            "transports": ["internal"],
        }))
    }

    /// What `navigator.credentials.get` answers to the options.
    pub(crate) fn get(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        assert_eq!((&options["rpId"], &options["userVerification"]), (&json!(self.rp_id), &json!("required")));
        let client_data = self.client_data("webauthn.get", &options);
        self.counter += 1;
        let data = self.authenticator_data(0);
        let key = PKey::from_ec_key(self.key.clone()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(&data).unwrap();
        signer.update(&sha256(client_data.as_bytes())).unwrap();
        self.answer(&json!({
            "authenticatorData": base64url::encode(&data),
            "clientDataJSON": base64url::encode(client_data),
            "signature": base64url::encode(signer.sign_to_vec().unwrap()),
            "userHandle": base64url::encode(&self.user_handle),
        }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = base64url::encode(&self.credential_id);
        let answer = json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} });
        answer.to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false }).to_string()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { 0x04 } else { 0 };
        let mut data = sha256(self.rp_id.as_bytes()).to_vec();
        data.push(flags | verified | 0x01);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    /// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` (RFC 9053 §7.1).
    fn cose_key(&self) -> Vec<u8> {
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        self.key.public_key().affine_coordinates(self.key.group(), &mut x, &mut y, &mut context).unwrap();
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend_from_slice(&x.to_vec_padded(32).unwrap());
        key.extend_from_slice(b"\x22\x58\x20");
        key.extend_from_slice(&y.to_vec_padded(32).unwrap());
        key
    }
}
