//! The settings of the backchannel.

use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::Setting;
use std::time::Duration;

settings! {
    /// Clients that name their person and wait (OpenID Connect CIBA), where `grants.enabled` has it.
    Ciba at "ciba" {
        /// How long a person may take to decide, where the client does not say.
        lifetime: Duration = "5 min" in "10 s" ..= "1 h";
        /// The longest that a client may ask for.
        lifetime_max: Duration = "15 min" in "10 s" ..= "24 h";
        /// Between two questions of a client; five seconds more each time it does not keep to it.
        interval: Duration = "5 s" in "1 s" ..= "1 min";
        /// Requests that may wait for one person; more are refused.
        waiting_max: u32 = "5" in "1" ..= "1000";
    }
}
