//! Every setting there is. The reference in `docs/reference/config.md` is made from this file.

use super::issuer::Issuer;
use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::{AuditTokens, DatabaseUrl, HeaderText, HttpUrl, LogFormat, LogLevel, PlainText, RootedPath, Setting, Size, WebOrigin};
use crate::listen::Network;
use claimsmith_issuer::client::TokenFormat;
use claimsmith_jose::{MacAlg, SigningAlg};
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::Rotation;
use claimsmith_protocol::response::ResponseType;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

settings! {
    /// Settings outside any section.
    General at "" {
        /// The issuer identifier (RFC 8414 §2): an https URL without query, fragment and slash at the end. Tokens carry it
        /// byte for byte, and every endpoint lies under it. Needed to serve.
        issuer: Option<Issuer> = "";
        /// Folder for what the server keeps between runs: compiled plugins, and the private PostgreSQL.
        state_dir: PathBuf = "/var/lib/claimsmith";
    }

    /// Where the server listens.
    Listen at "listen" {
        /// Endpoints for clients and browsers, over TLS.
        public: Option<SocketAddr> = "127.0.0.1:8443";
        /// The same endpoints, asking for a client certificate in the handshake (RFC 8705).
        mtls: Option<SocketAddr> = "";
        /// Admin API, metrics and health, over TLS. Never the public one.
        admin: Option<SocketAddr> = "127.0.0.1:8444";
    }

    /// A plain HTTP listener for proxies that end TLS. Connections from anybody else are closed unread.
    Proxied at "listen.proxied" {
        /// Where it listens.
        address: Option<SocketAddr> = "";
        /// Addresses and networks of the proxies. The listener needs at least one.
        trusted: Vec<Network> = "";
        /// Header in which a proxy hands on the client's certificate. It is removed from requests everywhere else.
        certificate_header: Option<HeaderText> = "";
    }

    /// Certificates and private keys, in PEM. The files are looked at every few seconds and replaced without a pause.
    Tls at "tls" {
        /// Certificate of the public listener, its chain after it.
        certificate_file: Option<PathBuf> = "";
        /// Its private key; nobody but the owner may read the file.
        key_file: Option<PathBuf> = "";
        /// Certificate of the mTLS listener; that of the public one when not set.
        mtls_certificate_file: Option<PathBuf> = "";
        /// Its private key.
        mtls_key_file: Option<PathBuf> = "";
        /// Certificate of the admin listener; that of the public one when not set.
        admin_certificate_file: Option<PathBuf> = "";
        /// Its private key.
        admin_key_file: Option<PathBuf> = "";
    }

    /// What the door lets in, and for how long.
    Limits at "limits" {
        /// Connections in all. Beyond it a new one is closed at once.
        connections: usize = "8192" in "1" ..= "1000000";
        /// Connections per address (IPv6: per /64 network); not counted behind a proxy.
        connections_per_address: usize = "256" in "1" ..= "1000000";
        /// Requests between admission and answer, per listener. Beyond it: 503 with `Retry-After`.
        requests_in_flight: usize = "1024" in "1" ..= "1000000";
        /// Largest request body of the token, introspection and revocation endpoints. Beyond it: 413.
        body_bytes: Size = "64 KiB" in "1 KiB" ..= "1 MiB";
        /// Largest request body of the admin API, uploads of plugins aside.
        admin_body_bytes: Size = "1 MiB" in "1 KiB" ..= "64 MiB";
        /// Header names, values and target of a request together. Beyond it: 431.
        header_bytes: Size = "16 KiB" in "1 KiB" ..= "1 MiB";
        /// From accepted to the end of the TLS handshake.
        handshake: Duration = "10 s" in "100 ms" ..= "5 min";
        /// From a request's first byte to the end of its head.
        header: Duration = "10 s" in "100 ms" ..= "5 min";
        /// From the end of a request's head to the end of its body.
        body: Duration = "10 s" in "100 ms" ..= "5 min";
        /// How long the peer may take nothing of an answer.
        write: Duration = "15 s" in "100 ms" ..= "5 min";
        /// Without any request, until the connection is closed.
        idle: Duration = "75 s" in "1 s" ..= "1 h";
        /// After this age, plus or minus a tenth, a connection takes no new requests.
        connection_age: Duration = "1 h" in "1 s" ..= "7 d";
        /// How long requests may finish after the server was told to stop.
        drain: Duration = "30 s" in "0 s" ..= "1 h";
        /// Concurrent HTTP/2 streams of a connection.
        h2_streams: u32 = "100" in "1" ..= "10000";
    }

    /// PostgreSQL. `serve` needs either `database.url` (or `database.url_file`) or `database.embedded = true`.
    Database at "database" {
        /// Connection URI without a password: `postgresql://claimsmith@db.example/claimsmith?sslmode=verify-full`.
        url: Option<DatabaseUrl> = "";
        /// File with the connection URI, for one that holds a password. Instead of `database.url`.
        url_file: Option<PathBuf> = "";
        /// File with the password for `database.url`.
        password_file: Option<PathBuf> = "";
        /// Run a private PostgreSQL that lives and dies with the server.
        embedded: bool = "false";
        /// Where the private PostgreSQL keeps its data; `postgres` in `state_dir` when not set.
        data_dir: Option<PathBuf> = "";
        /// Pooled connections of this node. The writer has two more of its own.
        pool: u32 = "8" in "1" ..= "256";
        /// How long a request waits for its turn at a connection before it is answered 503.
        pool_wait: Duration = "2 s" in "10 ms" ..= "60 s";
        /// PostgreSQL's `statement_timeout`.
        statement_timeout: Duration = "5 s" in "100 ms" ..= "5 min";
        /// PostgreSQL's `lock_timeout`; at most the statement timeout.
        lock_timeout: Duration = "3 s" in "100 ms" ..= "5 min";
        /// How long opening a connection may take; whole seconds count.
        connect_timeout: Duration = "3 s" in "2 s" ..= "60 s";
    }

    /// How what is stored is used.
    Store at "store" {
        /// How long a node that has lost the database goes on issuing self-contained tokens to clients it knows.
        max_stale: Duration = "60 s" in "0 s" ..= "1 h";
        /// Writes that may wait for the writer before further ones are answered 503.
        settle_queue: usize = "4096" in "1" ..= "1000000";
    }

    /// The master key, which seals private keys and recoverable secrets in the database.
    Keys at "keys" {
        /// File with the master key; nobody but the owner may read it. Needed to serve, and never made by `serve`.
        master_key_file: Option<PathBuf> = "";
        /// Files with earlier master keys: what they sealed can still be read.
        previous_master_key_files: Vec<PathBuf> = "";
    }

    /// Keys that sign tokens.
    Signing at "signing" {
        /// Algorithm of tokens where neither client nor resource asks for another.
        default_alg: SigningAlg = "ES256";
        /// Algorithms the server has keys for. The default algorithm is among them.
        algs: Vec<SigningAlg> = "ES256";
        /// Size of new RSA keys in bits.
        rsa_bits: u32 = "3072" in "2048" ..= "8192";
        /// Age at which a signing key is followed by a new one; `off` leaves that to the operator.
        rotation: Option<Duration> = "90 d" in "1 min" ..= "3650 d";
        /// How long a new key is published before it signs: verifiers keep the key set that long.
        publish_before_use: Duration = "24 h" in "0 s" ..= "30 d";
    }

    /// How long tokens live, where neither client nor plugin says otherwise.
    Lifetimes at "lifetimes" {
        /// Access tokens.
        access_token: Duration = "300 s" in "1 s" ..= "365 d";
        /// No access token lives longer, whoever asks.
        access_token_ceiling: Duration = "24 h" in "1 s" ..= "365 d";
        /// ID tokens.
        id_token: Duration = "10 min" in "10 s" ..= "24 h";
        /// Refresh tokens, from the person's consent on.
        refresh_token: Duration = "30 d" in "1 min" ..= "3650 d";
        /// Authorization codes.
        authorization_code: Duration = "60 s" in "5 s" ..= "10 min";
    }

    /// What tokens look like, where neither client nor resource says otherwise.
    Tokens at "tokens" {
        /// Audience of tokens for no resource in particular; the issuer when not set.
        default_audience: Option<PlainText> = "";
        /// Self-contained (RFC 9068) or a reference for introspection.
        format: TokenFormat = "jwt";
        /// List the scopes of registered resources in the metadata, which everybody can read (`scopes_supported`).
        advertise_scopes: bool = "true";
        /// A self-contained token that would be larger is an error, for headers have limits.
        max_bytes: Size = "8 KiB" in "1 KiB" ..= "64 KiB";
    }

    /// How clients prove who they are.
    ClientAuth at "client_auth" {
        /// Methods that are switched on.
        methods: Vec<AuthMethod> = "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none";
        /// Method of a client that is registered without one.
        default_method: AuthMethod = "client_secret_basic";
        /// Algorithms of `private_key_jwt`.
        signing_algs: Vec<SigningAlg> = "ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512, EdDSA";
        /// Algorithms of `client_secret_jwt`.
        mac_algs: Vec<MacAlg> = "HS256, HS384, HS512";
        /// Authorities whose certificates clients may use (`tls_client_auth`), in PEM. Those of the system are not trusted.
        ca_file: Option<PathBuf> = "";
        /// Revocation lists of these authorities, in PEM. Where it is set, a certificate without a current list of its authority is refused.
        crl_file: Option<PathBuf> = "";
        /// A refused authentication is answered at the next multiple of this time after its arrival, so that its
        /// duration tells nothing.
        invalid_client_quantum: Duration = "50 ms" in "0 s" ..= "5 s";
        /// Memory of Argon2id, for hashing secrets that were not made here.
        argon2_memory: Size = "19 MiB" in "8 MiB" ..= "1 GiB";
        /// Passes of Argon2id.
        argon2_iterations: u32 = "2" in "1" ..= "100";
        /// Argon2id checks that may wait for their turn; the next is answered 503. There is one turn at a time.
        argon2_queue: usize = "16" in "1" ..= "100000";
        /// How long a right secret of that kind is remembered (as a keyed digest) after its last use.
        remember: Duration = "1 h" in "0 s" ..= "30 d";
        /// How many right secrets are remembered; some 150 bytes each.
        remembered: usize = "16384" in "1" ..= "10000000";
        /// Failures of one client from one address that are let pass at once; more are refused unseen.
        throttle_client_burst: u32 = "10" in "1" ..= "1000000";
        /// And one more each time this has passed.
        throttle_client_every: Duration = "1 s" in "1 ms" ..= "24 h";
        /// Failures from one address (IPv6: one /64), whatever the client, that are let pass at once.
        throttle_address_burst: u32 = "100" in "1" ..= "1000000";
        /// And one more each time this has passed.
        throttle_address_every: Duration = "100 ms" in "1 ms" ..= "24 h";
    }

    /// Passwords of people. There are no rules about which characters they have (NIST SP 800-63B §3.1.1.2).
    Passwords at "passwords" {
        /// The fewest characters of a new password.
        min_length: usize = "8" in "1" ..= "64";
        /// The most characters of a password.
        max_length: usize = "256" in "64" ..= "1024";
        /// File with passwords that nobody may choose, one a line; capitals make no difference.
        denylist_file: Option<PathBuf> = "";
        /// Memory of Argon2id. Hashes that were made with less are made anew at the next sign-in, as are those of other functions.
        argon2_memory: Size = "19 MiB" in "8 MiB" ..= "64 MiB";
        /// Passes of Argon2id.
        argon2_iterations: u32 = "2" in "1" ..= "100";
        /// Checks that may wait for their turn; the next is told to try again. There is one turn at a time.
        queue: usize = "64" in "1" ..= "100000";
    }

    /// How people sign in.
    SignIn at "sign_in" {
        /// The name of this service in authenticator apps and in the dialogues of passkeys.
        service_name: PlainText = "Claimsmith";
        /// A sign-in that failed is answered at the next multiple of this time after its arrival, so that its duration tells
        /// nothing about the account.
        refusal_quantum: Duration = "500 ms" in "0 s" ..= "10 s";
        /// How long a browser in which somebody has signed in is known as theirs: failures of others do not hinder it.
        device_lifetime: Duration = "365 d" in "1 h" ..= "3650 d";
    }

    /// How often one may be wrong. Failures are counted in the database, by all nodes together, for accounts that there are and
    /// for those that there are not.
    SignInThrottle at "sign_in.throttle" {
        /// Failures at one account from one network (an IPv4 address, an IPv6 /64) that are let pass at once.
        pair_burst: u32 = "5" in "1" ..= "1000000";
        /// And one more each time this has passed.
        pair_every: Duration = "30 s" in "1 ms" ..= "24 h";
        /// Failures at one account from everywhere after which each network has one try at a time. Nobody is shut out by others.
        account_burst: u32 = "50" in "1" ..= "1000000";
        /// And one more each time this has passed.
        account_every: Duration = "60 s" in "1 ms" ..= "24 h";
        /// Failures from one network, whatever the account, that are let pass at once.
        network_burst: u32 = "100" in "1" ..= "1000000";
        /// And one more each time this has passed.
        network_every: Duration = "1 s" in "1 ms" ..= "24 h";
        /// Failures at one account in a browser that is known as theirs; only these count there.
        device_burst: u32 = "10" in "1" ..= "1000000";
        /// And one more each time this has passed.
        device_every: Duration = "30 s" in "1 ms" ..= "24 h";
        /// Wrong codes of a second factor, for who has the password already, that are let pass at once.
        code_burst: u32 = "10" in "1" ..= "1000000";
        /// And one more each time this has passed.
        code_every: Duration = "60 s" in "1 ms" ..= "24 h";
    }

    /// Passkeys (WebAuthn).
    Passkeys at "passkeys" {
        /// People may set up passkeys and sign in with them.
        enabled: bool = "true";
        /// The domain that passkeys are for: the issuer's host, which is the default, or one above it. Passkeys that there are
        /// do not work under another.
        rp_id: Option<PlainText> = "";
        /// How long somebody may take over one dialogue.
        timeout: Duration = "5 min" in "30 s" ..= "1 h";
    }

    /// The names of how sure the server is of a person, as `acr` values: what clients ask for with `acr_values` and find in ID
    /// tokens. Each level meets what asks for a lower one.
    Assurance at "assurance" {
        /// Signed in with a password.
        password: PlainText = "urn:claimsmith:acr:password";
        /// Signed in with a password and a code of an app, or a recovery code.
        mfa: PlainText = "urn:claimsmith:acr:mfa";
        /// Signed in with a passkey, which is more than one factor and cannot be phished.
        passkey: PlainText = "urn:claimsmith:acr:passkey";
    }

    /// What UserInfo asks of the sign-in behind a token (RFC 9470): a token of less is answered `insufficient_user_authentication`.
    Userinfo at "userinfo" {
        /// Names of `assurance`: the person has reached one of them, or a higher level.
        acr_values: Vec<PlainText> = "";
        /// The person has signed in within this time.
        max_age: Option<Duration> = "" in "1 s" ..= "365 d";
    }

    /// Tokens bound to a key (RFC 9449).
    Dpop at "dpop" {
        /// Algorithms of proofs.
        signing_algs: Vec<SigningAlg> = "ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256";
        /// How old a proof without a nonce may be.
        proof_lifetime: Duration = "60 s" in "10 s" ..= "10 min";
        /// Whether every proof must carry a nonce of this server.
        require_nonce: bool = "false";
        /// How long a nonce is told; it is good for as long again.
        nonce_lifetime: Duration = "5 min" in "10 s" ..= "1 h";
    }

    /// Questions about tokens that nobody knows. Expired and revoked tokens, and those of others, are none of these.
    Introspection at "introspection" {
        /// Unknown tokens that one caller may ask about at once from one address. Beyond it, references that it has not
        /// lately learnt of and unknown tokens of any kind are answered 429 with `Retry-After`.
        unknown_caller_burst: u32 = "1000" in "1" ..= "1000000";
        /// And one more each time this has passed.
        unknown_caller_every: Duration = "10 ms" in "1 ms" ..= "24 h";
        /// Unknown tokens that may be asked about at once from one address (IPv6: one /64), whoever asks.
        unknown_address_burst: u32 = "4000" in "1" ..= "1000000";
        /// And one more each time this has passed.
        unknown_address_every: Duration = "2 ms" in "1 ms" ..= "24 h";
        /// References, each with its caller, that are remembered as known and so never refused; some 50 bytes each.
        remembered: usize = "65536" in "1" ..= "10000000";
    }

    /// Which grants the token endpoint serves.
    Grants at "grants" {
        /// Grants that are switched on. A client needs to be registered for a grant besides. `implicit` stands for tokens from
        /// the authorization endpoint.
        enabled: Vec<GrantType> = "client_credentials, authorization_code, refresh_token";
    }

    /// The device authorization grant (RFC 8628), where `grants.enabled` has it.
    Device at "device" {
        /// How long a person may take to decide.
        lifetime: Duration = "10 min" in "1 min" ..= "1 h";
        /// Between two questions of a device; five seconds more each time it does not keep to it.
        interval: Duration = "5 s" in "1 s" ..= "1 min";
        /// Wrong codes that one browser may type, as many at once; four times as many come from one address (IPv6: one /64).
        guess_burst: u32 = "5" in "1" ..= "1000";
        /// And one more each time this has passed.
        guess_every: Duration = "1 min" in "1 ms" ..= "1 h";
        /// Wrong codes of everybody together, as many at once.
        guess_all_burst: u32 = "1000" in "1" ..= "1000000";
        /// And one more each time this has passed.
        guess_all_every: Duration = "100 ms" in "1 ms" ..= "1 h";
    }

    /// The authorization endpoint.
    Authorize at "authorize" {
        /// Response types that are switched on. All but `code` and `none` let tokens go through the browser (RFC 9700 §2.1.2
        /// advises against it): they need `implicit` in `grants.enabled` too, and clients that register both.
        response_types: Vec<ResponseType> = "code";
        /// PKCE for confidential clients too (RFC 7636); public clients need it always. When off, a confidential client that
        /// leaves it out needs a `nonce` instead.
        require_pkce: bool = "true";
        /// Whether every request has to be pushed first (RFC 9126).
        require_pushed_requests: bool = "false";
        /// Whether every request has to be a signed request object (RFC 9101).
        require_signed_requests: bool = "false";
        /// Whether request objects are fetched from the `request_uris` that their clients registered (RFC 9101 §5.2), within the
        /// bounds of `fetch`. A browser that shows up with such a URI makes this server fetch it.
        request_uris: bool = "false";
        /// Whether request objects may be encrypted to keys of this server, which then stand among those that it publishes, with
        /// `use` = `enc`.
        encrypted_requests: bool = "false";
        /// A JSON file of the types of authorization details (RFC 9396): an object of types, each with `schema`, a JSON Schema of its
        /// elements, and perhaps `title`, its name for people by language. Types that are not in it are refused then. Without it a
        /// type is whatever a client was registered for, and nobody looks at its members.
        details_types_file: Option<PathBuf> = "";
        /// How long a person may take from the request to the answer.
        flow_lifetime: Duration = "30 min" in "1 min" ..= "24 h";
        /// Sign-ins that are begun from one address (IPv6: one /64) by people without a session, as many at once; each takes a row of
        /// the database until it is done or has expired. More are asked to wait.
        begin_burst: u32 = "600" in "1" ..= "1000000";
        /// And one more each time this has passed.
        begin_every: Duration = "100 ms" in "1 ms" ..= "1 h";
        /// How long a pushed request may be used.
        pushed_request_lifetime: Duration = "90 s" in "5 s" ..= "10 min";
    }

    /// Sessions of people at this server.
    Sessions at "sessions" {
        /// A session ends this long after the person signed in, whatever happens.
        lifetime: Duration = "24 h" in "1 min" ..= "365 d";
        /// And this long after it was last used.
        idle: Duration = "4 h" in "1 min" ..= "365 d";
        /// Whether clients' pages can watch the session from a frame (OpenID Connect Session Management). It needs a cookie that
        /// scripts of this server read and that is sent within other sites' pages, which many browsers no longer do.
        check_session_iframe: bool = "false";
    }

    /// Refresh tokens. A client may say otherwise where it is said so.
    Refresh at "refresh" {
        /// Only for requests with the scope `offline_access`; otherwise every client with the grant gets one, which ends with the
        /// person's session.
        require_offline_access: bool = "true";
        /// Whether a refresh token is replaced when it is used. Clients may differ: `refresh_token_rotation`.
        rotation: Rotation = "rotate";
        /// Whether a refresh token lives on from each use, instead of from the first issue.
        extend_on_rotation: bool = "false";
        /// Unused for so long, a refresh token ends.
        idle: Option<Duration> = "30 d" in "1 min" ..= "3650 d";
        /// A replaced refresh token that comes again within this time lost a race; later it is a replay, and all that came from the
        /// grant ends.
        reuse_interval: Duration = "10 s" in "0 s" ..= "5 min";
        /// Whether the person must still exist and be enabled.
        check_user: bool = "true";
    }

    /// Further paths of endpoints, for clients that cannot be told new ones. They are served beside the usual ones and
    /// are not below the path of the issuer.
    Aliases at "paths.aliases" {
        /// The token endpoint.
        token: Vec<RootedPath> = "";
        /// The introspection endpoint.
        introspection: Vec<RootedPath> = "";
        /// The revocation endpoint.
        revocation: Vec<RootedPath> = "";
        /// The key set.
        jwks: Vec<RootedPath> = "";
        /// The metadata document of OpenID Connect Discovery.
        openid_configuration: Vec<RootedPath> = "";
        /// The metadata document of RFC 8414.
        oauth_authorization_server: Vec<RootedPath> = "";
    }

    /// Which web pages may call the endpoints from a browser.
    Cors at "cors" {
        /// Origins that may call the token and revocation endpoints. Metadata and keys are open to all.
        allowed_origins: Vec<WebOrigin> = "";
    }

    /// The sandbox of plugins. Limits of a call may be narrowed per binding.
    Hooks at "hooks" {
        /// Linear memory of one call.
        memory: Size = "16 MiB" in "64 KiB" ..= "1 GiB";
        /// Fuel of one call: about one unit per instruction.
        fuel: u64 = "20000000" in "1000" ..= "100000000000";
        /// Wall time of one call from the moment it has its turn.
        wall: Duration = "50 ms" in "1 ms" ..= "30 s";
        /// Stack of a guest.
        stack: Size = "256 KiB" in "64 KiB" ..= "8 MiB";
        /// What one call hands to a plugin.
        input: Size = "256 KiB" in "4 KiB" ..= "16 MiB";
        /// What a plugin may answer.
        output: Size = "32 KiB" in "1 KiB" ..= "1 MiB";
        /// Log text of one call; what is beyond is cut.
        logs: Size = "16 KiB" in "0 B" ..= "1 MiB";
        /// Calls that may be under way at once in the process: slots of memory set aside for them.
        pool: u32 = "200" in "1" ..= "10000";
        /// Calls of one plugin that may wait for their turn; the next is answered busy.
        queue: usize = "256" in "0" ..= "100000";
        /// How long a call waits for its turn.
        queue_wait: Duration = "250 ms" in "0 s" ..= "30 s";
        /// Consecutive faults of a plugin after which calls are refused unseen for a while; 0 for never.
        breaker_faults: u32 = "20" in "0" ..= "1000000";
        /// That while.
        breaker_rest: Duration = "5 s" in "100 ms" ..= "1 h";
        /// Largest component, its custom sections aside.
        component_max_bytes: Size = "2 MiB" in "64 KiB" ..= "64 MiB";
        /// Largest upload.
        upload_max_bytes: Size = "32 MiB" in "64 KiB" ..= "256 MiB";
        /// Where compiled plugins are kept; `plugins` in `state_dir` when not set. Private to the server's user.
        cache_dir: Option<PathBuf> = "";
    }

    /// Fetching what others publish, such as a client's `jwks_uri`: https only, no redirects, no private addresses.
    Fetch at "fetch" {
        /// From first to last byte, waiting for its turn included.
        timeout: Duration = "5 s" in "100 ms" ..= "60 s";
        /// Largest answer.
        max_bytes: Size = "256 KiB" in "1 KiB" ..= "4 MiB";
        /// Fetches under way at once.
        concurrent: usize = "32" in "1" ..= "1024";
        /// Networks that may be fetched from although they are private, loopback or otherwise special.
        allowed_networks: Vec<Network> = "";
        /// Hosts, by their exact names, that may be fetched from whatever their addresses and ports.
        allowed_hosts: Vec<PlainText> = "";
        /// Further certification authorities to trust, in PEM; those of the system are trusted anyway.
        ca_file: Option<PathBuf> = "";
    }

    /// What is kept in memory.
    Cache at "cache" {
        /// Clients; the least recently used goes first.
        clients: usize = "100000" in "16" ..= "10000000";
        /// Key sets of clients: fetched ones and registered ones, each.
        key_sets: Size = "16 MiB" in "64 KiB" ..= "4 GiB";
        /// How long a fetched key set is good where its sender does not say.
        key_set_lifetime: Duration = "5 min" in "1 min" ..= "1 h";
    }

    /// The records of what was issued and administered.
    Audit at "audit" {
        /// `sync`: no token leaves before its record is committed. `grouped`: SIGKILL may lose the last 100 ms of them.
        tokens: AuditTokens = "grouped";
        /// How long records of tokens are kept; `off` keeps them for ever.
        retention: Option<Duration> = "90 d" in "1 h" ..= "36500 d";
        /// Records that may wait before requests wait for room.
        queue: usize = "16384" in "1" ..= "10000000";
    }

    /// The log, on standard error.
    Log at "log" {
        /// What is written.
        level: LogLevel = "info", live;
        /// How.
        format: LogFormat = "json";
        /// One line for each request.
        requests: bool = "true", live;
        /// Lines that may wait to be written; beyond it they are dropped and counted, for requests wait for nobody.
        queue: usize = "16384" in "128" ..= "10000000";
    }

    /// Metrics at `/metrics` of the admin listener.
    Metrics at "metrics" {
        /// Count tokens and refusals per client as well. One time series per client: mind their number.
        client_labels: bool = "false";
        /// Clients that get a time series of their own; the rest is counted together.
        client_labels_max: usize = "1000" in "1" ..= "100000";
    }

    /// Traces, sent to a collector by OTLP over HTTP with protobuf.
    Otel at "otel" {
        /// The collector's base URL such as `http://127.0.0.1:4318`. No traces when not set.
        endpoint: Option<HttpUrl> = "";
        /// Share of requests that are traced, in thousandths. A caller's sampled `traceparent` is not heeded.
        sample_per_mille: u32 = "10" in "0" ..= "1000";
        /// Name of the service in traces.
        service_name: PlainText = "claimsmith";
    }

    /// Threads.
    Workers at "workers" {
        /// Threads that serve requests; one per core when not set.
        threads: Option<usize> = "" in "1" ..= "1024";
        /// Threads for slow cryptography and other blocking work, for each of those.
        blocking_threads: usize = "16" in "1" ..= "512";
    }
}
