//! Who is to blame: [`JwsRefusal`] and [`KeyRefusal`] are the sender's doing, [`JoseFault`] is ours.

/// The cryptographic library failed at something that should have worked.
#[derive(Debug, thiserror::Error)]
pub enum JoseFault {
    /// OpenSSL reported an error.
    #[error("the cryptographic library failed")]
    OpenSsl(#[from] openssl::error::ErrorStack),
    /// A private key of ours is unusable: not the kind its algorithm needs, or too weak.
    #[error("a private key is unusable: {0}")]
    Key(#[from] KeyRefusal),
    /// A shared secret is shorter than the hash output (RFC 7518 §3.2).
    #[error("a shared secret is too short for its alg")]
    SecretTooShort,
}

/// Why a compact JWS was not believed. The text never repeats what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JwsRefusal {
    /// Longer than the limit.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts separated by dots, or a JSON serialisation (RFC 7515 §7.1).
    #[error("the token is not a compact JWS of three parts")]
    NotCompact,
    /// Five parts: an encrypted token (RFC 7516 §3.1).
    #[error("encrypted tokens are not accepted here")]
    Encrypted,
    /// A part is not canonical unpadded base64url (RFC 7515 §2).
    #[error("a part of the token is not unpadded base64url")]
    NotBase64url,
    /// The header is not a JSON object, or names a member twice (RFC 7515 §5.2).
    #[error("the token's header is not a JSON object with distinct members")]
    MalformedHeader,
    /// The payload is not a JSON object, or names a member twice (RFC 7519 §4).
    #[error("the token's payload is not a JSON object with distinct members")]
    MalformedPayload,
    /// `alg` is absent or no string.
    #[error("the token's header has no alg")]
    MissingAlg,
    /// `alg` is `none` in some spelling (RFC 8725 §3.2).
    #[error("unsigned tokens are not accepted")]
    AlgNone,
    /// `alg` is not one we implement.
    #[error("the token's alg is not supported")]
    UnknownAlg,
    /// `crit` is present; we implement no extension (RFC 7515 §4.1.11).
    #[error("the token's header has critical extensions")]
    Critical,
    /// `b64` is present (RFC 7797).
    #[error("the token's header has a b64 member")]
    UnencodedPayload,
    /// `zip` is present (JSON Web Token best practices: compression).
    #[error("the token's header has a zip member")]
    Compressed,
    /// `kid` or `typ` is no string.
    #[error("the token's kid or typ is not a string")]
    MalformedHeaderMember,
    /// `alg` is not among those allowed for this use (RFC 8725 §3.1).
    #[error("the token's alg is not allowed here")]
    AlgNotAllowed,
    /// `alg` is not the one the key is for (RFC 8725 §3.1).
    #[error("the token's alg does not belong to the key")]
    AlgOfOtherKey,
    /// The token names another key than the one it is checked with.
    #[error("the token names another key")]
    OtherKeyId,
    /// No key of the set fits the token's `kid` and `alg`.
    #[error("no known key fits the token")]
    NoSuchKey,
    /// The shared secret is shorter than the hash output (RFC 7518 §3.2).
    #[error("the shared secret is too short for the token's alg")]
    SecretTooShort,
    /// The signature has an impossible length (RFC 7518 §3.3, §3.4).
    #[error("the signature has a wrong length")]
    SignatureLength,
    /// An ECDSA signature with a half that is zero or not below the group order.
    #[error("the signature is out of range")]
    SignatureRange,
    /// The signature is not the key's.
    #[error("the signature does not verify")]
    BadSignature,
    /// The header carries no key, or one that cannot be used, where it must carry one.
    #[error("the key in the token's header: {0}")]
    CarriedKey(KeyRefusal),
    /// The claims do not have the shape that the reader expects.
    #[error("the claims have an unexpected shape")]
    UnexpectedClaims,
}

/// Why a compact JWE was not opened. The text never repeats what was sent, and of what went wrong inside it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JweRefusal {
    /// Longer than the limit.
    #[error("the token is too long")]
    TooLong,
    /// Not five parts separated by dots.
    #[error("the token is not a compact JWE of five parts")]
    NotCompact,
    /// A part is not canonical unpadded base64url.
    #[error("a part of the token is not unpadded base64url")]
    NotBase64url,
    /// The header is not a JSON object with distinct members, or a member has the wrong type.
    #[error("the token's header is malformed")]
    MalformedHeader,
    /// `alg` or `enc` is absent or no string.
    #[error("the token's header has no alg or no enc")]
    MissingAlg,
    /// `alg` or `enc` is not one we implement: RSA1_5 and PBES2 among them.
    #[error("the token's alg or enc is not supported")]
    UnknownAlg,
    /// `crit` is present; we implement no extension.
    #[error("the token's header has critical extensions")]
    Critical,
    /// `zip` is present.
    #[error("compressed tokens are not accepted")]
    Compressed,
    /// `epk` is missing, on another curve or off its curve; or an encrypted key is there or missing against its `alg`.
    #[error("the token's epk or encrypted key is unusable")]
    MalformedKey,
    /// `alg` does not belong to the key.
    #[error("the token's alg does not belong to the key")]
    AlgOfOtherKey,
    /// The token names another key.
    #[error("the token names another key")]
    OtherKeyId,
    /// It does not open: another key, or changed on its way.
    #[error("the token does not open")]
    Undecipherable,
}

/// Why a JWK cannot be used to verify signatures, or to encrypt. The text never repeats what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum KeyRefusal {
    /// Not a JSON object, or a member is named twice.
    #[error("not a JSON object with distinct members")]
    NotAnObject,
    /// `kty` is absent or no string (RFC 7517 §4.1).
    #[error("kty is missing")]
    MissingKeyType,
    /// A kind of key that we cannot use.
    #[error("kty or crv is not supported")]
    UnsupportedKind,
    /// A symmetric key: no public key at all.
    #[error("symmetric keys (kty oct) are not accepted")]
    Symmetric,
    /// Private members are present.
    #[error("private key members are present; send only the public key")]
    Private,
    /// A member of the key itself is missing, not base64url or of the wrong length (RFC 7518 §6).
    #[error("a key parameter is missing or malformed")]
    MalformedParameter,
    /// The point is not on its curve (RFC 8725 §3.4), or has a small order.
    #[error("the public point is not a valid point of its curve")]
    InvalidPoint,
    /// RSA below 2048 bits (RFC 7518 §3.3).
    #[error("the RSA modulus has fewer than 2048 bits")]
    WeakRsa,
    /// RSA above 8192 bits: verification would be too slow.
    #[error("the RSA modulus has more than 8192 bits")]
    HugeRsa,
    /// The RSA public exponent is even, below 65537 or above 64 bits; or the modulus is even.
    #[error("the RSA public exponent or modulus is unusable")]
    RsaParameters,
    /// `use` is not `sig` (RFC 7517 §4.2).
    #[error("use is not sig")]
    NotForSignatures,
    /// `key_ops` does not contain `verify`, or names an operation twice (RFC 7517 §4.3).
    #[error("key_ops does not allow verify")]
    NotForVerifying,
    /// `use` is not `enc`, or `key_ops` allows nothing of that kind (where one encrypts).
    #[error("use or key_ops does not allow encryption")]
    NotForEncryption,
    /// `alg` is not one that we implement for this use.
    #[error("alg is not a supported algorithm of this use")]
    UnsupportedAlg,
    /// `alg` does not fit the kind of key.
    #[error("alg does not fit the kind of key")]
    AlgMismatch,
    /// `kid`, `use`, `alg` or `key_ops` has the wrong JSON type, or `kid` is empty or longer than 512 bytes.
    #[error("kid, use, alg or key_ops is malformed")]
    MalformedMember,
}

impl KeyRefusal {
    /// Whether the key is merely not for us (another use, a kind or algorithm that we lack), as opposed to broken, weak
    /// or secret. A set may contain such keys (RFC 7517 §5).
    pub const fn is_foreign(self) -> bool {
        match self {
            Self::UnsupportedKind | Self::NotForSignatures | Self::NotForVerifying | Self::NotForEncryption | Self::UnsupportedAlg => true,
            Self::NotAnObject
            | Self::MissingKeyType
            | Self::Symmetric
            | Self::Private
            | Self::MalformedParameter
            | Self::InvalidPoint
            | Self::WeakRsa
            | Self::HugeRsa
            | Self::RsaParameters
            | Self::AlgMismatch
            | Self::MalformedMember => false,
        }
    }
}
