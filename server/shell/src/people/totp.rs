//! Authenticator apps: time-based codes of six digits (RFC 6238), each good once.

use claimsmith_issuer::assurance::Method;
use claimsmith_issuer::person::{Person, UserId};
use claimsmith_jose::{Secret, base64url};
use claimsmith_protocol::time::Timestamp;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use totp_rs::{Builder, Totp};

use super::{EnrolFailure, Origin, People, Refused, SignInFailure, sealing, throttle};
use crate::failure::Fault;
use crate::seals;

/// Bytes of a secret, as RFC 4226 §4 recommends.
const SECRET_BYTES: usize = 20;

/// What somebody needs to set up an authenticator app. Shown to them and nobody else.
#[derive(Debug)]
pub struct TotpEnrolment {
    /// The secret in base32, to type where there is no camera.
    pub secret: Secret<String>,
    /// The `otpauth` URI.
    pub uri: Secret<String>,
    /// The same as a QR code: an `svg` element, black on white.
    pub qr_svg: Secret<String>,
    /// What the caller keeps until the first code comes: the secret, sealed for this person.
    pub state: String,
}

impl People {
    /// Begins to set up an authenticator app. Nothing is stored before a code of it has come.
    pub fn start_totp_enrolment(&self, person: &Person) -> Result<TotpEnrolment, Fault> {
        let mut bytes = [0; SECRET_BYTES];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
        let sealed = self.sealer.seal(&seals::user_totp(&person.id), &bytes).map_err(sealing)?;
        Ok(self.totp_enrolment(person, &bytes, base64url::encode(sealed)))
    }

    /// What was begun, once more, from what the caller kept.
    pub fn resume_totp_enrolment(&self, person: &Person, state: &str) -> Result<TotpEnrolment, Refused> {
        let sealed = base64url::decode(state).map_err(|_| Refused::Wrong)?;
        let secret = self.sealer.open(&seals::user_totp(&person.id), &sealed).map_err(|_| Refused::Wrong)?;
        Ok(self.totp_enrolment(person, secret.expose(), state.to_owned()))
    }

    fn totp_enrolment(&self, person: &Person, secret: &[u8], state: String) -> TotpEnrolment {
        // In the label, a colon ends the issuer's name.
        let name = |text: &str| text.replace(':', ".");
        let totp = builder(secret)
            .with_account_name(name(person.username.as_str()))
            .with_issuer(Some(name(&self.settings.service_name)))
            .build()
            .expect("160 bits and names without colons make a good one");
        let uri = totp.to_url().expect("it has an account name");
        let picture = QrCode::with_error_correction_level(&uri, EcLevel::M).expect("some 300 bytes fit a QR code");
        let svg = picture.render::<svg::Color<'_>>().min_dimensions(240, 240).quiet_zone(true).build();
        let inline = svg.find("<svg").map_or(svg.as_str(), |at| &svg[at..]).to_owned();
        TotpEnrolment { secret: Secret::new(totp.secret().to_base32()), uri: Secret::new(uri), qr_svg: Secret::new(inline), state }
    }

    /// Sets up the app once a code shows that it works, in the place of any other.
    pub async fn finish_totp_enrolment(&self, user: &UserId, state: &str, code: &str, now: Timestamp) -> Result<(), EnrolFailure> {
        let sealed = base64url::decode(state).map_err(|_| Refused::Wrong)?;
        // Sealed for another person, or not at all.
        let secret = self.sealer.open(&seals::user_totp(user), &sealed).map_err(|_| Refused::Wrong)?;
        let step = step_of(&secret, code, now).ok_or(Refused::Wrong)?;
        self.store.save_totp(user, user, sealed, step).await?;
        Ok(())
    }

    /// Checks a code of somebody's app. It is good once, within a step of 30 s before and after.
    pub async fn verify_totp(&self, user: &UserId, code: &str, origin: Origin<'_>, now: Timestamp) -> Result<Method, SignInFailure> {
        let device = self.device(user, origin, now);
        let account = throttle::Account::Code(user);
        let charged = self.charge(account, origin, device).await?;
        let totp = self.store.load_totp(user).await?.ok_or(Refused::Wrong)?;
        let secret = self.sealer.open(&seals::user_totp(user), &totp.sealed_secret).map_err(sealing)?;
        let step = step_of(&secret, code, now).ok_or(Refused::Wrong)?;
        // Security: a code that was seen over a shoulder, or in a proxy, is of no use any more.
        if !self.store.spend_totp_step(user, step).await? {
            return Err(Refused::Wrong.into());
        }
        charged.refund(&self.store).await?;
        Ok(Method::Totp)
    }
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new().with_secret(totp_rs::Secret::new(secret.into()))
}

/// The time step that a code is of.
fn step_of(secret: &Secret<Vec<u8>>, code: &str, now: Timestamp) -> Option<i64> {
    let totp: Totp = builder(secret.expose()).build().ok()?;
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let now = u64::try_from(now.seconds()).ok()?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    totp.check(&digits, now).and_then(|step| i64::try_from(step).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 Appendix B for SHA-1, the last six of eight digits.
    #[test]
    fn codes_of_rfc_6238_are_taken_one_step_around() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        let at = |code: &str, now: i64| step_of(&secret, code, Timestamp::from_seconds(now));
        assert_eq!(at("287082", 59), Some(1));
        assert_eq!(at("081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(at(" 005 924 ", 1_234_567_890), Some(41_152_263));
        assert_eq!((at("287082", 30), at("287082", 89), at("287082", 0)), (Some(1), Some(1), Some(1)));
        assert_eq!((at("287082", 90), at("081804", 1_111_111_109 - 60), at("287083", 59)), (None, None, None));
        for bad in ["", "28708", "2870820", "28708a", "２８７０８２"] {
            assert_eq!(at(bad, 59), None, "{bad}");
        }
    }
}
