//! One request and its answer.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, DATE, EXPIRES, HeaderMap};
use reqwest::{Certificate, Client, RequestBuilder, Response, redirect};

use super::lookup::GuardedLookup;
use super::{FetchFault, FetchRefusal, FetchSettings, Fetched, Guard, Lookup, Purpose};

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";
/// The media types of JSON.
const JSON: &str = "application/jwk-set+json, application/json";

/// The HTTP client, as guarded as it gets.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    client: Client,
    max_bytes: usize,
}

impl Exchange {
    pub(super) fn new(settings: &FetchSettings, guard: &Arc<Guard>, lookup: Arc<dyn Lookup>) -> Result<Self, FetchFault> {
        let extra = settings.extra_ca_file.as_deref().map(certificates).transpose()?.unwrap_or_default();
        let client = Client::builder()
            .user_agent(concat!("claimsmith/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(GuardedLookup { guard: Arc::clone(guard), lookup })
            .https_only(true)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .tls_certs_merge(extra)
            // Security: a proxy would resolve names itself; a redirect would lead past everything that was looked at.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout)
            // Documents are fetched minutes apart: nothing is gained by holding strangers' connections open.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(FetchFault::Tls)?;
        Ok(Self { client, max_bytes: settings.max_bytes })
    }

    pub(super) async fn run(&self, url: url::Url, purpose: Purpose) -> Result<Fetched, FetchRefusal> {
        match purpose {
            Purpose::Json { bearer, within } => {
                let exchange = Self { max_bytes: self.max_bytes.min(within.unwrap_or(usize::MAX)), ..self.clone() };
                let request = self.client.get(url);
                let request = bearer.iter().fold(request, |request, token| request.bearer_auth(token.expose()));
                exchange.bring(request, JSON, is_json, FetchRefusal::ContentType).await
            }
            Purpose::Exchange { form, basic } => {
                let request = self.client.post(url).header(CONTENT_TYPE, FORM).body(form.expose().clone());
                let request = basic.iter().fold(request, |request, (name, secret)| request.basic_auth(name, Some(secret.expose())));
                self.bring(request, JSON, is_json, FetchRefusal::ContentType).await
            }
            Purpose::RequestObject => {
                let accepted = "application/oauth-authz-req+jwt, application/jwt";
                self.bring(self.client.get(url), accepted, is_request_object, FetchRefusal::NoRequestObject).await
            }
            Purpose::Form(form) => hand_over(self.client.post(url).header(CONTENT_TYPE, FORM).body(form)).await,
            Purpose::Document { body, bearer } => {
                let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
                hand_over(request.bearer_auth(bearer.expose()).body(body.expose().clone())).await
            }
        }
    }

    async fn bring(
        &self,
        request: RequestBuilder,
        accepted: &'static str,
        is_wanted: fn(&str) -> bool,
        otherwise: FetchRefusal,
    ) -> Result<Fetched, FetchRefusal> {
        let answer = request.header(ACCEPT, accepted).send().await.map_err(|error| refusal(&error))?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(FetchRefusal::Status(answer.status().as_u16()));
        }
        let headers = answer.headers();
        if !is_wanted(&media_type(headers)) {
            return Err(otherwise);
        }
        if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(FetchRefusal::Encoded);
        }
        let max_age = max_age(headers);
        Ok(Fetched { body: self.body(answer).await?, max_age })
    }

    /// Reads the body as it comes, and stops at the first byte too many.
    async fn body(&self, mut answer: Response) -> Result<Bytes, FetchRefusal> {
        let too_long = FetchRefusal::TooLong(self.max_bytes);
        if answer.content_length().is_some_and(|length| length > self.max_bytes as u64) {
            return Err(too_long);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| refusal(&error))? {
            if chunk.len() > self.max_bytes - body.len() {
                return Err(too_long);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// Hands something over; what comes back is left unread.
async fn hand_over(request: RequestBuilder) -> Result<Fetched, FetchRefusal> {
    let answer = request.send().await.map_err(|error| refusal(&error))?;
    match answer.status().as_u16() {
        200 | 204 => Ok(Fetched { body: Bytes::new(), max_age: None }),
        status => Err(FetchRefusal::Status(status)),
    }
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<Certificate>, FetchFault> {
    let pem = std::fs::read(path).map_err(|cause| FetchFault::CaFile { path: path.to_owned(), cause })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(FetchFault::NoCertificates { path: path.to_owned() }),
    }
}

/// What the body calls itself, without parameters and in small letters; empty where it says nothing.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// JSON: `application/json` or a type with the suffix `+json` (RFC 6839 §3.1).
fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A request object (RFC 9101 §5.2.3), or a JWT that does not say what for.
fn is_request_object(essence: &str) -> bool {
    matches!(essence, "application/oauth-authz-req+jwt" | "application/jwt")
}

/// How long the answer may be kept (RFC 9111 §5.2.2, §5.3).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = values.flat_map(|value| value.split(',')).map(str::trim);
    let mut found = None;
    for directive in directives {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => found = argument.trim_matches('"').parse().ok().map(Duration::from_secs),
            _ => {}
        }
    }
    found.or_else(|| expires(headers))
}

/// `Expires`, from `Date` on; a date that is none is over (RFC 9111 §5.3).
fn expires(headers: &HeaderMap) -> Option<Duration> {
    let at = |name| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok();
    headers.get(EXPIRES)?;
    let until = at(EXPIRES).zip(at(DATE)).and_then(|(until, from)| until.duration_since(from).ok());
    Some(until.unwrap_or(Duration::ZERO))
}

/// What went wrong, from the depths of the client: our own resolver's word is down there too.
fn refusal(error: &reqwest::Error) -> FetchRefusal {
    let mut deepest: &dyn Error = error;
    loop {
        if let Some(ours) = deepest.downcast_ref::<FetchRefusal>() {
            return ours.clone();
        }
        match deepest.source() {
            Some(source) => deepest = source,
            None => break,
        }
    }
    if error.is_timeout() { FetchRefusal::TimedOut } else { FetchRefusal::Connection(deepest.to_string().into()) }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(name: &reqwest::header::HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn caj_012_only_json_types_are_read() {
        let json = ["application/json", "APPLICATION/JSON; charset=utf-8", "application/jwk-set+json", "application/problem+json"];
        for value in json {
            assert!(is_json(&media_type(&headers(&CONTENT_TYPE, &[value]))), "{value}");
        }
        let others = [
            "text/html",
            "text/html; application/json",
            "text/json",
            "application/jsonp",
            "",
            "image/svg+json",
            "application/octet-stream",
        ];
        for value in others {
            assert!(!is_json(&media_type(&headers(&CONTENT_TYPE, &[value]))), "{value}");
        }
        assert!(!is_json(&media_type(&HeaderMap::new())));
    }

    #[test]
    fn lifetimes_are_read_from_cache_control() {
        let seconds = |value| max_age(&headers(&CACHE_CONTROL, value)).map(|age| age.as_secs());
        assert_eq!(seconds(&["public, max-age=600, must-revalidate"]), Some(600));
        assert_eq!(seconds(&["public", "Max-Age=\"60\""]), Some(60));
        assert_eq!(seconds(&["max-age=600, no-store"]), Some(0));
        assert_eq!(seconds(&["no-cache"]), Some(0));
        assert_eq!(seconds(&["max-age=-1"]), None);
        assert_eq!(seconds(&["max-age"]), None);
        assert_eq!(seconds(&[]), None);
    }

    #[test]
    fn cim_008_expires_counts_from_the_date_of_the_answer() {
        let of = |expires: &'static str, rest: &[(reqwest::header::HeaderName, &'static str)]| {
            let mut held = headers(&EXPIRES, &[expires]);
            held.extend(rest.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))));
            max_age(&held).map(|age| age.as_secs())
        };
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(of("Sun, 06 Nov 1994 08:59:37 GMT", std::slice::from_ref(&date)), Some(600));
        assert_eq!(of("Sun, 06 Nov 1994 08:59:37 GMT", &[date.clone(), (CACHE_CONTROL, "max-age=5")]), Some(5));
        assert_eq!(of("Sun, 06 Nov 1994 08:39:37 GMT", std::slice::from_ref(&date)), Some(0));
        assert_eq!(of("0", &[date]), Some(0));
    }
}
