//! Lists: a page at a time, with a cursor to the next.

use claimsmith_jose::base64url;
use serde_json::{Value, json};

use super::problem::{FieldError, Kind, Problem};

/// Elements of a page when nobody says.
const DEFAULT: usize = 50;
/// Most elements of a page.
pub(crate) const MAX: usize = 500;

/// Parameters of a query string, each at most once.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many.
    pub(crate) limit: usize,
    /// The key after which it begins.
    pub(crate) after: Option<String>,
}

impl Page {
    /// How many rows to ask for: one more than is shown, to know whether there are more.
    pub(crate) fn ask(&self) -> u32 {
        u32::try_from(self.limit + 1).unwrap_or(u32::MAX)
    }
}

impl Query {
    /// Reads a query string; only `known` names, each once.
    pub(crate) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let hint = match known {
                    [] => "takes no parameters here".to_owned(),
                    known => format!("knows {}", known.join(", ")),
                };
                return Err(wrong(&name, &format!("is not known; the query {hint}")));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(wrong(&name, "is there twice"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// A parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is a whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.text(name).map(|text| text.parse().map_err(|_| wrong(name, "must be an integer"))).transpose()
    }

    /// `limit` and `after`.
    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let limit = match self.integer("limit")? {
            None => DEFAULT,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=MAX).contains(limit))
                .ok_or_else(|| wrong("limit", &format!("must be between 1 and {MAX}")))?,
        };
        let decode = |cursor: &str| {
            let key = base64url::decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            key.ok_or_else(|| wrong("after", "must be the `next` of an earlier answer"))
        };
        Ok(Page { limit, after: self.text("after").map(decode).transpose()? })
    }
}

/// A parameter is wrong.
pub(crate) fn wrong(field: &str, detail: &str) -> Problem {
    let error = FieldError { field: super::fields::shorten(field), detail: detail.to_owned() };
    Problem { kind: Kind::InvalidQuery, detail: format!("{}: {detail}", error.field), errors: vec![error], more: serde_json::Map::new() }
}

/// The document of a page. `next` is there when more may follow: the cursor of the last element's key.
pub(crate) fn document(mut items: Vec<(String, Value)>, page: &Page) -> Value {
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    let next = items.last().filter(|_| more).map(|(key, _)| base64url::encode(key));
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    match next {
        Some(next) => json!({ "items": items, "next": next }),
        None => json!({ "items": items }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_begins() {
        let page = Page { limit: 2, after: None };
        let items = |count: usize| (0..count).map(|n| (format!("k{n}"), json!(n))).collect::<Vec<_>>();
        assert_eq!(document(items(2), &page), json!({ "items": [0, 1] }));
        let first = document(items(3), &page);
        assert_eq!(first["items"], json!([0, 1]));
        let query = format!("after={}&limit=9", first["next"].as_str().unwrap());
        let page = Query::parse(Some(&query), &["limit", "after"]).unwrap().page().unwrap();
        assert_eq!(page, Page { limit: 9, after: Some("k1".to_owned()) });
    }

    #[test]
    fn wrong_queries_are_refused() {
        for query in ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "afer=x", "after=%%%", "after=!"] {
            let parsed = Query::parse(Some(query), &["limit", "after"]).and_then(|query| query.page());
            assert_eq!(parsed.unwrap_err().kind, Kind::InvalidQuery, "{query}");
        }
        assert_eq!(Query::default().page().unwrap(), Page { limit: DEFAULT, after: None });
    }
}
