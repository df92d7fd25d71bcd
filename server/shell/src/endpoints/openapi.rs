//! The public endpoints as OpenAPI 3.1, made from the endpoint table.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Cors, ENDPOINTS, Endpoint, Kind, path_of};
use crate::http::Answer;
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "openapi",
    path: "/openapi.json",
    method: "GET",
    body_limit: 0,
    cors: Cors::Anyone,
    metadata: None,
    client_auth: false,
    summary: "This document.",
    kind: Kind::OpenApi,
};

pub(super) fn handle(rooms: &Rooms) -> Answer {
    Answer::json(StatusCode::OK, document(rooms.urls.origin(), rooms.urls.path()).to_string())
}

fn document(origin: &str, base: &str) -> Value {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let operation = operation(endpoint);
        let path = path_of(endpoint, base);
        let path = if matches!(endpoint.kind, Kind::Asset) { format!("{path}/{{file}}") } else { path };
        paths.insert(path, json!({ endpoint.method.to_ascii_lowercase(): operation }));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Claimsmith", "version": env!("CARGO_PKG_VERSION"), "summary": "OAuth 2 token server" },
        "servers": [{ "url": origin }],
        "paths": paths,
        "components": {
            "securitySchemes": { "client_secret_basic": { "type": "http", "scheme": "basic" } },
            "schemas": { "Error": {
                "type": "object",
                "required": ["error"],
                "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
            } },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let error = |status: &str| {
        (
            status.to_owned(),
            json!({ "description": "refused", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } }),
        )
    };
    let mut responses: Map<String, Value> = [("200".to_owned(), json!({ "description": "done" }))].into_iter().collect();
    let mut operation = json!({ "operationId": endpoint.name, "summary": endpoint.summary });
    if endpoint.client_auth {
        responses.extend(["400", "401", "429", "500", "503"].map(error));
        operation["security"] = json!([{ "client_secret_basic": [] }, {}]);
    }
    if matches!(endpoint.kind, Kind::Asset) {
        operation["parameters"] = json!([{ "name": "file", "in": "path", "required": true, "schema": { "type": "string" } }]);
    }
    if let Some(schema) = form_of(endpoint) {
        operation["requestBody"] = json!({ "required": true, "content": { "application/x-www-form-urlencoded": { "schema": schema } } });
    }
    operation["responses"] = Value::Object(responses);
    operation
}

fn form_of(endpoint: &Endpoint) -> Option<Value> {
    let text = || json!({ "type": "string" });
    match endpoint.kind {
        Kind::Token => Some(json!({
            "type": "object",
            "required": ["grant_type"],
            "properties": {
                "grant_type": { "type": "string", "enum": ["client_credentials"] },
                "scope": text(), "resource": { "type": "array", "items": text() },
                "client_id": text(), "client_secret": text(), "client_assertion": text(), "client_assertion_type": text(),
            },
        })),
        Kind::Introspection | Kind::Revocation => Some(json!({
            "type": "object",
            "required": ["token"],
            "properties": { "token": text(), "token_type_hint": text() },
        })),
        _ => None,
    }
}
