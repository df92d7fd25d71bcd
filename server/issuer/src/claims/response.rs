//! What plugins may add to a token response and to the answer of introspection.

use super::names::{check_claim, check_name, check_value, is_reserved_response_member};
use super::{EDITS_MAX, EditRefused};
use crate::binding::Permission;
use crate::hook::{self, Edit};
use crate::value::Member;

/// Members of introspection answers that the server alone sets (RFC 7662 §2.2), beside the reserved claims.
const RESERVED_INTROSPECTION: [&str; 5] = ["active", "token_type", "sub", "username", "authorization_details"];

/// Extra members of a token response.
#[derive(Debug, Clone, Default)]
pub struct ResponseMembers {
    members: Vec<Member>,
}

impl ResponseMembers {
    /// The members so far, as the next plugin sees them.
    pub fn view(&self) -> hook::Draft<'_> {
        hook::Draft::Response { members: &self.members }
    }

    /// The members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Checks every edit, then applies all of them, or none.
    pub fn apply(&mut self, edits: Vec<Edit>) -> Result<(), EditRefused> {
        if edits.len() > EDITS_MAX {
            return Err(EditRefused::TooMany("edits"));
        }
        for edit in &edits {
            match edit {
                Edit::SetResponseMember(name, value) => {
                    check_name(name)?;
                    check_value(name, value)?;
                    if is_reserved_response_member(name) {
                        return Err(EditRefused::Reserved(name.clone()));
                    }
                }
                other => return Err(EditRefused::Misplaced(name_of(other))),
            }
        }
        for edit in edits {
            if let Edit::SetResponseMember(name, value) = edit {
                super::set(&mut self.members, name, value);
            }
        }
        Ok(())
    }
}

/// What introspection answers for an active token.
#[derive(Debug, Clone)]
pub struct IntrospectionAnswer {
    members: Vec<Member>,
}

impl IntrospectionAnswer {
    /// The answer that the token itself gives.
    pub const fn of(members: Vec<Member>) -> Self {
        Self { members }
    }

    /// The answer as the next plugin sees it.
    pub fn view<'a>(&'a self, caller: &'a str) -> hook::Draft<'a> {
        hook::Draft::Introspection { members: &self.members, caller }
    }

    /// Checks every edit, then applies all of them, or none.
    pub fn apply(&mut self, edits: Vec<Edit>, permissions: &[Permission]) -> Result<(), EditRefused> {
        if edits.len() > EDITS_MAX {
            return Err(EditRefused::TooMany("edits"));
        }
        for edit in &edits {
            let (name, value) = match edit {
                Edit::SetClaim(name, value) => (name, Some(value)),
                Edit::RemoveClaim(name) => (name, None),
                other => return Err(EditRefused::Misplaced(name_of(other))),
            };
            if RESERVED_INTROSPECTION.contains(&name.as_str()) {
                return Err(EditRefused::Reserved(name.clone()));
            }
            check_claim(name, permissions)?;
            value.map_or(Ok(()), |value| check_value(name, value))?;
        }
        for edit in edits {
            match edit {
                Edit::SetClaim(name, value) => super::set(&mut self.members, name, value),
                Edit::RemoveClaim(name) => self.members.retain(|member| member.name != name),
                _ => {}
            }
        }
        Ok(())
    }

    /// Appends the answer as a JSON object with `"active":true`.
    pub fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"active\":true");
        for member in &self.members {
            out.push(b',');
            crate::value::render_string(&member.name, out);
            out.push(b':');
            member.value.render(out);
        }
        out.push(b'}');
    }
}

const fn name_of(edit: &Edit) -> &'static str {
    match edit {
        Edit::SetClaim(..) => "set-claim",
        Edit::RemoveClaim(..) => "remove-claim",
        Edit::SetHeader(..) => "set-header",
        Edit::SetScopes(..) => "set-scopes",
        Edit::SetAudience(..) => "set-audience",
        Edit::SetLifetime(..) => "set-lifetime",
        Edit::SetResponseMember(..) => "set-response-member",
        Edit::OmitRefreshToken => "omit-refresh-token",
    }
}
