//! The settings of token exchange.

use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::{PlainText, Setting};
use std::time::Duration;

settings! {
    /// Token exchange (RFC 8693), where `grants.enabled` has it. What each client may exchange is in its registration.
    TokenExchange at "token_exchange" {
        /// The trust domain of transaction tokens: their audience. None are issued where it is not set.
        trust_domain: Option<PlainText> = "";
        /// How long a transaction token lives.
        transaction_lifetime: Duration = "1 min" in "5 s" ..= "10 min";
        /// How long an identity assertion for a server elsewhere (ID-JAG) lives.
        assertion_lifetime: Duration = "5 min" in "10 s" ..= "1 h";
    }
}
