//! The settings of another provider with which people sign in.

use super::table::{Descriptor, Reader, Section, full_name, settings};
use super::value::{HttpUrl, PlainText, Setting, UnknownPeople};
use claimsmith_jose::SigningAlg;
use std::path::PathBuf;

settings! {
    /// Another OpenID Provider with which people may sign in. It is on as soon as `upstream.issuer` is set; then `client_id` and
    /// `client_secret_file` are needed. Register this server there with the redirect URI `<issuer>/signin/upstream`. The provider is
    /// fetched from like everything else: see `fetch`.
    Upstream at "upstream" {
        /// The provider's name on the button; the host of its issuer when not set.
        name: Option<PlainText> = "";
        /// The provider's issuer identifier, as its metadata spell it.
        issuer: Option<HttpUrl> = "";
        /// This server's client id there.
        client_id: Option<PlainText> = "";
        /// File with this server's client secret there.
        client_secret_file: Option<PathBuf> = "";
        /// Scopes to ask for, `openid` among them.
        scopes: Vec<PlainText> = "openid, profile, email";
        /// Algorithms that the provider may sign ID tokens with.
        signing_algs: Vec<SigningAlg> = "RS256, ES256, PS256, EdDSA, ES384, ES512, PS384, PS512, RS384, RS512";
        /// People of the provider who are not known here: `create` gives them an account, `refuse` turns them away. Who is known is
        /// known by the provider's issuer and their `sub` there, never by an e-mail address.
        unknown_people: UnknownPeople = "create";
    }
}
