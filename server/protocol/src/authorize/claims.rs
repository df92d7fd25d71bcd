//! The `claims` parameter (OpenID Connect Core §5.5).

use serde_json::{Map, Value};

/// Claims that a client asks for by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimsRequest {
    /// Those for the ID token.
    pub id_token: Vec<ClaimWish>,
    /// Those for UserInfo.
    pub userinfo: Vec<ClaimWish>,
}

/// One claim that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimWish {
    /// Its name, perhaps with a language tag: `name#de`.
    pub name: Box<str>,
    /// Whether the client can hardly do without it.
    pub essential: bool,
    /// The values it should have one of; any where empty.
    pub values: Vec<Value>,
}

/// Why a `claims` parameter cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("claims must be a JSON object whose members id_token and userinfo are objects")]
pub struct InvalidClaims;

/// The most claims that may be asked for.
const CLAIMS_MAX: usize = 100;

impl ClaimsRequest {
    /// Reads the parameter; members that nobody knows are ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidClaims> {
        let object = claimsmith_jose::parse_object(text.as_bytes()).map_err(|_| InvalidClaims)?;
        Ok(Self { id_token: wishes(&object, "id_token")?, userinfo: wishes(&object, "userinfo")? })
    }

    /// A claim that the ID token is asked to have.
    pub fn of_id_token(&self, name: &str) -> Option<&ClaimWish> {
        self.id_token.iter().find(|wish| *wish.name == *name)
    }

    /// Every claim asked for, once, whatever for.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for wish in self.id_token.iter().chain(&self.userinfo) {
            if !names.contains(&&*wish.name) {
                names.push(&wish.name);
            }
        }
        names
    }
}

impl ClaimWish {
    /// Whether the value is one that the client asks for.
    pub fn is_met_by(&self, value: &Value) -> bool {
        self.values.is_empty() || self.values.contains(value)
    }
}

fn wishes(object: &Map<String, Value>, name: &str) -> Result<Vec<ClaimWish>, InvalidClaims> {
    let members = match object.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(InvalidClaims),
    };
    if members.len() > CLAIMS_MAX {
        return Err(InvalidClaims);
    }
    members.iter().map(|(name, wish)| read_wish(name, wish)).collect()
}

fn read_wish(name: &str, wish: &Value) -> Result<ClaimWish, InvalidClaims> {
    let plain = ClaimWish { name: name.into(), essential: false, values: Vec::new() };
    let members = match wish {
        Value::Null => return Ok(plain),
        Value::Object(members) => members,
        _ => return Err(InvalidClaims),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(essential) => essential.as_bool().ok_or(InvalidClaims)?,
    };
    let mut values: Vec<Value> = members.get("value").into_iter().cloned().collect();
    match members.get("values") {
        None => {}
        Some(Value::Array(several)) => values.extend(several.iter().cloned()),
        Some(_) => return Err(InvalidClaims),
    }
    Ok(ClaimWish { essential, values, ..plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clm_006_the_forms_of_a_claims_request() {
        let text = r#"{"userinfo":{"given_name":{"essential":true},"nickname":null,"name#de":null},
            "id_token":{"auth_time":{"essential":true},"acr":{"values":["a","b"]},"sub":{"value":"u1"}},"other":7}"#;
        let read = ClaimsRequest::parse(text).expect("good");
        let wish = |name: &str| read.of_id_token(name).expect("asked for").clone();
        assert!(wish("auth_time").essential && !wish("acr").essential);
        assert_eq!((wish("acr").values.len(), wish("sub").values), (2, vec![Value::from("u1")]));
        assert!(wish("sub").is_met_by(&"u1".into()) && !wish("sub").is_met_by(&"u2".into()) && wish("auth_time").is_met_by(&1.into()));
        let mut names = read.names();
        names.sort_unstable();
        assert_eq!(names, ["acr", "auth_time", "given_name", "name#de", "nickname", "sub"]);
    }

    #[test]
    fn clm_006_what_is_malformed_is_refused() {
        for bad in [
            "",
            "[]",
            "{",
            r#"{"id_token":[]}"#,
            r#"{"id_token":{"a":1}}"#,
            r#"{"userinfo":{"a":{"essential":"yes"}}}"#,
            r#"{"userinfo":{"a":{"values":"b"}}}"#,
            r#"{"id_token":{},"id_token":{}}"#,
        ] {
            assert_eq!(ClaimsRequest::parse(bad), Err(InvalidClaims), "{bad}");
        }
        assert_eq!(ClaimsRequest::parse("{}"), Ok(ClaimsRequest::default()));
    }
}
