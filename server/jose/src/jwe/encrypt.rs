//! The way out: bytes for one recipient.

use openssl::ec::EcKey;
use openssl::pkey::PKey;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::agreement::{Parties, agree};
use super::{ContentEnc, EncryptionKey, KeyAlg, content, wrap};
use crate::base64url;
use crate::error::{JoseFault, KeyRefusal};
use crate::key::PublicMaterial;
use crate::secret::Secret;

/// How something is to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption<'a> {
    /// How the content key travels.
    pub alg: KeyAlg,
    /// How the content is encrypted.
    pub enc: ContentEnc,
    /// What is inside: `JWT` for a nested token (RFC 7519 §5.2).
    pub cty: Option<&'a str>,
}

impl Encryption<'static> {
    /// How a client registered to be sent nested tokens: nothing where it named no `alg`. Without `enc` it is A128CBC-HS256 (OpenID
    /// Connect Dynamic Client Registration §2). Names that we do not implement are refused.
    pub fn registered(alg: Option<&str>, enc: Option<&str>) -> Result<Option<Self>, KeyRefusal> {
        let enc = enc.map_or(Some(ContentEnc::A128CbcHs256), ContentEnc::parse);
        match (alg.map(KeyAlg::parse), enc) {
            (None, Some(_)) => Ok(None),
            (Some(Some(alg)), Some(enc)) => Ok(Some(Self { alg, enc, cty: Some("JWT") })),
            (Some(None), _) | (_, None) => Err(KeyRefusal::UnsupportedAlg),
        }
    }
}

impl Encryption<'_> {
    /// Encrypts to a public key; the compact form. A key that is not for the algorithm is refused.
    pub fn to_key(&self, key: &EncryptionKey, plain: &[u8]) -> Result<String, JoseFault> {
        if !key.admits(self.alg) {
            return Err(KeyRefusal::AlgMismatch.into());
        }
        let mut header = self.header(key.kid());
        let (content_key, encrypted_key) = match &key.material {
            PublicMaterial::Rsa(public) => {
                let content_key = content::fresh_key(self.enc)?;
                let encrypted_key = wrap::wrap_rsa(self.alg, public, &content_key)?;
                (content_key, encrypted_key)
            }
            PublicMaterial::Ec { key: public, .. } => {
                let ephemeral = PKey::from_ec_key(EcKey::generate(public.group())?)?;
                let members = PublicMaterial::of(&ephemeral)?.members()?;
                let epk: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
                header.insert("epk".to_owned(), Value::Object(epk));
                let agreed = agree((self.alg, self.enc), &ephemeral, public, &Parties { apu: &[], apv: &[] })?;
                self.under(agreed)?
            }
            PublicMaterial::Ed25519(_) => return Err(KeyRefusal::UnsupportedKind.into()),
        };
        self.seal(&header, &content_key, &encrypted_key, plain)
    }

    /// Encrypts under a key made of a client's secret ([OpenID Connect Core §10.2](https://openid.net/specs/openid-connect-core-1_0.html#Encryption));
    /// the compact form. An algorithm with public keys is refused.
    pub fn to_secret(&self, secret: &Secret<String>, plain: &[u8]) -> Result<String, JoseFault> {
        let own = self.alg.secret_key(self.enc, secret).ok_or(KeyRefusal::AlgMismatch)?;
        let (content_key, encrypted_key) = self.under(own)?;
        self.seal(&self.header(None), &content_key, &encrypted_key, plain)
    }

    /// The content key and what travels of it, given the key that both sides have.
    fn under(&self, shared: Zeroizing<Vec<u8>>) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), JoseFault> {
        if self.alg.is_direct() {
            return Ok((shared, Vec::new()));
        }
        let content_key = content::fresh_key(self.enc)?;
        let encrypted_key = wrap::wrap_aes(&shared, &content_key);
        Ok((content_key, encrypted_key))
    }

    fn header(&self, kid: Option<&str>) -> Map<String, Value> {
        let member = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let mut header = Map::from_iter([member("alg", self.alg.as_str()), member("enc", self.enc.as_str())]);
        header.extend(self.cty.map(|cty| member("cty", cty)));
        header.extend(kid.map(|kid| member("kid", kid)));
        header
    }

    fn seal(&self, header: &Map<String, Value>, content_key: &[u8], encrypted_key: &[u8], plain: &[u8]) -> Result<String, JoseFault> {
        let header = serde_json::to_vec(header).expect("a JSON value always renders");
        let protected = base64url::encode(header);
        let [iv, text, tag] = content::seal(self.enc, content_key, protected.as_bytes(), plain)?;
        let rest = [encrypted_key, &iv, &text, &tag].map(base64url::encode);
        Ok(format!("{protected}.{}", rest.join(".")))
    }
}
