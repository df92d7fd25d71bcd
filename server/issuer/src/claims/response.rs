//! What plugins may add to a token response and to the answer of introspection.

use super::names::{check_claim, check_name, check_value, is_reserved_response_member};
use super::shaping::{Shaping, misplaced};
use super::{Authority, EditRefused};
use crate::hook::{self, Edit, HookPoint};
use crate::value::Member;

/// Members of introspection answers that the server alone sets (RFC 7662 §2.2), beside the reserved claims.
const RESERVED_INTROSPECTION: [&str; 5] = ["active", "token_type", "sub", "username", "authorization_details"];

/// Extra members of a token response.
#[derive(Debug, Clone, Default)]
pub struct ResponseMembers {
    members: Vec<Member>,
}

impl ResponseMembers {
    /// The members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

impl Shaping for ResponseMembers {
    const POINT: HookPoint = HookPoint::TokenResponse;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::token_response(&self.members)
    }

    fn check(&self, edit: &Edit, _: Authority<'_>) -> Result<(), EditRefused> {
        let Edit::SetResponseMember(name, value) = edit else { return Err(misplaced(edit)) };
        check_name(name)?;
        check_value(name, value)?;
        if is_reserved_response_member(name) { Err(EditRefused::Reserved(name.clone())) } else { Ok(()) }
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        if let Edit::SetResponseMember(name, value) = edit {
            super::set(&mut self.members, name, value);
        }
    }
}

/// What introspection answers for an active token.
#[derive(Debug, Clone)]
pub struct IntrospectionAnswer {
    members: Vec<Member>,
    caller: Box<str>,
}

impl IntrospectionAnswer {
    /// The answer that the token itself gives to that caller.
    pub fn of(members: Vec<Member>, caller: &str) -> Self {
        Self { members, caller: caller.into() }
    }

    /// Appends the answer as a JSON object with `"active":true`.
    pub fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"active\":true");
        for member in &self.members {
            out.push(b',');
            member.render(out);
        }
        out.push(b'}');
    }
}

impl Shaping for IntrospectionAnswer {
    const POINT: HookPoint = HookPoint::Introspection;

    fn view(&self) -> hook::Draft<'_> {
        hook::Draft::introspection(&self.members, &self.caller)
    }

    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused> {
        let (name, value) = match edit {
            Edit::SetClaim(name, value) => (name, Some(value)),
            Edit::RemoveClaim(name) => (name, None),
            other => return Err(misplaced(other)),
        };
        if RESERVED_INTROSPECTION.contains(&name.as_str()) {
            return Err(EditRefused::Reserved(name.clone()));
        }
        check_claim(name, authority.permissions)?;
        value.map_or(Ok(()), |value| check_value(name, value))
    }

    fn perform(&mut self, edit: Edit, _: Authority<'_>) {
        match edit {
            Edit::SetClaim(name, value) => super::set(&mut self.members, name, value),
            Edit::RemoveClaim(name) => self.members.retain(|member| member.name != name),
            _ => {}
        }
    }
}
