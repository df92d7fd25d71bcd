//! What the page says about the last form: that something was wrong, or that it is done.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// What was wrong with what the person entered. Each knows its text and the field it belongs to.
///
/// Security: none tells whether an account exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// Identifier or password, and nobody learns which.
    WrongCredentials,
    /// The password of who is known already.
    WrongPassword,
    /// The code of the authenticator app.
    WrongCode,
    /// The recovery code.
    WrongRecoveryCode,
    /// The code that a device shows.
    WrongUserCode,
    /// Nothing was entered in the field with this id.
    Missing(&'static str),
    /// Too many attempts; how many minutes to wait.
    TooMany {
        /// Minutes, at least one.
        minutes: u32,
    },
    /// The passkey was not accepted.
    PasskeyRefused,
    /// The browser or the person broke off.
    PasskeyCancelled,
    /// The other provider did not say who the person is.
    UpstreamFailed {
        /// Its name.
        provider: String,
    },
    /// The new password has fewer characters.
    PasswordTooShort {
        /// The least.
        least: u32,
    },
    /// The new password has more characters.
    PasswordTooLong {
        /// The most.
        most: u32,
    },
    /// The new password is one that everybody tries.
    PasswordTooCommon,
    /// The new password and its repetition differ.
    PasswordsDiffer,
    /// The new password is the old one.
    PasswordUnchanged,
    /// The code for requests is too short or too long.
    RequestCode,
    /// Nothing else would let the person in.
    LastWayIn,
    /// The form was not from this page, or is too old.
    FormExpired,
    /// What a plugin says to the person.
    Said {
        /// The text, in the plugin's language.
        text: String,
    },
}

impl Complaint {
    /// Too many attempts: how long to wait, in whole minutes.
    pub fn too_many(retry_after: Duration) -> Self {
        Self::TooMany { minutes: u32::try_from(retry_after.as_secs().div_ceil(60)).unwrap_or(u32::MAX).max(1) }
    }

    const fn field(&self) -> Option<&'static str> {
        match self {
            Self::WrongCredentials => Some("identifier"),
            Self::WrongPassword => Some("password"),
            Self::WrongCode | Self::WrongRecoveryCode => Some("code"),
            Self::WrongUserCode => Some("user-code"),
            Self::Missing(field) => Some(field),
            Self::PasswordTooShort { .. } | Self::PasswordTooLong { .. } | Self::PasswordTooCommon | Self::PasswordUnchanged => {
                Some("new-password")
            }
            Self::PasswordsDiffer => Some("repeat-password"),
            Self::RequestCode => Some("request-code"),
            Self::TooMany { .. }
            | Self::PasskeyRefused
            | Self::PasskeyCancelled
            | Self::UpstreamFailed { .. }
            | Self::LastWayIn
            | Self::FormExpired
            | Self::Said { .. } => None,
        }
    }

    const fn text(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "complaint-wrong-credentials",
            Self::WrongPassword => "complaint-wrong-password",
            Self::WrongCode => "complaint-wrong-code",
            Self::WrongRecoveryCode => "complaint-wrong-recovery-code",
            Self::WrongUserCode => "complaint-wrong-user-code",
            Self::Missing(_) => "complaint-missing",
            Self::TooMany { .. } => "complaint-too-many",
            Self::PasskeyRefused => "complaint-passkey-refused",
            Self::PasskeyCancelled => "complaint-passkey-cancelled",
            Self::UpstreamFailed { .. } => "complaint-upstream-failed",
            Self::PasswordTooShort { .. } => "complaint-password-too-short",
            Self::PasswordTooLong { .. } => "complaint-password-too-long",
            Self::PasswordTooCommon => "complaint-password-too-common",
            Self::PasswordsDiffer => "complaint-passwords-differ",
            Self::PasswordUnchanged => "complaint-password-unchanged",
            Self::RequestCode => "complaint-request-code",
            Self::LastWayIn => "complaint-last-way-in",
            Self::FormExpired => "complaint-form-expired",
            Self::Said { .. } => "complaint-said",
        }
    }
}

/// Templates see `field`, `text` (the text's id), `count` and `words`, which the text may use.
impl Serialize for Complaint {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (count, words) = match self {
            Self::TooMany { minutes } => (*minutes, ""),
            Self::PasswordTooShort { least } => (*least, ""),
            Self::PasswordTooLong { most } => (*most, ""),
            Self::UpstreamFailed { provider } => (0, provider.as_str()),
            Self::Said { text } => (0, text.as_str()),
            _ => (0, ""),
        };
        let mut out = out.serialize_struct("Complaint", 4)?;
        out.serialize_field("field", &self.field())?;
        out.serialize_field("text", self.text())?;
        out.serialize_field("count", &count)?;
        out.serialize_field("words", words)?;
        out.end()
    }
}

/// Declares what can have been done, each with its name.
macro_rules! notices {
    ($($(#[doc = $doc:literal])+ $name:ident: $text:literal;)+) => {
        /// What was done. The texts are `notice-<name>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub enum Notice { $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+ }

        impl Notice {
            /// Its name in texts.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The one of a name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

notices! {
    /// The password is a new one.
    PasswordChanged: "password-changed";
    /// One session was ended.
    SessionEnded: "session-ended";
    /// All others were.
    SessionsEnded: "sessions-ended";
    /// An app's access was withdrawn.
    AccessRevoked: "access-revoked";
    /// What an app was issued at one time was ended.
    GrantEnded: "grant-ended";
    /// A client's request was refused.
    RequestRefused: "request-refused";
    /// The code for requests was set.
    RequestCodeSet: "request-code-set";
    /// The code for requests was removed.
    RequestCodeRemoved: "request-code-removed";
    /// A passkey was added.
    PasskeyAdded: "passkey-added";
    /// A passkey has a new name.
    PasskeyRenamed: "passkey-renamed";
    /// A passkey was removed.
    PasskeyRemoved: "passkey-removed";
    /// The authenticator app is set up.
    AuthenticatorAdded: "authenticator-added";
    /// It is no longer.
    AuthenticatorRemoved: "authenticator-removed";
}
