//! What a page shows: one struct per page, and [`View`], which is any of them.
//!
//! Views are plain data that templates read as `view.…`; nothing in them is trusted to be harmless, and nothing is HTML.

use http::{HeaderValue, StatusCode};
use serde::Serialize;

mod account;
mod complaint;
mod consent;
mod device;
mod finish;
mod parts;
mod sign_in;

pub use account::{
    AppLine, Apps, Authenticator, Enrolment, GrantLine, Overview, PasskeyLine, Passkeys, PasswordChange, RecoveryCodes, RequestLine,
    Requests, SessionLine, Sessions,
};
pub use complaint::{Complaint, Notice};
pub use consent::{Consent, DetailCard, DetailRow, ResourceLine, ScopeLine};
pub use device::{Device, DeviceDone};
pub use finish::{ErrorKind, ErrorPage, FormPost, SignOut, SignedOut};
pub use parts::{Account, ClientCard, Form, FormField, Link, PasskeyAsk};
pub use sign_in::{AccountLine, ChooseAccount, PasskeySignIn, Reason, Reauthenticate, RecoveryCode, SecondFactor, SignIn, Upstream};

use super::policy::Policy;

/// Declares the pages: variant, template and view model.
macro_rules! views {
    ($($(#[doc = $doc:literal])+ $name:ident: $file:literal;)+) => {
        /// A page with everything that it shows.
        #[derive(Clone, Serialize)]
        #[serde(untagged)]
        pub enum View { $($(#[doc = $doc])+ $name(Box<$name>),)+ }

        impl View {
            /// The names of all pages: `sign_in` is made from `sign_in.html`.
            pub const NAMES: &[&str] = &[$($file),+];

            /// The page's name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $file,)+ }
            }
        }

        $(impl From<$name> for View {
            fn from(view: $name) -> View {
                View::$name(Box::new(view))
            }
        })+
    };
}

views! {
    /// Identifier and password, and the other ways in.
    SignIn: "sign_in";
    /// The code of an authenticator app.
    SecondFactor: "second_factor";
    /// A recovery code in its place.
    RecoveryCode: "recovery_code";
    /// A passkey and nothing else.
    PasskeySignIn: "passkey";
    /// Several people are signed in in this browser.
    ChooseAccount: "choose_account";
    /// Who is signed in already proves it once more.
    Reauthenticate: "reauthenticate";
    /// What the client may have.
    Consent: "consent";
    /// The code that a device shows.
    Device: "device";
    /// Back to the device.
    DeviceDone: "device_done";
    /// What went wrong.
    ErrorPage: "error";
    /// The response as a form that the browser posts to the client (OAuth 2.0 Form Post Response Mode §2).
    FormPost: "form_post";
    /// Whether to sign out.
    SignOut: "sign_out";
    /// Signed out, here and elsewhere.
    SignedOut: "signed_out";
    /// The account at a glance.
    Overview: "account";
    /// Where the person is signed in.
    Sessions: "sessions";
    /// What has access.
    Apps: "apps";
    /// What clients have asked elsewhere.
    Requests: "requests";
    /// Passkeys.
    Passkeys: "passkeys";
    /// The authenticator app.
    Authenticator: "authenticator";
    /// Recovery codes.
    RecoveryCodes: "recovery_codes";
    /// The password.
    PasswordChange: "password";
}

impl View {
    /// The status that the page is sent with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::ErrorPage(page) => page.kind.status(),
            _ => StatusCode::OK,
        }
    }

    /// The `Refresh` header of a page that goes on by itself: the signed-out page, when its frames have had time to load.
    pub(super) fn goes_on(&self) -> Option<HeaderValue> {
        let Self::SignedOut(page) = self else { return None };
        let next = page.next.as_ref()?;
        HeaderValue::from_str(&format!("{};url={}", page.wait, next.as_str())).ok()
    }

    /// What the page needs beyond its own style sheet.
    pub(super) fn policy(&self) -> Policy {
        let policy = Policy::default();
        match self {
            Self::SignIn(page) => policy.logo(page.client.as_ref()).module(page.passkey.is_some()),
            Self::PasskeySignIn(page) => policy.logo(page.client.as_ref()).module(true),
            Self::Reauthenticate(page) => policy.logo(page.client.as_ref()).module(page.passkey.is_some()),
            Self::SecondFactor(page) => policy.logo(page.client.as_ref()),
            Self::RecoveryCode(page) => policy.logo(page.client.as_ref()),
            Self::ChooseAccount(page) => policy.logo(page.client.as_ref()),
            Self::Consent(page) => policy.logo(Some(&page.client)),
            Self::FormPost(page) => policy.self_posting().form_target(page.target.as_str()),
            Self::SignedOut(page) => policy.frames(&page.frames).going_on(page.next.is_some() && !page.frames.is_empty()),
            Self::SignOut(page) => policy.logo(page.client.as_ref()),
            Self::Apps(page) => page.apps.iter().fold(policy.alone(), |policy, app| policy.logo(Some(&app.client))),
            Self::Requests(page) => page.requests.iter().fold(policy.alone(), |policy, line| policy.logo(Some(&line.client))),
            Self::Passkeys(page) => policy.alone().module(page.add.is_some()),
            Self::ErrorPage(_) | Self::Device(_) | Self::DeviceDone(_) => policy,
            Self::Overview(_) | Self::Sessions(_) | Self::Authenticator(_) | Self::RecoveryCodes(_) | Self::PasswordChange(_) => {
                policy.alone()
            }
        }
    }
}
