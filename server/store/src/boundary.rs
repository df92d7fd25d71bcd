//! The one place where async code waits for blocking SQL.
//!
//! A permit first, then one blocking task that owns permit, connection, span and inputs. The work is a plain closure over a
//! connection, so no `await` can stand inside a transaction, and a caller that goes away leaves nothing half done. The
//! blocking threads are the store's own, so callers on any runtime may wait for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;
use r2d2::{Pool, PooledConnection};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connection::{Connector, Link, LogFaults, Tx};
use crate::fault::Fault;
use crate::settings::Settings;

/// Between looks at how the pool's attempts to connect are going.
const LOOK: Duration = Duration::from_millis(100);

/// The way to the database for reads and admin writes.
pub(crate) struct Boundary {
    lanes: Arc<Lanes>,
    permits: Arc<Semaphore>,
    permit_timeout: Duration,
    /// How long a caller waits for work that was begun: a server that hangs says nothing at all.
    patience: Duration,
    /// Never driven; only its blocking threads are used. `None` only while dropping.
    runtime: Option<Runtime>,
}

/// What the blocking side of the boundary holds.
struct Lanes {
    pool: Pool<Connector>,
    /// Connections that last answered before this are asked for a sign of life.
    suspected_at: Mutex<Option<Instant>>,
    connector: Connector,
    connect_timeout: Duration,
    refused: AtomicU64,
}

/// The pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Open connections.
    pub open: u32,
    /// Connections that nobody uses now.
    pub idle: u32,
    /// Permits that nobody holds now.
    pub free_permits: usize,
    /// How many pieces of work have been refused for want of a permit.
    pub refused: u64,
}

impl Boundary {
    /// A boundary over an empty pool; nothing is connected yet.
    pub(crate) fn new(connector: Connector, settings: &Settings) -> Result<Self, Fault> {
        settings.check()?;
        let pool = Pool::builder()
            .max_size(settings.pool_size)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .idle_timeout(Some(Duration::from_secs(600)))
            .max_lifetime(Some(Duration::from_secs(1800)))
            .connection_timeout(settings.connect_timeout)
            .error_handler(Box::new(LogFaults))
            .build_unchecked(connector.clone());
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(settings.blocking_threads())
            .thread_name("store")
            .thread_keep_alive(Duration::from_secs(60))
            .build()
            .map_err(|error| Fault::Settings(error.to_string()))?;
        let (suspected_at, refused) = (Mutex::default(), AtomicU64::new(0));
        let lanes = Lanes { pool, suspected_at, connector, connect_timeout: settings.connect_timeout, refused };
        Ok(Self {
            lanes: Arc::new(lanes),
            permits: Arc::new(Semaphore::new(settings.pool_size as usize)),
            permit_timeout: settings.permit_timeout,
            patience: settings.patience(),
            runtime: Some(runtime),
        })
    }

    /// Statements that each see the latest commit. On a stale connection they are run again on another.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.cross(Some(self.patience), move |lanes| lanes.read(work)).await
    }

    /// Statements that all see the same moment.
    pub(crate) async fn snapshot<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.read(move |conn| conn.build_transaction().repeatable_read().read_only().run(|conn| work(conn))).await
    }

    /// One transaction that writes. A stale connection is replaced before its first statement, never after.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.cross(Some(self.patience), move |lanes| lanes.write(work)).await
    }

    /// The same for work that may take as long as it takes.
    pub(crate) async fn write_at_length<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.cross(None, move |lanes| lanes.write(work)).await
    }

    /// Waits for the work, but not for ever. What is given up goes on by itself, and keeps its permit until it ends.
    async fn cross<T, F>(&self, patience: Option<Duration>, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Lanes) -> Result<T, Fault> + Send + 'static,
    {
        let permit = self.permit().await?;
        let runtime = self.runtime.as_ref().ok_or(Fault::Closed)?;
        let (lanes, span) = (Arc::clone(&self.lanes), tracing::Span::current());
        let task = runtime.handle().spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(|| work(&lanes))
        });
        let joined = match patience {
            None => task.await,
            Some(patience) => match tokio::time::timeout(patience, task).await {
                Ok(joined) => joined,
                Err(_) => return Err(Fault::silent()),
            },
        };
        joined.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Fault::Closed),
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Fault> {
        let permits = Arc::clone(&self.permits);
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.permit_timeout, permits.acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| Fault::Closed),
            Err(_) => {
                self.lanes.refused.fetch_add(1, Ordering::Relaxed);
                Err(Fault::Full { what: "the connection pool" })
            }
        }
    }

    pub(crate) fn state(&self) -> PoolState {
        let state = self.lanes.pool.state();
        PoolState {
            open: state.connections,
            idle: state.idle_connections,
            free_permits: self.permits.available_permits(),
            refused: self.lanes.refused.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Boundary {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Dropped on an async thread, it must not wait; the work in flight ends by itself.
            runtime.shutdown_background();
        }
    }
}

/// How many stale connections a read may meet before it gives up: the pool may have been opening one while the database went.
const STALE_MAX: usize = 2;

impl Lanes {
    fn read<T>(&self, work: impl Fn(&mut Tx) -> Result<T, Fault>) -> Result<T, Fault> {
        for _ in 0..STALE_MAX {
            let mut link = self.check_out()?;
            let result = work(&mut link.conn);
            match link.learn(result) {
                Err(fault) if fault.ends_connection() => {
                    drop(link);
                    self.suspect();
                }
                result => return result,
            }
        }
        let mut link = self.check_out()?;
        let result = work(&mut link.conn);
        link.learn(result)
    }

    fn write<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut link = self.check_out()?;
        if let Err(fault) = begin(&mut link) {
            if !fault.ends_connection() {
                return Err(fault);
            }
            drop(link);
            self.suspect();
            link = self.check_out()?;
            begin(&mut link)?;
        }
        let result = work(&mut link.conn);
        let result = match result {
            Ok(value) => Manager::commit_transaction(&mut link.conn).map(|()| value).map_err(Fault::from),
            Err(fault) => {
                // The reason for the rollback is what the caller must hear; a failed one leaves the connection broken.
                let _ = Manager::rollback_transaction(&mut link.conn);
                Err(fault)
            }
        };
        let result = link.learn(result);
        if result.as_ref().is_err_and(Fault::ends_connection) {
            self.suspect();
        }
        result
    }

    /// A connection that has given a sign of life since the last one was found dead.
    fn check_out(&self) -> Result<PooledConnection<Connector>, Fault> {
        loop {
            let mut link = match self.pool.try_get() {
                Some(link) => link,
                None => self.await_connection()?,
            };
            let suspected_at = *self.suspected_at.lock().unwrap_or_else(PoisonError::into_inner);
            if link.prove(suspected_at) {
                return Ok(link);
            }
        }
    }

    /// Waits for the pool to connect, but not while it is known that it cannot.
    // Invariant: the pool repeats a failed attempt until one succeeds, which ends the trouble; nobody has to wait for that.
    fn await_connection(&self) -> Result<PooledConnection<Connector>, Fault> {
        let since = Instant::now();
        loop {
            if let Some(reason) = self.connector.trouble() {
                return Err(Fault::Unavailable { reason });
            }
            match self.pool.get_timeout(LOOK) {
                Ok(link) => return Ok(link),
                Err(error) if since.elapsed() > self.connect_timeout => return Err(Fault::Unavailable { reason: error.to_string() }),
                Err(_) => {}
            }
        }
    }

    fn suspect(&self) {
        *self.suspected_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

type Manager = AnsiTransactionManager;

fn begin(link: &mut Link) -> Result<(), Fault> {
    let result = <Manager as TransactionManager<PgConnection>>::begin_transaction(&mut link.conn).map_err(Fault::from);
    link.learn(result)
}
