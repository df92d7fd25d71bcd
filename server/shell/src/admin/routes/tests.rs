use super::*;
use std::collections::HashSet;

fn operation(method: &Method, path: &str) -> Option<(Operation, Vec<String>)> {
    match find(method, path) {
        Found::Route(route, values) => Some((route.operation, values)),
        _ => None,
    }
}

#[test]
fn every_row_leads_to_itself_and_to_nothing_else() {
    let mut operations = HashSet::new();
    let mut rows = HashSet::new();
    for route in ROUTES {
        assert!(operations.insert(route.operation), "{:?} is there twice", route.operation);
        assert!(rows.insert((route.path, route.method())), "{} is there twice", route.path);
        let sample = route.path.replace('{', "x").replace('}', "");
        assert_eq!(operation(&route.method(), &sample).unwrap().0, route.operation, "{}", route.path);
    }
    assert_eq!(operations.len(), Operation::Metrics as usize + 1, "every operation has a row");
}

#[test]
fn variables_are_single_segments_percent_decoded() {
    let (found, values) = operation(&Method::GET, "/admin/v1/resources/https%3A%2F%2Fapi.example%2Fv1").unwrap();
    assert_eq!((found, values), (Operation::ShowResource, vec!["https://api.example/v1".to_owned()]));
    assert!(operation(&Method::GET, "/admin/v1/clients/").is_none());
    assert!(operation(&Method::GET, "/admin/v1/clients/%ff").is_none());
    assert!(operation(&Method::GET, "/admin/v1/clients/a/b").is_none());
    assert!(operation(&Method::GET, "/admin/v1/clients/a/").is_none());
    assert_eq!(operation(&Method::POST, "/admin/v1/keys/reseal").unwrap().0, Operation::ResealKeys);
}

#[test]
fn other_methods_are_named() {
    let Found::OtherMethods(methods) = find(&Method::DELETE, "/admin/v1/clients") else { panic!("not allowed") };
    assert_eq!(methods, [Method::GET, Method::POST]);
    assert!(matches!(find(&Method::GET, "/admin/v2/clients"), Found::Nothing));
    assert!(matches!(find(&Method::GET, "/"), Found::Nothing));
}

#[test]
fn whatever_changes_something_needs_a_write_scope() {
    for route in ROUTES {
        let reads = route.verb == Verb::Get || matches!(route.operation, Op::IntrospectToken | Op::ExplainToken);
        let scope = route.scope.map_or("", Scope::as_str);
        assert_eq!(scope.ends_with(":write"), !reads, "{}", route.path);
        assert!(!route.conditional || !reads);
    }
}
