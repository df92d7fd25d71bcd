//! Recovery codes: made anew, and shown once.

use super::Visitor;
use crate::authorize::Stop;
use crate::http::Answer;
use crate::pages::view::{ErrorKind, RecoveryCodes, View};

/// The page.
pub(super) fn page(visitor: &Visitor<'_>) -> View {
    let left = visitor.user.enrolled.recovery_codes as usize;
    RecoveryCodes { form: visitor.form(), account: visitor.account(), left, codes: Vec::new() }.into()
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str) -> Result<Answer, Stop> {
    if action != "new" {
        return Err(Stop::Shown(ErrorKind::BadRequest));
    }
    let codes: Vec<String> =
        visitor.rooms.people.new_recovery_codes(visitor.id()).await?.iter().map(|code| code.expose().clone()).collect();
    // No redirect: they are on this answer and nowhere else.
    let view = RecoveryCodes { form: visitor.form(), account: visitor.account(), left: codes.len(), codes };
    Ok(visitor.render(&view.into()))
}
