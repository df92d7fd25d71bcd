//! Errors of the admin API: problem documents ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) that name every field at fault.

use http::StatusCode;
use http::header::{ALLOW, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use crate::http::{Answer, RequestId};

/// The kinds of problems: one row each in [`Kind::row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The body is not one JSON object with distinct members.
    MalformedBody,
    /// The query string has something that this list does not know.
    InvalidQuery,
    /// Fields of the body are wrong; `errors` names each.
    InvalidFields,
    /// No bearer token, or none that we know.
    Unauthenticated,
    /// The token lacks the scope.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// There is such a thing already, or something still refers to it.
    Conflict,
    /// Nodes have not compiled the version yet.
    NotReady,
    /// `If-Match` names another version.
    PreconditionFailed,
    /// An update without `If-Match`.
    PreconditionRequired,
    /// The body is larger than this endpoint takes.
    TooLarge,
    /// The body is of another media type than this endpoint takes.
    UnsupportedMediaType,
    /// The component was refused; `detail` says why.
    PluginRefused,
    /// The database is away or slow.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::MalformedBody,
        Self::InvalidQuery,
        Self::InvalidFields,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::NotReady,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::PluginRefused,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Status, the last part of `type`, and `title`.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedBody => (StatusCode::BAD_REQUEST, "malformed-body", "The body is not one JSON object with distinct members"),
            Self::InvalidQuery => (StatusCode::BAD_REQUEST, "invalid-query", "The query is wrong"),
            Self::InvalidFields => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", "Fields are wrong"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid admin token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "The admin token may not do this"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "The change conflicts with what there is"),
            Self::NotReady => (StatusCode::CONFLICT, "not-ready", "Not every node is ready"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition-failed", "It was changed in the meantime"),
            Self::PreconditionRequired => (StatusCode::PRECONDITION_REQUIRED, "precondition-required", "An update carries If-Match"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has another media type"),
            Self::PluginRefused => (StatusCode::UNPROCESSABLE_ENTITY, "plugin-refused", "The plugin was refused"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again later"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server met an unexpected condition"),
        }
    }

    /// The slug of each kind, for the OpenAPI document.
    pub(crate) fn slugs() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(|kind| kind.row().1)
    }
}

/// One field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// The member's name; nested ones with dots, elements with their index: `lifetimes.access_token`, `tags.3`.
    pub(crate) field: String,
    /// What is wrong, and what to do.
    pub(crate) detail: String,
}

/// An error on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// What kind of error.
    pub(crate) kind: Kind,
    /// What happened, for people.
    pub(crate) detail: String,
    /// Fields at fault.
    pub(crate) errors: Vec<FieldError>,
    /// Further members.
    pub(crate) more: Map<String, Value>,
}

impl Problem {
    /// A problem with nothing but words.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), more: Map::new() }
    }

    /// Fields are wrong.
    // Invariant: `errors` is not empty.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect::<Vec<_>>().join("; ");
        Self { kind: Kind::InvalidFields, detail, errors, more: Map::new() }
    }

    /// One field is wrong.
    pub(crate) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), detail: detail.into() }])
    }

    /// There is no such thing.
    pub(crate) fn not_found(kind: &str, key: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no {kind} `{key}`"))
    }

    /// With one more member.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// The status it leaves with.
    pub(crate) const fn status(&self) -> StatusCode {
        self.kind.row().0
    }

    /// The document (RFC 9457 §3.1). `field` repeats the first of `errors` for those who look for one.
    pub(crate) fn document(&self, request: Option<RequestId>) -> Value {
        let (status, slug, title) = self.kind.row();
        let mut members = json!({
            "type": format!("urn:claimsmith:problem:{slug}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
        });
        let object = members.as_object_mut().expect("it is written as an object");
        if let Some(first) = self.errors.first() {
            object.insert("field".to_owned(), json!(first.field));
            let errors: Vec<Value> = self.errors.iter().map(|error| json!({ "field": error.field, "detail": error.detail })).collect();
            object.insert("errors".to_owned(), json!(errors));
        }
        if let Some(request) = request {
            object.insert("request_id".to_owned(), json!(request.to_string()));
        }
        object.extend(self.more.clone());
        members
    }

    /// The answer.
    pub(crate) fn answer(&self, request: Option<RequestId>) -> Answer {
        let body = serde_json::to_vec(&self.document(request)).expect("a JSON value always renders");
        let answer = Answer::of(self.status(), "application/problem+json", body).uncached();
        match self.kind {
            // RFC 6750 §3.
            Kind::Unauthenticated => answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"claimsmith admin\"")),
            Kind::Unavailable => answer.retry_after(1),
            Kind::MethodNotAllowed => match self.more.get("allow").and_then(Value::as_str).map(HeaderValue::from_str) {
                Some(Ok(allow)) => answer.with(ALLOW, allow),
                _ => answer,
            },
            _ => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_every_field() {
        let errors = ["scope", "jwks_uri"].map(|field| FieldError { field: field.to_owned(), detail: "is wrong".to_owned() });
        let document = Problem::fields(errors.to_vec()).document(None);
        assert_eq!(document["status"], 422);
        assert_eq!(document["type"], "urn:claimsmith:problem:invalid-fields");
        assert_eq!(document["field"], "scope");
        assert_eq!(document["errors"][1]["field"], "jwks_uri");
        assert_eq!(document["detail"], "scope: is wrong; jwks_uri: is wrong");
    }

    #[test]
    fn every_kind_is_an_error_of_its_own_name() {
        let slugs: std::collections::BTreeSet<_> = Kind::slugs().collect();
        assert_eq!(slugs.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let answer = Problem::new(kind, "x").answer(None);
            assert!(answer.status.is_client_error() || answer.status.is_server_error());
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
        assert!(Problem::new(Kind::Unauthenticated, "x").answer(None).headers.contains_key("www-authenticate"));
    }
}
