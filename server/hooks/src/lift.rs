//! From what a plugin answered to what the issuer may look at. Sizes, counts and values are checked here, permissions later.

use claimsmith_issuer::hook::{Edit, PluginAnswer, PluginRefusal};
use claimsmith_issuer::value::Value;

use crate::abi::{AnswerOut, EditOut, MemberOut, ValueOut};
use crate::fault::HookFault;
use crate::json;
use crate::settings::Limits;

/// What each text, value or edit costs beside its bytes.
pub(crate) const ITEM_COST: usize = 16;

/// Checks an answer and turns it into the issuer's types.
pub(crate) fn answer((answer,): AnswerOut, limits: &Limits) -> Result<PluginAnswer, HookFault> {
    let mut meter = Meter { room: limits.output };
    match answer {
        Ok(edits) if edits.len() > limits.edits => Err(HookFault::OutputTooBig),
        Ok(edits) => Ok(Ok(edits.into_iter().map(|edit| meter.edit(edit)).collect::<Result<_, _>>()?)),
        Err(refusal) => {
            meter.charge(refusal.code.len() + refusal.reason.len())?;
            Ok(Err(PluginRefusal { code: refusal.code, reason: refusal.reason }))
        }
    }
}

struct Meter {
    room: usize,
}

impl Meter {
    fn charge(&mut self, bytes: usize) -> Result<(), HookFault> {
        self.room = self.room.checked_sub(bytes + ITEM_COST).ok_or(HookFault::OutputTooBig)?;
        Ok(())
    }

    fn edit(&mut self, edit: EditOut) -> Result<Edit, HookFault> {
        Ok(match edit {
            EditOut::SetClaim(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetClaim(name, value)
            }
            EditOut::RemoveClaim(name) => Edit::RemoveClaim(self.text(name)?),
            EditOut::SetHeader(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetHeader(name, value)
            }
            EditOut::SetScopes(texts) => Edit::SetScopes(self.texts(texts)?),
            EditOut::SetAudience(texts) => Edit::SetAudience(self.texts(texts)?),
            EditOut::SetLifetime(seconds) => {
                self.charge(0)?;
                Edit::SetLifetime(seconds)
            }
            EditOut::SetResponseMember(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetResponseMember(name, value)
            }
            EditOut::OmitRefreshToken => {
                self.charge(0)?;
                Edit::OmitRefreshToken
            }
            EditOut::SetAttribute(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetAttribute(name, value)
            }
            EditOut::RequireAcr(name) => Edit::RequireAcr(self.text(name)?),
            EditOut::RequireFactor(name) => Edit::RequireFactor(self.text(name)?),
            EditOut::SkipConsent => {
                self.charge(0)?;
                Edit::SkipConsent
            }
            EditOut::ShowText(shown) => Edit::ShowText(self.text(shown.language)?, self.text(shown.text)?),
            EditOut::SetAuthorizationDetails(details) => {
                let details = self.text(details)?;
                json::check(&details).map_err(bad)?;
                Edit::SetAuthorizationDetails(details)
            }
            EditOut::SetUser(user) => Edit::SetUser(self.text(user)?),
            EditOut::AddAmr(methods) => Edit::AddAmr(self.texts(methods)?),
            EditOut::SetExchangeMode(mode) => {
                self.charge(0)?;
                Edit::SetExchangeMode(mode.into())
            }
            EditOut::SetTransactionContext(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetTransactionContext(name, value)
            }
            EditOut::SetRequestContext(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetRequestContext(name, value)
            }
            EditOut::SetMetadata(member) => {
                let (name, value) = self.member(member)?;
                Edit::SetMetadata(name, value)
            }
            EditOut::RemoveMetadata(name) => Edit::RemoveMetadata(self.text(name)?),
            EditOut::MarkNotified => {
                self.charge(0)?;
                Edit::MarkNotified
            }
        })
    }

    fn text(&mut self, text: String) -> Result<String, HookFault> {
        self.charge(text.len())?;
        Ok(text)
    }

    fn member(&mut self, member: MemberOut) -> Result<(String, Value), HookFault> {
        self.charge(member.name.len())?;
        Ok((member.name, self.value(member.value)?))
    }

    fn value(&mut self, value: ValueOut) -> Result<Value, HookFault> {
        Ok(match value {
            ValueOut::Text(text) => {
                self.charge(text.len())?;
                Value::Text(text)
            }
            ValueOut::Integer(number) => Value::Integer(number),
            ValueOut::Number(number) if number.is_finite() => Value::Number(number),
            ValueOut::Number(_) => return Err(bad("a number that is not finite")),
            ValueOut::Boolean(boolean) => Value::Boolean(boolean),
            ValueOut::Texts(texts) => Value::Texts(self.texts(texts)?),
            ValueOut::Json(text) => {
                self.charge(text.len())?;
                json::check(&text).map_err(bad)?;
                Value::Json(json::compact(text))
            }
        })
    }

    fn texts<T: AsRef<str>>(&mut self, texts: Vec<T>) -> Result<Vec<T>, HookFault> {
        self.charge(0)?;
        for text in &texts {
            self.charge(text.as_ref().len())?;
        }
        Ok(texts)
    }
}

fn bad(message: &str) -> HookFault {
    HookFault::BadOutput { message: message.to_owned() }
}
