//! The errand: the one way in which this server asks others for something.
//!
//! Addresses to fetch from come from clients, and so from anyone. Every fetch goes through here: https only, names resolved
//! once and connected to exactly the addresses that were looked at, special-use networks out of bounds unless the operator
//! allows them, no redirects, no proxies, no cookies, one deadline for everything, a cap on bytes, JSON or what
//! else was asked for or nothing (RFC 8725 §3.10, RFC 7591 §5).
//!
//! All errands run on one thread of their own: whatever a stranger's server does, it does not do it to the threads that
//! serve requests.

mod exchange;
mod guard;
mod lookup;
mod special;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use claimsmith_jose::Secret;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

pub use guard::Guard;
pub use lookup::{Lookup, SystemLookup};

use crate::listen::Network;
use exchange::Exchange;

/// Errands that may wait for their turn; more are refused.
const QUEUE: usize = 64;
/// Threads for name resolution, which blocks: as many names that never resolve can be under way.
const LOOKUP_THREADS: usize = 8;

/// What may be fetched, and at what cost.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Networks that may be connected to although they are special-use (loopback, private, link-local …).
    pub allowed_networks: Vec<Network>,
    /// Hosts (exact names) whose addresses are not looked at, and any of whose ports may be used.
    pub allowed_hosts: Vec<String>,
    /// For one errand from first to last byte, waiting for its turn included.
    pub timeout: Duration,
    /// The longest body, in bytes.
    pub max_bytes: usize,
    /// Errands under way at once.
    pub concurrent: usize,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub extra_ca_file: Option<PathBuf>,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            allowed_networks: Vec::new(),
            allowed_hosts: Vec::new(),
            timeout: Duration::from_secs(5),
            max_bytes: 256 * 1024,
            concurrent: 32,
            extra_ca_file: None,
        }
    }
}

/// What was brought back.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The body. It called itself what was asked for; nobody has looked.
    pub body: Bytes,
    /// How long its sender says it is good (RFC 9111 §5.2.2.1); zero where it says that it must not be kept.
    pub max_age: Option<Duration>,
}

/// Why nothing was brought back. For logs: clients are told nothing of it, for it would map networks for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchRefusal {
    /// Not a URL.
    #[error("not an absolute URL of at most {} bytes", guard::URL_MAX)]
    MalformedUrl,
    /// Another scheme than https.
    #[error("only https is fetched")]
    NotHttps,
    /// A user name or password in the URL.
    #[error("the URL carries a user name or password")]
    UserInfo,
    /// A port of some other service.
    #[error("port {0} is neither 443 nor above 1023, and the host is not listed in the allowed hosts")]
    Port(u16),
    /// The host is an address out of bounds, or its name means only such addresses.
    #[error("the host is in a special-use network that is not listed in the allowed networks")]
    OutOfBounds,
    /// The name means no address.
    #[error("the host name does not resolve: {0}")]
    Unresolvable(Box<str>),
    /// No connection, no TLS, no HTTP.
    #[error("the connection failed: {0}")]
    Connection(Box<str>),
    /// The deadline passed.
    #[error("no complete answer in time")]
    TimedOut,
    /// Another status than 200; redirects are among them, and are not followed.
    #[error("the answer has status {0}, not 200")]
    Status(u16),
    /// Not JSON by its own account.
    #[error("the answer is not application/json or another +json type")]
    ContentType,
    /// Not a request object by its own account.
    #[error("the answer is neither application/oauth-authz-req+jwt nor application/jwt")]
    NoRequestObject,
    /// Compressed, although nobody asked for that.
    #[error("the answer has a content encoding")]
    Encoded,
    /// Longer than the limit.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// Too many errands are waiting.
    #[error("too many fetches are waiting")]
    Busy,
    /// The server is going down.
    #[error("fetching has stopped")]
    Stopped,
}

/// Why no errand can ever be run: what the operator has to mend.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    /// The file of certificate authorities cannot be read.
    #[error("cannot read the certificate authorities in {path}: {cause}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It can, but there is no certificate in it.
    #[error("{path} holds no certificates in PEM form")]
    NoCertificates {
        /// The file.
        path: PathBuf,
    },
    /// The TLS library refused its settings.
    #[error("cannot set up TLS for fetching")]
    Tls(#[source] reqwest::Error),
    /// No thread to run on.
    #[error("cannot start the thread that fetches")]
    Thread(#[source] io::Error),
}

/// A future that can be sent away.
pub type Errand<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Something that fetches JSON documents.
pub trait Fetch: Send + Sync {
    /// Fetches the document at `url`.
    fn fetch(&self, url: &str) -> Errand<Result<Fetched, FetchRefusal>>;
}

/// The guarded client. Clones share one thread, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Fetcher {
    jobs: mpsc::Sender<Job>,
    guard: Arc<Guard>,
    timeout: Duration,
}

/// What an errand is for.
#[derive(Debug)]
enum Purpose {
    /// To bring a JSON document, which a token may open (RFC 6750 §2.1), and which may be held to fewer bytes than others.
    Json { bearer: Option<Secret<String>>, within: Option<usize> },
    /// To bring a request object.
    RequestObject,
    /// To hand over a form.
    Form(String),
    /// To hand over a JSON document, saying who we are (RFC 6750 §2.1).
    Document { body: Secret<Vec<u8>>, bearer: Secret<String> },
    /// To bring a JSON document for a form, perhaps saying who we are (RFC 6749 §2.3.1), both parts encoded.
    Exchange { form: Secret<String>, basic: Option<(String, Secret<String>)> },
}

#[derive(Debug)]
struct Job {
    url: url::Url,
    purpose: Purpose,
    deadline: Instant,
    reply: oneshot::Sender<Result<Fetched, FetchRefusal>>,
}

impl Fetcher {
    /// Starts the thread that fetches.
    pub fn start(settings: &FetchSettings) -> Result<Self, FetchFault> {
        Self::start_with(settings, Arc::new(SystemLookup))
    }

    /// As [`Fetcher::start`], with another way to resolve names.
    pub fn start_with(settings: &FetchSettings, lookup: Arc<dyn Lookup>) -> Result<Self, FetchFault> {
        let guard = Arc::new(Guard::new(settings));
        let exchange = Exchange::new(settings, &guard, lookup)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(LOOKUP_THREADS)
            .build()
            .map_err(FetchFault::Thread)?;
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let concurrent = settings.concurrent.max(1);
        let work = move || {
            runtime.block_on(run(waiting, exchange, concurrent));
            // A name that never resolves must not hold up the end.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("fetch".to_owned()).spawn(work).map_err(FetchFault::Thread)?;
        Ok(Self { jobs, guard, timeout: settings.timeout })
    }

    /// Which addresses are in bounds: to refuse at registration what would never be fetched.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Fetches a JSON document. Dropping the future ends the errand.
    pub async fn json(&self, url: &str) -> Result<Fetched, FetchRefusal> {
        self.run(url, Purpose::Json { bearer: None, within: None }).await
    }

    /// Fetches a JSON document of at most so many bytes. Dropping the future ends the errand.
    pub async fn json_within(&self, url: &str, bytes: usize) -> Result<Fetched, FetchRefusal> {
        self.run(url, Purpose::Json { bearer: None, within: Some(bytes) }).await
    }

    /// Fetches a request object (RFC 9101 §5.2.3). Dropping the future ends the errand.
    pub async fn request_object(&self, url: &str) -> Result<Fetched, FetchRefusal> {
        self.run(url, Purpose::RequestObject).await
    }

    /// Fetches a JSON document that a bearer token opens.
    pub async fn json_with(&self, url: &str, bearer: Secret<String>) -> Result<Fetched, FetchRefusal> {
        self.run(url, Purpose::Json { bearer: Some(bearer), within: None }).await
    }

    /// Posts a form that is answered with JSON, perhaps saying who we are: name and secret, both encoded (RFC 6749 §2.3.1).
    pub async fn exchange(
        &self,
        url: &str,
        form: Secret<String>,
        basic: Option<(String, Secret<String>)>,
    ) -> Result<Fetched, FetchRefusal> {
        self.run(url, Purpose::Exchange { form, basic }).await
    }

    /// Posts a form. What comes back is not read; 200 and 204 are success.
    pub async fn post_form(&self, url: &str, form: String) -> Result<(), FetchRefusal> {
        self.run(url, Purpose::Form(form)).await.map(drop)
    }

    /// Posts a JSON document with a bearer token. What comes back is not read; 200 and 204 are success.
    pub async fn post_json(&self, url: &str, body: Secret<Vec<u8>>, bearer: Secret<String>) -> Result<(), FetchRefusal> {
        self.run(url, Purpose::Document { body, bearer }).await.map(drop)
    }

    async fn run(&self, url: &str, purpose: Purpose) -> Result<Fetched, FetchRefusal> {
        let url = self.guard.vet(url)?;
        let deadline = Instant::now() + self.timeout;
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job { url, purpose, deadline, reply }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => FetchRefusal::Busy,
            mpsc::error::TrySendError::Closed(_) => FetchRefusal::Stopped,
        })?;
        answer.await.unwrap_or(Err(FetchRefusal::Stopped))
    }
}

impl Fetch for Fetcher {
    fn fetch(&self, url: &str) -> Errand<Result<Fetched, FetchRefusal>> {
        let (fetcher, url) = (self.clone(), url.to_owned());
        Box::pin(async move { fetcher.json(&url).await })
    }
}

/// Runs errands until nobody can send any more. An errand takes its seat before the next is taken from the queue, so that
/// the queue's length is all that waits.
async fn run(mut waiting: mpsc::Receiver<Job>, exchange: Exchange, concurrent: usize) {
    let seats = Arc::new(Semaphore::new(concurrent));
    while let Some(mut job) = waiting.recv().await {
        let seat = tokio::select! {
            seat = Arc::clone(&seats).acquire_owned() => seat.expect("the semaphore is never closed"),
            () = tokio::time::sleep_until(job.deadline) => {
                _ = job.reply.send(Err(FetchRefusal::TimedOut));
                continue;
            }
            () = job.reply.closed() => continue,
        };
        let exchange = exchange.clone();
        tokio::spawn(async move {
            let _seat = seat;
            tokio::select! {
                brought = timeout_at(job.deadline, exchange.run(job.url, job.purpose)) => {
                    _ = job.reply.send(brought.unwrap_or(Err(FetchRefusal::TimedOut)));
                }
                () = job.reply.closed() => {}
            }
        });
    }
}
