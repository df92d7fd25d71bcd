//! The OpenAPI 3.1 document of the admin API, made from the route table, so that it cannot say what is not there.

use serde_json::{Map, Value, json};

use super::authority::Scope;
use super::problem::Kind;
use super::routes::{Gives, ROUTES, Route, Takes, Verb};
use super::schemas::schemas;

/// The document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods.as_object_mut().expect("it was made an object").insert(verb(route.verb).to_owned(), operation(route));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Claimsmith admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Errors are problem documents (RFC 9457) that name every field at fault. Lists are paged by `limit` and `after`. \
                Updates carry `If-Match` with the entity tag of what was read. Instants are seconds since 1970-01-01T00:00:00Z.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": { "adminToken": {
                "type": "http", "scheme": "bearer", "bearerFormat": "csat_ and 43 characters",
                "description": "Made by `claimsmith admin-token create`.",
            } },
            "responses": { "Problem": {
                "description": problem_types(),
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        },
    })
}

fn problem_types() -> String {
    let types: Vec<String> = Kind::slugs().map(|slug| format!("`urn:claimsmith:problem:{slug}`")).collect();
    format!("A problem document; `type` is one of {}", types.join(", "))
}

fn operation(route: &Route) -> Value {
    let mut members = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag(route)],
        "parameters": parameters(route),
        "responses": responses(route),
        "security": route.scope.map_or_else(|| json!([]), |_| json!([{ "adminToken": [] }])),
    });
    let object = members.as_object_mut().expect("it is written as an object");
    if let Some(scope) = route.scope {
        let scopes: Vec<&str> = [Some(scope), route.or].into_iter().flatten().map(Scope::as_str).collect();
        object.insert("x-scopes".to_owned(), json!(scopes));
    }
    if let Some(body) = request_body(route.takes) {
        object.insert("requestBody".to_owned(), body);
    }
    members
}

/// The operation's name in lower camel case.
fn operation_id(route: &Route) -> String {
    let name = format!("{:?}", route.operation);
    name[..1].to_ascii_lowercase() + &name[1..]
}

fn tag(route: &Route) -> &'static str {
    match route.path.strip_prefix("/admin/v1/") {
        Some(rest) => rest.split(['/', '.']).next().unwrap_or(rest),
        None => "operations",
    }
}

const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn parameters(route: &Route) -> Value {
    let variables = route.variables().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let query = route.parameters().into_iter().map(|name| {
        let kind = match name {
            "limit" | "since" | "until" => "integer",
            "force" => "boolean",
            _ => "string",
        };
        json!({ "name": name, "in": "query", "required": false, "schema": { "type": kind } })
    });
    let condition = route.conditional.then(|| {
        json!({ "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" },
            "description": "The entity tag of the version that is to be changed, or `*`" })
    });
    variables.chain(query).chain(condition).collect()
}

fn request_body(takes: Takes) -> Option<Value> {
    let (media_type, schema, required) = match takes {
        Takes::Nothing => return None,
        Takes::Json(schema) => ("application/json", reference(schema), true),
        Takes::OptionalJson(schema) => ("application/json", reference(schema), false),
        Takes::MergePatch(schema) => ("application/merge-patch+json", reference(schema), true),
        Takes::Wasm => ("application/wasm", json!({ "type": "string", "contentMediaType": "application/wasm" }), true),
    };
    Some(json!({ "required": required, "content": { media_type: { "schema": schema } } }))
}

fn responses(route: &Route) -> Value {
    let (status, content) = match route.gives {
        Gives::Nothing => ("204", None),
        Gives::One(schema) => ("200", Some(("application/json", reference(schema)))),
        Gives::Created(schema) => ("201", Some(("application/json", reference(schema)))),
        Gives::Page(schema) => {
            let page = json!({ "type": "object", "required": ["items"], "properties": {
                "items": { "type": "array", "items": reference(schema) },
                "next": { "type": "string", "description": "The `after` of the next page; absent on the last" },
            } });
            ("200", Some(("application/json", page)))
        }
        Gives::Text => ("200", Some(("text/plain", json!({ "type": "string" })))),
    };
    let mut done = json!({ "description": "Done" });
    if let Some((media_type, schema)) = content {
        done["content"] = json!({ media_type: { "schema": schema } });
    }
    json!({ status: done, "default": { "$ref": "#/components/responses/Problem" } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let document = document();
        let mut written = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                written.insert((path.clone(), method.clone()));
            }
        }
        let routed: BTreeSet<_> = ROUTES.iter().map(|route| (route.path.to_owned(), verb(route.verb).to_owned())).collect();
        assert_eq!(written, routed);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document();
        let text = document.to_string();
        let used: BTreeSet<&str> = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let defined: BTreeSet<&str> = document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(used, defined);
    }

    #[test]
    fn operations_have_names_of_their_own_and_path_variables_are_declared() {
        let document = document();
        let mut names = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for operation in methods.as_object().unwrap().values() {
                assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()));
                let declared = operation["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["in"] == "path").count();
                assert_eq!(declared, path.matches('{').count(), "{path}");
            }
        }
    }
}
