//! A person with a browser: cookies, pages, forms that are posted as they stand. No script runs.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use url::Url;

use crate::{Dev, Reply, encode, send};

/// Where a browser ended up.
#[derive(Debug)]
pub enum Landed {
    /// On a page of the server.
    Page(Reply),
    /// At a client: the URL it was sent to.
    Client(Url),
}

impl Landed {
    /// The page.
    pub fn page(self) -> Reply {
        match self {
            Self::Page(reply) => reply,
            Self::Client(url) => panic!("sent to {url}"),
        }
    }

    /// The client's URL.
    pub fn client(self) -> Url {
        match self {
            Self::Client(url) => url,
            Self::Page(reply) => panic!("still on a page: {} {}", reply.status, reply.body),
        }
    }

    /// A parameter of the answer at the client: of its query, or of its fragment.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let Self::Client(url) = self else { panic!("still on a page: {self:?}") };
        let text = url.fragment().or_else(|| url.query()).unwrap_or_default();
        url::form_urlencoded::parse(text.as_bytes()).find(|(held, _)| held == name).map(|(_, value)| value.into_owned())
    }
}

/// A person with a browser of their own.
pub struct Person {
    http: Client,
    issuer: String,
    cookies: Mutex<BTreeMap<String, String>>,
    /// What they type as their name.
    pub username: String,
    /// What they type as their password.
    pub password: String,
}

impl Person {
    /// Alice of the demo.
    pub fn alice(dev: &Dev) -> Self {
        let file = dev.info["demo"]["password_file"].as_str().expect("a path");
        let password = std::fs::read_to_string(file).expect("a password").trim().to_owned();
        Self::new(dev, "alice", &password)
    }

    /// Bob of the demo.
    pub fn bob(dev: &Dev) -> Self {
        let file = dev.info["demo"]["password_file"].as_str().expect("a path").replace("alice", "bob");
        let password = std::fs::read_to_string(file).expect("a password").trim().to_owned();
        Self::new(dev, "bob", &password)
    }

    /// Somebody with a name and a password, and a browser that knows nothing.
    pub fn new(dev: &Dev, username: &str, password: &str) -> Self {
        Self::at(&dev.http, dev.issuer(), username, password)
    }

    /// Somebody at a server by its issuer, through a client that finds it.
    pub fn at(http: &Client, issuer: &str, username: &str, password: &str) -> Self {
        Self {
            http: http.clone(),
            issuer: issuer.to_owned(),
            cookies: Mutex::default(),
            username: username.to_owned(),
            password: password.to_owned(),
        }
    }

    /// A cookie of the browser.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("not poisoned").get(name).cloned()
    }

    /// Puts a cookie into the browser; an empty value takes it away.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().expect("not poisoned");
        if value.is_empty() {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn send(&self, request: RequestBuilder) -> Reply {
        let cookies = self.cookies.lock().expect("not poisoned").clone();
        let header = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = if header.is_empty() { request } else { request.header(COOKIE, header) };
        let reply = send(request.header("user-agent", "Person/1.0 (test)"));
        for set in reply.headers.get_all(SET_COOKIE) {
            let text = set.to_str().expect("text");
            let (pair, attributes) = text.split_once(';').expect("attributes");
            // One cookie is for a frame of the server within a client's page.
            let for_frame = text.starts_with("__Host-claimsmith-state=");
            let guards = if for_frame { ["Secure", "Path=/", "SameSite=None"] } else { ["Secure; HttpOnly", "Path=/", "SameSite=Lax"] };
            for attribute in guards {
                assert!(attributes.contains(attribute), "{text}");
            }
            let (name, value) = pair.split_once('=').expect("a pair");
            self.set_cookie(name, if attributes.contains("Max-Age=0") { "" } else { value });
        }
        reply
    }

    /// Fetches a URL, without following anything.
    pub fn fetch(&self, url: &str) -> Reply {
        self.send(self.http.get(url))
    }

    /// Posts a form, without following anything.
    pub fn post(&self, url: &str, form: &str) -> Reply {
        self.send(self.http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned()))
    }

    /// Goes to a URL, and on as the server says until there is a page or the server's realm is left.
    pub fn go(&self, url: &str) -> Landed {
        self.follow(self.fetch(url))
    }

    /// Goes on from an answer.
    pub fn follow(&self, mut reply: Reply) -> Landed {
        for _ in 0..10 {
            if !(300..400).contains(&reply.status) {
                return Landed::Page(reply);
            }
            assert_eq!(reply.status, 303, "a redirect never repeats a form: {reply:?}");
            let location = reply.header("location").to_owned();
            if !location.starts_with(&self.issuer) {
                return Landed::Client(Url::parse(&location).unwrap_or_else(|error| panic!("{error}: {location}")));
            }
            reply = self.fetch(&location);
        }
        panic!("too many redirects: {reply:?}")
    }

    /// Posts the form of a page, with more fields beside its hidden ones.
    pub fn submit(&self, page: &Reply, fields: &[(&str, &str)]) -> Landed {
        let action = attribute(&page.body, "<form", "action").expect("a form");
        let mut form: Vec<String> = Vec::new();
        for name in ["flow", "csrf"] {
            if let Some(value) = hidden(&page.body, name) {
                form.push(format!("{name}={}", encode(&value)));
            }
        }
        form.extend(fields.iter().map(|(name, value)| format!("{name}={}", encode(value))));
        let action = if action.starts_with("https://") { action } else { format!("{}{action}", origin(&self.issuer)) };
        self.follow(self.post(&action, &form.join("&")))
    }

    /// Types name and password.
    pub fn sign_in(&self, page: &Reply) -> Landed {
        self.submit(page, &[("identifier", &self.username), ("password", &self.password), ("action", "password")])
    }

    /// Agrees to all that the page names.
    pub fn allow(&self, page: &Reply) -> Landed {
        let (scopes, claims) = (values(&page.body, "scope"), values(&page.body, "claim"));
        let mut fields: Vec<(&str, &str)> = scopes.iter().map(|scope| ("scope", scope.as_str())).collect();
        fields.extend(claims.iter().map(|claim| ("claim", claim.as_str())));
        fields.push(("action", "allow"));
        self.submit(page, &fields)
    }

    /// Goes all the way: signs in and agrees wherever that is asked for.
    pub fn walk(&self, url: &str) -> Landed {
        let mut landed = self.go(url);
        for _ in 0..4 {
            let Landed::Page(page) = &landed else { return landed };
            if page.status != 200 {
                return landed;
            }
            landed = match () {
                () if page.body.contains("value=\"allow\"") => self.allow(page),
                () if page.body.contains("name=\"identifier\"") => self.sign_in(page),
                () if page.body.contains("value=\"password\"") => {
                    self.submit(page, &[("password", &self.password), ("action", "password")])
                }
                () => return landed,
            };
        }
        landed
    }
}

fn origin(url: &str) -> String {
    Url::parse(url).expect("a URL").origin().ascii_serialization()
}

/// The value of an attribute of the first tag that begins so.
pub fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let tag = &html[html.find(tag)?..];
    let tag = &tag[..tag.find('>')?];
    let value = tag.split_once(&format!("{name}=\""))?.1;
    Some(unescape(value.split('"').next()?))
}

/// The value of a hidden field.
pub fn hidden(html: &str, name: &str) -> Option<String> {
    values(html, name).into_iter().next()
}

/// The values of all inputs of a name.
pub fn values(html: &str, name: &str) -> Vec<String> {
    let tags = html.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let named = tags.filter(|tag| tag.contains(&format!("name=\"{name}\"")));
    named.filter_map(|tag| tag.split_once("value=\"")?.1.split('"').next().map(unescape)).collect()
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&#x2f;", "/")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
