//! Sample data for every page and every state of it. An operator's templates and texts are tried with it before the server
//! starts, and the pages are looked at and audited with it.

use serde_json::json;

use super::view::{
    Account, AccountLine, AppLine, Apps, Authenticator, ChooseAccount, ClientCard, Complaint, Consent, DetailCard, Device, DeviceDone,
    Enrolment, ErrorKind, ErrorPage, Form, FormField, FormPost, GrantLine, Link, Notice, Overview, PasskeyAsk, PasskeyLine, PasskeySignIn,
    Passkeys, PasswordChange, Reason, Reauthenticate, RecoveryCode, RecoveryCodes, RequestLine, Requests, ResourceLine, ScopeLine,
    SecondFactor, SessionLine, Sessions, SignIn, SignOut, SignedOut, Upstream, View,
};

/// Every page in every state, each with a name that begins with the page's.
pub fn views() -> Vec<(String, View)> {
    let mut all: Vec<(String, View)> = Vec::new();
    for (state, view) in signing_in().into_iter().chain(deciding()).chain(leaving()).chain(account()) {
        all.push((if state.is_empty() { view.name().to_owned() } else { format!("{}-{state}", view.name()) }, view));
    }
    for kind in ErrorKind::ALL {
        all.push((format!("error-{}", kind.name()), error(*kind)));
    }
    all
}

type Named = (&'static str, View);

fn form() -> Form {
    Form { action: "/signin".to_owned(), flow: Some("Zmxvdy1vZi1hLXNhbXBsZQ".to_owned()), csrf: "Y3NyZi1vZi1hLXNhbXBsZQ".to_owned() }
}

fn link(text: &str) -> Option<Link> {
    Link::vetted(text)
}

fn client() -> ClientCard {
    ClientCard {
        name: "Harbour Books".to_owned(),
        logo: None,
        host: None,
        home: link("https://books.example/"),
        policy: link("https://books.example/privacy"),
        terms: link("https://books.example/terms"),
    }
}

fn person() -> Account {
    Account { identifier: "ada@example.com".to_owned(), name: Some("Ada Lovelace".to_owned()) }
}

fn request() -> PasskeyAsk {
    let options =
        json!({ "challenge": "c2FtcGxlLWNoYWxsZW5nZQ", "rpId": "localhost", "userVerification": "preferred", "timeout": 300_000 });
    PasskeyAsk { options: options.to_string() }
}

fn creation() -> PasskeyAsk {
    let options = json!({
        "challenge": "c2FtcGxlLWNoYWxsZW5nZQ",
        "rp": { "id": "localhost", "name": "Claimsmith" },
        "user": { "id": "YWRh", "name": "ada@example.com", "displayName": "Ada Lovelace" },
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
    });
    PasskeyAsk { options: options.to_string() }
}

fn scope(name: &str, description: Option<&str>, optional: bool) -> ScopeLine {
    ScopeLine { name: name.to_owned(), description: description.map(str::to_owned), optional, ticked: optional }
}

fn signing_in() -> Vec<Named> {
    let upstreams = vec![Upstream { id: "campus".to_owned(), name: "Campus ID".to_owned() }];
    let sign_in = SignIn {
        form: form(),
        client: Some(client()),
        identifier: None,
        password: true,
        passkey: Some(request()),
        upstreams,
        complaints: Vec::new(),
    };
    let plain = SignIn { client: None, passkey: None, upstreams: Vec::new(), ..sign_in.clone() };
    let hinted = SignIn { identifier: Some(person().identifier), ..plain.clone() };
    let wrong =
        SignIn { complaints: vec![Complaint::WrongCredentials], ..SignIn { identifier: Some(person().identifier), ..sign_in.clone() } };
    let other = vec![Complaint::UpstreamFailed { provider: "Campus ID".to_owned() }, Complaint::FormExpired, Complaint::PasskeyRefused];
    let without_password = SignIn { password: false, complaints: other, ..sign_in.clone() };
    let factor = SecondFactor { form: form(), client: Some(client()), account: person(), recovery: true, complaints: Vec::new() };
    let late = vec![Complaint::WrongCode, Complaint::TooMany { minutes: 1 }, Complaint::TooMany { minutes: 15 }];
    let recovery = RecoveryCode { form: form(), client: Some(client()), account: person(), complaints: Vec::new() };
    let used = vec![Complaint::WrongRecoveryCode, Complaint::Missing("code")];
    let passkey =
        PasskeySignIn { form: form(), client: Some(client()), account: Some(person()), passkey: request(), complaints: Vec::new() };
    let broken_off = vec![Complaint::PasskeyCancelled, Complaint::Said { text: "Use the key of your department.".to_owned() }];
    let accounts = vec![
        AccountLine { id: "1".to_owned(), account: person() },
        AccountLine { id: "2".to_owned(), account: Account { identifier: "grace@navy.example".to_owned(), name: None } },
    ];
    let again = |reason| Reauthenticate {
        form: form(),
        client: Some(client()),
        account: person(),
        reason,
        password: reason != Reason::Stronger,
        passkey: Some(request()),
        may_switch: reason != Reason::Sensitive,
        complaints: if reason == Reason::Asked { vec![Complaint::WrongPassword] } else { Vec::new() },
    };
    vec![
        ("", sign_in.into()),
        ("plain", plain.into()),
        ("hinted", hinted.into()),
        ("wrong", wrong.into()),
        ("without-password", without_password.into()),
        ("", factor.clone().into()),
        ("wrong", SecondFactor { complaints: late, client: None, recovery: false, ..factor }.into()),
        ("", recovery.clone().into()),
        ("wrong", RecoveryCode { complaints: used, ..recovery }.into()),
        ("", passkey.clone().into()),
        ("wrong", PasskeySignIn { complaints: broken_off, account: None, client: None, ..passkey }.into()),
        ("", ChooseAccount { form: form(), client: Some(client()), accounts }.into()),
        ("", again(Reason::TooLongAgo).into()),
        ("asked", again(Reason::Asked).into()),
        ("sensitive", Reauthenticate { client: None, passkey: None, ..again(Reason::Sensitive) }.into()),
        ("stronger", again(Reason::Stronger).into()),
    ]
}

fn deciding() -> Vec<Named> {
    let payment = json!({
        "type": "payment_initiation",
        "instructedAmount": { "currency": "EUR", "amount": "123.50" },
        "creditorName": "Merchant A",
        "creditorAccount": { "iban": "DE02100100109307118603" },
        "remittanceInformation": "Ref Number Merchant",
    });
    let plain = Consent {
        form: form(),
        client: client(),
        account: person(),
        scopes: vec![scope("openid", None, false), scope("profile", None, false), scope("email", None, true)],
        claims: Vec::new(),
        resources: Vec::new(),
        details: Vec::new(),
        notes: Vec::new(),
        device: false,
        named: false,
        message: None,
        complaints: Vec::new(),
    };
    let orders = Some("read your orders of the last twelve months");
    let full = Consent {
        scopes: ["address", "phone", "offline_access"]
            .into_iter()
            .map(|name| scope(name, None, true))
            .chain(plain.scopes.clone())
            .chain([scope("orders:read", orders, false), scope("https://api.books.example/loyalty", None, true)])
            .collect(),
        claims: vec!["birthdate".to_owned(), "phone_number".to_owned(), "https://books.example/tier".to_owned()],
        resources: vec![
            ResourceLine { identifier: "https://api.books.example/orders".to_owned(), name: Some("Order service".to_owned()) },
            ResourceLine { identifier: "https://pay.example".to_owned(), name: None },
        ],
        details: vec![
            DetailCard::of(&payment, Some("Payment".to_owned())),
            DetailCard::of(&json!({ "type": "account_information", "actions": ["read_balances", "read_transactions"] }), None),
        ],
        notes: vec!["Your employer keeps a record of this consent.".to_owned()],
        complaints: vec![Complaint::FormExpired],
        client: ClientCard { home: None, ..client() },
        ..plain.clone()
    };
    let bare = ClientCard { host: Some("books.example".to_owned()), home: None, policy: None, terms: None, ..client() };
    let nothing = Consent { scopes: Vec::new(), client: bare, account: Account { name: None, ..person() }, ..plain.clone() };
    let device = Consent { device: true, ..plain.clone() };
    let named = Consent { named: true, message: Some("W4SCT · Harbour Books, 12.50 EUR".to_owned()), ..plain.clone() };
    let code = Device { form: form(), code: None, complaints: Vec::new() };
    let wrong = Device { code: Some("WDJB-MJHT".to_owned()), complaints: vec![Complaint::WrongUserCode], ..code.clone() };
    let done = DeviceDone { client: client().name, approved: true, elsewhere: false };
    vec![
        ("", plain.into()),
        ("full", full.into()),
        ("nothing", nothing.into()),
        ("device", device.into()),
        ("named", named.into()),
        ("", code.into()),
        ("wrong", wrong.into()),
        ("", done.clone().into()),
        ("denied", DeviceDone { approved: false, ..done.clone() }.into()),
        ("elsewhere", DeviceDone { elsewhere: true, ..done }.into()),
    ]
}

fn leaving() -> Vec<Named> {
    let fields = [("code", "c2FtcGxl"), ("state", "a \"b\" <c>"), ("iss", "https://id.example")];
    let fields = fields.map(|(name, value)| FormField { name: name.into(), value: value.to_owned() }).to_vec();
    // Invariant: the URI is well-formed, and of a scheme that runs nothing.
    let target = link("https://books.example/callback").expect("a link");
    let out = SignOut { form: form(), client: Some(client()), account: person() };
    let frames: Vec<Link> = link("https://books.example/signed-out?sid=1").into_iter().collect();
    vec![
        ("", FormPost { target, client: client().name, fields }.into()),
        ("", out.clone().into()),
        ("own", SignOut { client: None, ..out }.into()),
        ("", SignedOut { frames: Vec::new(), next: None, next_name: None, wait: 0 }.into()),
        ("on", SignedOut { frames, next: client().home, next_name: Some(client().name), wait: 5 }.into()),
        ("unnamed", SignedOut { frames: Vec::new(), next: client().home, next_name: None, wait: 5 }.into()),
    ]
}

/// 22 November 2026, 18:05 UTC.
const NOW: i64 = 1_795_370_700;

fn account() -> Vec<Named> {
    let mut all = overview_and_rooms();
    all.extend(secrets());
    all
}

fn overview_and_rooms() -> Vec<Named> {
    let overview = Overview {
        form: form(),
        account: person(),
        notice: None,
        password: true,
        passkeys: 2,
        authenticator: true,
        recovery_codes: 8,
        sessions: 3,
        apps: 2,
        requests: Some(2),
    };
    let bare = Overview {
        notice: Some(Notice::PasswordChanged),
        password: false,
        passkeys: 0,
        authenticator: false,
        recovery_codes: 0,
        sessions: 1,
        apps: 0,
        requests: None,
        ..overview.clone()
    };
    let single = Overview { passkeys: 1, recovery_codes: 1, apps: 1, notice: Some(Notice::AuthenticatorRemoved), ..overview.clone() };
    let session = |id: &str, device: &str, address: &str, ago: i64| SessionLine {
        id: id.to_owned(),
        device: device.to_owned(),
        address: address.to_owned(),
        began_at: NOW - ago - 86_400 * 9,
        seen_at: NOW - ago,
        current: ago == 0,
    };
    let sessions = vec![
        session("1", "Firefox on Linux", "2001:db8::7334", 0),
        session("2", "Safari on iPhone", "192.0.2.17", 5_400),
        session("3", "Chrome on Windows", "198.51.100.204", 400_000),
    ];
    let sessions = Sessions { form: form(), account: person(), notice: Some(Notice::SessionEnded), sessions };
    let alone = Sessions { sessions: sessions.sessions[..1].to_vec(), notice: Some(Notice::SessionsEnded), ..sessions.clone() };
    let app = |id: &str, name: &str, scopes: Vec<ScopeLine>| AppLine {
        id: id.to_owned(),
        client: ClientCard { name: name.to_owned(), ..client() },
        scopes,
        granted_at: NOW - 86_400 * 40,
        grants: vec![GrantLine {
            id: format!("grant-of-{id}"),
            scopes: vec![scope("openid", None, false)],
            issued_at: NOW - 86_400 * 40,
            renewed_at: (id == "photos").then_some(NOW - 3_600),
        }],
    };
    let apps = vec![
        app("books", "Harbour Books", vec![scope("openid", None, false), scope("email", None, false)]),
        app("photos", "Photo Frame", vec![scope("photos:read", Some("see your photos"), false), scope("offline_access", None, false)]),
    ];
    let apps = Apps { form: form(), account: person(), notice: None, apps };
    let none = Apps { notice: Some(Notice::AccessRevoked), apps: Vec::new(), ..apps.clone() };
    let asking = |id: &str, name: &str, message: Option<&str>| RequestLine {
        id: id.to_owned(),
        client: ClientCard { name: name.to_owned(), ..client() },
        message: message.map(str::to_owned),
        expires_at: NOW + 240,
    };
    let lines = vec![asking("1", "Harbour Books", Some("W4SCT")), asking("2", "Photo Frame", None)];
    let requests = Requests { form: form(), account: person(), notice: None, complaints: Vec::new(), requests: lines, has_code: true };
    let quiet = Requests {
        notice: Some(Notice::RequestRefused),
        complaints: vec![Complaint::RequestCode],
        requests: Vec::new(),
        has_code: false,
        ..requests.clone()
    };
    vec![
        ("", requests.into()),
        ("quiet", quiet.into()),
        ("", overview.into()),
        ("bare", bare.into()),
        ("single", single.into()),
        ("", sessions.into()),
        ("alone", alone.into()),
        ("", apps.into()),
        ("none", none.into()),
    ]
}

fn secrets() -> Vec<Named> {
    let passkey =
        |id: &str, name: &str, used_at| PasskeyLine { id: id.to_owned(), name: name.to_owned(), added_at: NOW - 8_000_000, used_at };
    let passkeys = Passkeys {
        form: form(),
        account: person(),
        notice: Some(Notice::PasskeyAdded),
        complaints: Vec::new(),
        passkeys: vec![passkey("1", "Phone", Some(NOW - 3_000)), passkey("2", "Blue security key", None)],
        add: Some(creation()),
    };
    let first = Passkeys {
        notice: Some(Notice::PasskeyRemoved),
        complaints: vec![Complaint::PasskeyRefused],
        passkeys: Vec::new(),
        ..passkeys.clone()
    };
    let only = Passkeys { complaints: vec![Complaint::LastWayIn], notice: None, add: None, ..passkeys.clone() };
    let renamed = Passkeys { notice: Some(Notice::PasskeyRenamed), ..passkeys.clone() };
    let state = |enrolment, notice, complaints| Authenticator { form: form(), account: person(), notice, complaints, enrolment };
    let secret = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP";
    let uri = "otpauth://totp/Claimsmith:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Claimsmith".to_owned();
    let begun = || Enrolment::Begun { uri: uri.clone(), secret: secret.to_owned() };
    let codes = RecoveryCodes { form: form(), account: person(), left: 8, codes: Vec::new() };
    let fresh = (0..10).map(|number| format!("k7p{number}-m2xw-9tq{number}")).collect();
    let password = PasswordChange { form: form(), account: person(), notice: None, complaints: Vec::new(), has_password: true, least: 12 };
    let refused = vec![
        Complaint::WrongPassword,
        Complaint::PasswordTooShort { least: 12 },
        Complaint::PasswordTooLong { most: 128 },
        Complaint::PasswordTooCommon,
        Complaint::PasswordUnchanged,
        Complaint::PasswordsDiffer,
    ];
    vec![
        ("", passkeys.into()),
        ("first", first.into()),
        ("renamed", renamed.into()),
        ("only", only.into()),
        ("", state(begun(), None, Vec::new()).into()),
        ("wrong", state(begun(), None, vec![Complaint::WrongCode]).into()),
        ("done", state(Enrolment::Done { added_at: NOW }, Some(Notice::AuthenticatorAdded), Vec::new()).into()),
        ("none", state(Enrolment::None, None, Vec::new()).into()),
        ("", codes.clone().into()),
        ("none", RecoveryCodes { left: 0, ..codes.clone() }.into()),
        ("one", RecoveryCodes { left: 1, ..codes.clone() }.into()),
        ("fresh", RecoveryCodes { codes: fresh, left: 10, ..codes }.into()),
        ("", password.clone().into()),
        ("wrong", PasswordChange { complaints: refused, ..password.clone() }.into()),
        ("first", PasswordChange { has_password: false, ..password }.into()),
    ]
}

fn error(kind: ErrorKind) -> View {
    let known = !matches!(kind, ErrorKind::UnknownClient | ErrorKind::NotFound | ErrorKind::Expired);
    ErrorPage {
        kind,
        client: known.then(client),
        detail: (kind == ErrorKind::BadRequest).then(|| "invalid_request: code_challenge is missing".to_owned()),
        said: (kind == ErrorKind::Refused).then(|| "Your contract ended on 30 September.".to_owned()),
        reference: "8f3a51c09be27d64".to_owned(),
        back: if known { client().home } else { None },
    }
    .into()
}
