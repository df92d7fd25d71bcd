//! TLS at the door, by OpenSSL: the only file of this crate that knows it.
//!
//! TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only (RFC 9325 §3.1, §4.2); no compression,
//! no renegotiation, no early data. Certificate and key are read again when their files change; a pair that
//! cannot be used never replaces one that can.
//!
//! Session tickets: OpenSSL makes random ticket keys with every context, and the Rust binding offers no callback
//! to choose them. So the keys are rotated by making a fresh context from the pair in memory. A client whose
//! ticket is from an earlier context makes one full handshake; no key that could open old sessions survives.

pub mod authority;
pub mod client_certificate;

use arc_swap::ArcSwap;
use bytes::Bytes;
use claimsmith_vault::is_private;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    self, AlpnError, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroizing;

/// TLS 1.2 suites, in order of preference (RFC 9325 §4.2 and RFC 7905).
const TLS12_SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                            ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                            ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// TLS 1.3 suites (RFC 8446 §9.1).
const TLS13_SUITES: &str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/// Key agreement groups.
const GROUPS: &str = "X25519:P-256:P-384";
/// What we offer by ALPN (RFC 7301), in order of preference, in wire form.
const ALPN: &[u8] = b"\x02h2\x08http/1.1";

/// Certificate, key and what is asked of the peer.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// PEM file with the server's certificate first and its chain after it.
    pub certificate_file: PathBuf,
    /// PEM file with the private key; group and others must have no permission on it, credentials of systemd excepted.
    pub key_file: PathBuf,
    /// Ask for a client certificate (and go on without). Only for a listener of its own: browsers would prompt.
    pub ask_client_certificate: bool,
    /// Age at which session ticket keys are replaced. Default 12 h.
    pub ticket_key_age: Duration,
    /// Time between looks at the files. Default 5 s.
    pub watch_interval: Duration,
}

impl TlsSettings {
    /// The defaults with these two files.
    pub fn new(certificate_file: impl Into<PathBuf>, key_file: impl Into<PathBuf>) -> TlsSettings {
        TlsSettings {
            certificate_file: certificate_file.into(),
            key_file: key_file.into(),
            ask_client_certificate: false,
            ticket_key_age: Duration::from_secs(12 * 3600),
            watch_interval: Duration::from_secs(5),
        }
    }
}

/// Why certificate and key cannot be used, or a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Others may read the private key.
    #[error("private key {} can be used by group or others (mode {mode:04o}); run: chmod 600 {}", path.display(), path.display())]
    WideKey {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no PEM certificate.
    #[error("{} holds no PEM certificate that can be used ({cause})", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What OpenSSL said.
        cause: String,
    },
    /// The file holds no PEM private key.
    #[error("{} holds no unencrypted PEM private key that can be used ({cause})", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What OpenSSL said.
        cause: String,
    },
    /// Certificate and key do not belong together.
    #[error("the key in {} does not belong to the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// OpenSSL refused a setting.
    #[error("OpenSSL refuses its settings: {0}")]
    Setup(String),
    /// The peer and we found no way to talk.
    #[error("TLS handshake failed: {0}")]
    Handshake(String),
}

/// What a handshake agreed on.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The session was resumed from a ticket.
    pub resumed: bool,
    /// HTTP/2 was chosen by ALPN.
    pub h2: bool,
    /// The peer's certificate in DER, its chain unverified.
    pub client_certificate: Option<Bytes>,
    /// The certificates that came with it, in DER.
    pub client_chain: Vec<Bytes>,
}

/// What a look at the files led to.
#[derive(Debug)]
pub enum Refreshed {
    /// Nothing has changed.
    Unchanged,
    /// A new certificate serves from the next connection on.
    Replaced,
    /// Only the ticket keys are new.
    TicketKeys,
    /// The files have changed but cannot be used; the pair before them goes on serving.
    Kept(TlsFault),
}

/// Certificate and key of one listener, as they are now.
pub struct TlsIdentity {
    settings: TlsSettings,
    context: ArcSwap<SslContext>,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    pair: Pair,
    seen: Option<[Stamp; 2]>,
    made_at: Instant,
}

struct Pair {
    chain: Vec<X509>,
    key: PKey<Private>,
}

/// What tells that a file has changed: device, inode, modification and change times, size.
type Stamp = (u64, u64, (i64, i64), (i64, i64), u64);

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsIdentity").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl TlsIdentity {
    /// Reads the files; fails with what the operator has to mend.
    pub fn load(settings: TlsSettings) -> Result<TlsIdentity, TlsFault> {
        let seen = stamps(&settings);
        let pair = Pair::read(&settings)?;
        let context = ArcSwap::from_pointee(context(&settings, &pair)?);
        let loaded = Mutex::new(Loaded { pair, seen, made_at: Instant::now() });
        Ok(TlsIdentity { settings, context, loaded })
    }

    /// Time between looks at the files.
    pub fn watch_interval(&self) -> Duration {
        self.settings.watch_interval
    }

    /// Looks at the files and at the age of the ticket keys, and does what is due; `force` reads the files even
    /// if they look unchanged (SIGHUP). Files that changed and cannot be used are reported once.
    pub fn refresh(&self, force: bool) -> Refreshed {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = stamps(&self.settings);
        if force || seen != loaded.seen {
            // Invariant: stamps are taken before the files are read, so a change in between is seen next time.
            loaded.seen = seen;
            let read = Pair::read(&self.settings).and_then(|pair| Ok((context(&self.settings, &pair)?, pair)));
            match read {
                Err(fault) => return Refreshed::Kept(fault),
                Ok((context, pair)) => {
                    loaded.pair = pair;
                    loaded.made_at = Instant::now();
                    self.context.store(context.into());
                    return Refreshed::Replaced;
                }
            }
        }
        if loaded.made_at.elapsed() < self.settings.ticket_key_age {
            return Refreshed::Unchanged;
        }
        match context(&self.settings, &loaded.pair) {
            Err(fault) => Refreshed::Kept(fault),
            Ok(context) => {
                loaded.made_at = Instant::now();
                self.context.store(context.into());
                Refreshed::TicketKeys
            }
        }
    }

    /// Shakes hands with a peer.
    pub async fn accept<S>(&self, stream: S) -> Result<(TlsStream<S>, Handshake), TlsFault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ssl = Ssl::new(&self.context.load())?;
        let mut stream = tokio_openssl::SslStream::new(ssl, stream)?;
        Pin::new(&mut stream).accept().await.map_err(|error| handshake_fault(&error))?;
        let ssl = stream.ssl();
        let client_certificate = match self.settings.ask_client_certificate {
            true => ssl.peer_certificate().map(|certificate| certificate.to_der()).transpose()?,
            false => None,
        };
        let chain = ssl.peer_cert_chain().filter(|_| client_certificate.is_some());
        let chain: Result<Vec<Bytes>, ErrorStack> = chain.into_iter().flatten().map(|between| between.to_der().map(Bytes::from)).collect();
        let handshake = Handshake {
            version: ssl.version_str(),
            resumed: ssl.session_reused(),
            h2: ssl.selected_alpn_protocol() == Some(b"h2"),
            client_certificate: client_certificate.map(Bytes::from),
            client_chain: chain?,
        };
        Ok((TlsStream(stream), handshake))
    }
}

impl Pair {
    fn read(settings: &TlsSettings) -> Result<Pair, TlsFault> {
        let (certificate_file, key_file) = (&settings.certificate_file, &settings.key_file);
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |cause| TlsFault::Unreadable { path, cause }
        };
        let chain = fs::read(certificate_file).map_err(unreadable(certificate_file))?;
        let bad_certificate = |cause: String| TlsFault::BadCertificate { path: certificate_file.clone(), cause };
        let chain = X509::stack_from_pem(&chain).map_err(|error| bad_certificate(reason(&error)))?;
        let first = chain.first().ok_or_else(|| bad_certificate("no BEGIN CERTIFICATE".to_owned()))?;

        let mut pem = Zeroizing::new(Vec::new());
        let mut file = File::open(key_file).map_err(unreadable(key_file))?;
        // Security: a key that others could read is as good as published; the operator must notice.
        let metadata = file.metadata().map_err(unreadable(key_file))?;
        if !is_private(key_file, &metadata) {
            return Err(TlsFault::WideKey { path: key_file.clone(), mode: metadata.mode() & 0o7777 });
        }
        file.read_to_end(&mut pem).map_err(unreadable(key_file))?;
        // The empty passphrase keeps OpenSSL from asking on the terminal for an encrypted key.
        let key = PKey::private_key_from_pem_passphrase(&pem, b"")
            .map_err(|error| TlsFault::BadKey { path: key_file.clone(), cause: reason(&error) })?;
        let public = first.public_key().map_err(|error| bad_certificate(reason(&error)))?;
        if !public.public_eq(&key) {
            return Err(TlsFault::Mismatch { certificate: certificate_file.clone(), key: key_file.clone() });
        }
        Ok(Pair { chain, key })
    }
}

/// A context with fresh ticket keys.
fn context(settings: &TlsSettings, pair: &Pair) -> Result<SslContext, TlsFault> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    agreeable(&mut context)?;
    sessions(&mut context, settings.ask_client_certificate)?;
    let (first, rest) = pair.chain.split_first().expect("a pair has a certificate");
    let bad_certificate = |error: &_| TlsFault::BadCertificate { path: settings.certificate_file.clone(), cause: reason(error) };
    context.set_certificate(first).map_err(|error| bad_certificate(&error))?;
    for certificate in rest {
        context.add_extra_chain_cert(certificate.clone()).map_err(|error| bad_certificate(&error))?;
    }
    let bad_key = |error| TlsFault::BadKey { path: settings.key_file.clone(), cause: reason(&error) };
    context.set_private_key(&pair.key).map_err(bad_key)?;
    context.check_private_key().map_err(bad_key)?;
    Ok(context.build())
}

/// Versions, suites, groups, ALPN.
fn agreeable(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    context.set_security_level(2);
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_cipher_list(TLS12_SUITES)?;
    context.set_ciphersuites(TLS13_SUITES)?;
    context.set_groups_list(GROUPS)?;
    context.set_options(
        SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION | SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::SINGLE_ECDH_USE,
    );
    context.clear_options(SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    // Idle connections give their buffers back; one read call takes header and record together.
    context.set_mode(SslMode::RELEASE_BUFFERS | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
    context.set_read_ahead(true);
    context.set_alpn_select_callback(|_, offered| ssl::select_next_proto(ALPN, offered).ok_or(AlpnError::NOACK));
    Ok(())
}

/// Resumption and client certificates.
fn sessions(context: &mut SslContextBuilder, ask: bool) -> Result<(), ErrorStack> {
    context.set_max_early_data(0)?;
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_session_id_context(b"claimsmith")?;
    if ask {
        // Security: no tickets here, so that every connection proves anew that it holds the certificate's key.
        context.set_options(SslOptions::NO_TICKET);
        context.set_num_tickets(0)?;
        // The chain is judged by the caller, per client: its trust anchors are not the same for all.
        context.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    } else {
        context.set_num_tickets(1)?;
        context.set_verify(SslVerifyMode::NONE);
    }
    Ok(())
}

fn stamps(settings: &TlsSettings) -> Option<[Stamp; 2]> {
    let stamp = |path: &Path| fs::metadata(path).ok().map(|metadata| stamp_of(&metadata));
    Some([stamp(&settings.certificate_file)?, stamp(&settings.key_file)?])
}

fn stamp_of(file: &Metadata) -> Stamp {
    let (modified, changed) = ((file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec()));
    (file.dev(), file.ino(), modified, changed, file.size())
}

impl From<ErrorStack> for TlsFault {
    fn from(error: ErrorStack) -> TlsFault {
        TlsFault::Setup(reason(&error))
    }
}

fn handshake_fault(error: &ssl::Error) -> TlsFault {
    let reason = match (error.io_error(), error.ssl_error()) {
        (Some(io), _) => io.to_string(),
        (None, Some(stack)) => reason(stack),
        (None, None) => "the peer closed the connection".to_owned(),
    };
    TlsFault::Handshake(reason)
}

fn reason(stack: &ErrorStack) -> String {
    stack.errors().iter().filter_map(|error| error.reason()).next().unwrap_or("unknown").to_owned()
}

/// A client certificate from a proxy's header, as DER: RFC 9440 `:base64:`, or percent-encoded PEM as nginx
/// sends it. `None` if it is neither.
pub fn certificate_from_header(value: &[u8]) -> Option<Bytes> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let certificate = match text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')) {
        Some(base64) => X509::from_der(&openssl::base64::decode_block(base64).ok()?),
        None => X509::from_pem(&percent_decode(text)?),
    };
    certificate.ok()?.to_der().ok().map(Bytes::from)
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            decoded.push(first);
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &tail[2..];
    }
    Some(decoded)
}

/// A TLS stream whose handshake is done.
#[derive(Debug)]
pub struct TlsStream<S>(tokio_openssl::SslStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
