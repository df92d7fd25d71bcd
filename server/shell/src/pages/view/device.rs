//! The pages for a device without a browser (RFC 8628 §3.3): its code, and the way back to it.

use serde::Serialize;

use super::{Complaint, Form};

/// The code that a device shows. Action: `device`, with the field `user_code`.
#[derive(Clone, Serialize)]
pub struct Device {
    /// The form.
    pub form: Form,
    /// The code, where it came with the link: to be compared, not believed.
    pub code: Option<String>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}

/// Back to the device, whatever was decided.
#[derive(Clone, Serialize)]
pub struct DeviceDone {
    /// The client's name.
    pub client: String,
    /// Whether the person said yes.
    pub approved: bool,
    /// Whether the client asked by itself, so that there may be no device to go back to.
    pub elsewhere: bool,
}
