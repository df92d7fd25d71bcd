//! One row of the table of endpoints: what it takes, what it gives, who may ask.

use http::Method;

use super::authority::Scope;
use super::routes::Operation;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a body must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// No body; one that is sent is ignored up to a small size.
    Nothing,
    /// One JSON object of the schema.
    Json(&'static str),
    /// One JSON object of the schema, or nothing.
    OptionalJson(&'static str),
    /// A JSON merge patch (RFC 7396) of the schema.
    MergePatch(&'static str),
    /// A WebAssembly component.
    Wasm,
}

/// What goes back when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Nothing: 204.
    Nothing,
    /// One document of the schema, with its entity tag when it has a version.
    One(&'static str),
    /// One new document of the schema: 201.
    Created(&'static str),
    /// A page of documents of the schema.
    Page(&'static str),
    /// Plain text.
    Text,
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) verb: Verb,
    /// The path; `{name}` stands for one percent-encoded segment.
    pub(crate) path: &'static str,
    /// The scope it needs; open to everyone who reaches the listener when absent.
    pub(crate) scope: Option<Scope>,
    /// Another scope that may do: the handler looks at what it is about.
    pub(crate) or: Option<Scope>,
    pub(crate) takes: Takes,
    pub(crate) gives: Gives,
    /// Query parameters beside `limit` and `after`, which every page has.
    pub(crate) query: &'static [&'static str],
    /// Whether it needs `If-Match`.
    pub(crate) conditional: bool,
    pub(crate) summary: &'static str,
}

impl Route {
    pub(super) const fn get(operation: Operation, path: &'static str, scope: Scope, summary: &'static str) -> Self {
        Self::row(operation, Verb::Get, path, Some(scope), summary)
    }

    pub(super) const fn post(operation: Operation, path: &'static str, scope: Scope, summary: &'static str) -> Self {
        Self::row(operation, Verb::Post, path, Some(scope), summary)
    }

    pub(super) const fn open(operation: Operation, path: &'static str, summary: &'static str) -> Self {
        Self::row(operation, Verb::Get, path, None, summary)
    }

    pub(super) const fn row(operation: Operation, verb: Verb, path: &'static str, scope: Option<Scope>, summary: &'static str) -> Self {
        Self {
            operation,
            verb,
            path,
            scope,
            or: None,
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            query: &[],
            conditional: false,
            summary,
        }
    }

    /// Replaces the whole: needs `If-Match`.
    pub(super) const fn put(operation: Operation, path: &'static str, scope: Scope, schema: &'static str, summary: &'static str) -> Self {
        Self { conditional: true, ..Self::row(operation, Verb::Put, path, Some(scope), summary) }.takes(Takes::Json(schema)).one(schema)
    }

    /// Changes what is named: needs `If-Match`.
    pub(super) const fn patch(operation: Operation, path: &'static str, scope: Scope, schema: &'static str, summary: &'static str) -> Self {
        let row = Self::row(operation, Verb::Patch, path, Some(scope), summary);
        Self { conditional: true, ..row }.takes(Takes::MergePatch(schema)).one(schema)
    }

    pub(super) const fn delete(operation: Operation, path: &'static str, scope: Scope, summary: &'static str) -> Self {
        Self { conditional: true, ..Self::row(operation, Verb::Delete, path, Some(scope), summary) }
    }

    pub(super) const fn takes(self, takes: Takes) -> Self {
        Self { takes, ..self }
    }

    pub(super) const fn one(self, schema: &'static str) -> Self {
        Self { gives: Gives::One(schema), ..self }
    }

    pub(super) const fn created(self, schema: &'static str) -> Self {
        Self { gives: Gives::Created(schema), ..self }
    }

    pub(super) const fn page(self, schema: &'static str) -> Self {
        Self { gives: Gives::Page(schema), ..self }
    }

    pub(super) const fn or(self, scope: Scope) -> Self {
        Self { or: Some(scope), ..self }
    }

    pub(super) const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    /// The method as HTTP has it.
    pub(crate) const fn method(&self) -> Method {
        match self.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
        }
    }

    /// The names of the path's variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The query parameters.
    pub(crate) fn parameters(&self) -> Vec<&'static str> {
        let page: &[&str] = if matches!(self.gives, Gives::Page(_)) { &["limit", "after"] } else { &[] };
        page.iter().chain(self.query).copied().collect()
    }
}
