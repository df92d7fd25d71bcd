use super::*;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, REFRESH, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use view::{Account, ClientCard, Complaint, Consent, DetailCard, ErrorKind, ErrorPage, Form, FormField, FormPost, Link, ScopeLine, SignIn};

fn pages() -> Pages {
    built(|_| {}).unwrap()
}

fn built(change: impl FnOnce(&mut Settings)) -> Result<Pages, PagesFault> {
    let mut settings = crate::config::read(&crate::config::Sources::default()).check().unwrap().pages;
    change(&mut settings);
    Pages::load(&settings, &"https://id.example".parse().unwrap())
}

fn html(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[test]
fn every_page_is_made_in_every_language_without_a_word_missing() {
    let pages = pages();
    for (name, view) in sample::views() {
        for language in pages.texts.all() {
            let made = pages.templates.render(&pages, language, &view);
            assert!(made.is_ok(), "{name} in {}: {}", pages.texts.tag(language), templates::brief(&made.unwrap_err()));
        }
    }
    let names: std::collections::BTreeSet<&str> = sample::views().iter().map(|(_, view)| view.name()).collect();
    assert_eq!(names.len(), View::NAMES.len(), "a page has no sample");
}

/// Text that would leave any place in HTML in which it is not escaped.
const PROBE: &str = "\"'></title></script><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}\u{202e}";

fn probes() -> Vec<View> {
    let text = || PROBE.to_owned();
    let form = || Form { action: text(), flow: Some(text()), csrf: text() };
    let client = || ClientCard {
        name: text(),
        logo: None,
        host: Some(text()),
        home: None,
        policy: Link::vetted("https://a.example/\"><script>"),
        terms: None,
    };
    let account = || Account { identifier: text(), name: Some(text()) };
    let said = || vec![Complaint::Said { text: text() }, Complaint::UpstreamFailed { provider: text() }];
    let sign_in = SignIn {
        form: form(),
        client: Some(client()),
        identifier: Some(text()),
        password: true,
        passkey: Some(view::PasskeyAsk { options: text() }),
        upstreams: vec![view::Upstream { id: text(), name: text() }],
        complaints: said(),
    };
    let detail = serde_json::json!({ "type": PROBE, PROBE: PROBE });
    let consent = Consent {
        device: false,
        named: true,
        message: Some(text()),
        form: form(),
        client: client(),
        account: account(),
        scopes: vec![ScopeLine { name: text(), description: None, optional: true, ticked: true }],
        claims: vec![text()],
        resources: vec![view::ResourceLine { identifier: text(), name: Some(text()) }],
        details: vec![DetailCard::of(&detail, None)],
        notes: vec![text()],
        complaints: said(),
    };
    let error = ErrorPage {
        kind: ErrorKind::BadRequest,
        client: Some(client()),
        detail: Some(text()),
        said: Some(text()),
        reference: text(),
        back: Link::vetted("https://a.example/\"><script>"),
    };
    let fields = vec![FormField { name: text().into(), value: text() }];
    let form_post = FormPost { target: Link::vetted("https://a.example/?\"><script>").unwrap(), client: text(), fields };
    let session = view::SessionLine { id: text(), device: text(), address: text(), began_at: 0, seen_at: 0, current: true };
    let sessions = view::Sessions { form: form(), account: account(), notice: None, sessions: vec![session.clone(), session] };
    let scopes = || consent.scopes.clone();
    let grant = view::GrantLine { id: text(), scopes: scopes(), issued_at: 0, renewed_at: Some(0) };
    let app = view::AppLine { id: text(), client: client(), scopes: scopes(), granted_at: 0, grants: vec![grant] };
    let passkey = view::PasskeyLine { id: text(), name: text(), added_at: 0, used_at: Some(0) };
    let add = view::PasskeyAsk { options: text() };
    let enrolment = view::Enrolment::Begun { uri: text(), secret: text() };
    vec![
        sign_in.into(),
        consent.into(),
        error.into(),
        form_post.into(),
        sessions.into(),
        view::Apps { form: form(), account: account(), notice: None, apps: vec![app] }.into(),
        view::Requests {
            form: form(),
            account: account(),
            notice: None,
            complaints: said(),
            requests: vec![view::RequestLine { id: text(), client: client(), message: Some(text()), expires_at: 0 }],
            has_code: true,
        }
        .into(),
        view::Passkeys { form: form(), account: account(), notice: None, complaints: said(), passkeys: vec![passkey], add: Some(add) }
            .into(),
        view::Authenticator { form: form(), account: account(), notice: None, complaints: said(), enrolment }.into(),
        view::RecoveryCodes { form: form(), account: account(), left: 1, codes: vec![text()] }.into(),
        view::SignOut { form: form(), client: Some(client()), account: account() }.into(),
        view::SignedOut { frames: vec![], next: Link::vetted("https://a.example/\"><script>"), next_name: Some(text()), wait: 1 }.into(),
        view::ChooseAccount { form: form(), client: Some(client()), accounts: vec![view::AccountLine { id: text(), account: account() }] }
            .into(),
    ]
}

#[test]
fn nothing_that_a_stranger_says_is_html() {
    let pages = pages();
    for view in probes() {
        let made = html(&pages.render(&pages.look_in("en"), &view));
        let ours = if view.name() == "form_post" { 1 } else { 0 } + made.matches("<script type=\"module\"").count();
        assert!(!made.contains("could not be made"), "{}", view.name());
        assert!(made.matches("<script").count() == ours && !made.contains("<img src=x") && !made.contains("onerror=alert(1)>"), "{made}");
        assert!(!made.contains("\"'>"), "{made}");
        assert!(made.contains("{{ 7*7 }}"), "{made}");
    }
}

#[test]
fn net_004_every_page_is_framed_by_nobody_stored_by_nobody_and_runs_nothing_inline() {
    let pages = pages();
    for (name, view) in sample::views() {
        let answer = pages.render(&pages.look_in("de"), &view);
        let header = |name: http::HeaderName| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header(CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'; base-uri 'none'"), "{name}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{name}: {policy}");
        assert_eq!((header(X_FRAME_OPTIONS), header(X_CONTENT_TYPE_OPTIONS)), ("DENY".into(), "nosniff".into()), "{name}");
        assert_eq!((header(CACHE_CONTROL), header(REFERRER_POLICY)), ("no-store".into(), "no-referrer".into()), "{name}");
        let made = html(&answer);
        assert!(made.contains("<html lang=\"de\" dir=\"ltr\">") && !made.contains(" style=") && !made.contains(" onclick"), "{name}");
        let scripts = policy.contains("script-src");
        assert_eq!(scripts, made.contains("<script"), "{name}: scripts and policy differ");
        assert_eq!(answer.headers.contains_key(REFRESH), name.starts_with("signed_out-"), "{name}");
    }
}

#[test]
fn net_004_browsers_come_back_by_https_only() {
    let said = |pages: Pages, issuer: &str| {
        let view = sample::views().swap_remove(0).1;
        let answer = pages.render(&pages.look_in("en"), &view);
        answer.headers.get(STRICT_TRANSPORT_SECURITY).map(|value| format!("{issuer}: {}", value.to_str().unwrap()))
    };
    assert_eq!(said(pages(), "ours"), Some("ours: max-age=31536000".to_owned()));
    assert_eq!(said(built(|settings| settings.https_only = None).unwrap(), "ours"), None);
    for local in ["https://localhost:8443", "https://localhost"] {
        let settings = crate::config::read(&crate::config::Sources::default()).check().unwrap().pages;
        assert_eq!(said(Pages::load(&settings, &local.parse().unwrap()).unwrap(), local), None, "other servers of this machine");
    }
}

#[test]
fn pages_of_a_walk_may_lead_to_the_client() {
    let pages = pages();
    let (_, view) = sample::views().swap_remove(0);
    let policy = |look: &Look| pages.render(look, &view).headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy(&pages.look_in("en")).contains("form-action 'self';"));
    let look = pages.look_in("en").leading_to("com.example.app:/cb");
    assert!(policy(&look).contains("form-action 'self' https: com.example.app:;"));
}

#[test]
fn an_operator_s_files_replace_ours_and_are_tried_before_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let with = |file: &str, text: &str| {
        let folder = folder.path().join(file);
        std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
        std::fs::write(&folder, text).unwrap();
        let folder = folder.parent().unwrap().to_owned();
        built(|settings| if file.ends_with(".ftl") { settings.texts_dir = Some(folder) } else { settings.templates_dir = Some(folder) })
    };
    let (_, view) = sample::views().swap_remove(0);
    let own = with("a/sign_in.html", "{% extends \"frame.html\" %}{% block main %}<h1>Own</h1>{{ view.form.csrf }}{% endblock %}").unwrap();
    assert!(html(&own.render(&own.look_in("en"), &view)).contains("<h1>Own</h1>"));
    let words = with("b/nl.ftl", "sign-in = Aanmelden\n").unwrap();
    let made = html(&words.render(&words.look_in("nl"), &view));
    assert!(made.contains("lang=\"nl\"") && made.contains("Aanmelden") && made.contains("Password"), "{made}");
    for (file, text, said) in [
        ("c/sign_in.html", "one\n{% if %}", "sign_in.html:2"),
        ("d/sign_in.html", "one\ntwo\n{{ view.nothing }}", "sign_in.html:3"),
        ("e/sign_in.html", "{{ t('no-such-text') }}", "sign_in.html:1"),
        ("f/sign_in.html", "{{ view.form.csrf|safe }}", "sign_in.html:1"),
        ("g/sign_in.html", "{% autoescape false %}{{ view.form.csrf }}{% endautoescape %}", "sign_in.html:1"),
        ("h/signin.html", "x", "signin.html"),
        ("i/de.ftl", "cancel = Halt\nbroken line\n", "de.ftl:2"),
        ("j/german.txt", "x", "german.txt"),
    ] {
        let Err(fault) = with(file, text) else { panic!("{file} was accepted") };
        assert!(fault.to_string().contains(said), "{file}: {fault}");
    }
}
