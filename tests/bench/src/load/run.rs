//! Runs a load: connects, warms up, reads the server's CPU clock, sends, reads it again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::latency::Latencies;
use super::wire::{H1, H2, Rendered};
use super::{Order, Plan, Report};
use crate::cpu;

/// Longer than any honest answer: a load must end by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// What all connections of a load share: one thread, so no locks.
struct Shared {
    requests: Vec<Rendered>,
    order: Order,
    next: Cell<usize>,
    left: Cell<u32>,
    until: Cell<Instant>,
    begun: Cell<Instant>,
    sent: Cell<u32>,
    gap: Option<Duration>,
    state: Cell<u64>,
    notes: RefCell<Notes>,
}

#[derive(Default)]
struct Notes {
    latencies: Vec<Latencies>,
    wrong: u64,
    first_wrong: Option<String>,
}

enum Connection {
    One(H1),
    Two(H2),
}

impl Connection {
    async fn exchange(&mut self, request: &Rendered) -> io::Result<u16> {
        match self {
            Self::One(connection) => connection.exchange(request).await,
            Self::Two(connection) => connection.exchange(request).await,
        }
    }
}

/// Runs a plan. Blocks until it is over.
///
/// # Errors
/// When a connection breaks.
///
/// # Panics
/// When the plan makes no sense.
pub fn run(plan: &Plan) -> io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, load(plan))
}

async fn load(plan: &Plan) -> io::Result<Report> {
    let mut classes: Vec<&str> = Vec::new();
    let mut requests = Vec::with_capacity(plan.requests.len());
    for request in &plan.requests {
        let class = classes.iter().position(|held| *held == request.class).unwrap_or_else(|| {
            classes.push(&request.class);
            classes.len() - 1
        });
        requests.push(Rendered::new(request, class, plan));
    }
    let mut connections = Vec::new();
    for _ in 0..plan.h1 {
        connections.push(Connection::One(H1::open(plan).await?));
    }
    if plan.h2 > 0 {
        let connection = H2::open(plan).await?;
        connections.extend((0..plan.h2).map(|_| Connection::Two(connection.clone())));
    }
    let now = Instant::now();
    let shared = Rc::new(Shared {
        requests,
        order: plan.order,
        next: Cell::new(0),
        left: Cell::new(plan.warm_up),
        until: Cell::new(now + PATIENCE),
        begun: Cell::new(now),
        sent: Cell::new(0),
        gap: plan.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        state: Cell::new(0x9e37_79b9_7f4a_7c15),
        notes: RefCell::default(),
    });
    if plan.warm_up > 0 {
        connections = everyone(&shared, connections, false).await?;
    }
    shared.begin(plan, classes.len());
    let (begun, before) = (Instant::now(), cpu::of(plan.pid));
    everyone(&shared, connections, true).await?;
    let (cpu, seconds) = (cpu::of(plan.pid).saturating_sub(before), begun.elapsed().as_secs_f64());
    let notes = shared.notes.take();
    let by_class: BTreeMap<_, _> = classes.iter().zip(notes.latencies).map(|(name, held)| ((*name).to_owned(), held.class())).collect();
    Ok(Report {
        requests: by_class.values().map(|class| class.requests).sum(),
        wrong: notes.wrong,
        first_wrong: notes.first_wrong,
        seconds,
        cpu: cpu.as_secs_f64(),
        classes: by_class,
    })
}

impl Shared {
    fn begin(&self, plan: &Plan, classes: usize) {
        self.left.set(plan.count);
        self.sent.set(0);
        self.begun.set(Instant::now());
        self.until.set(Instant::now() + Duration::from_secs_f64(plan.seconds));
        self.notes.borrow_mut().latencies = (0..classes).map(|_| Latencies::default()).collect();
    }

    /// The next request, until there are none left or time is up.
    fn take(&self) -> Option<&Rendered> {
        let left = self.left.get().checked_sub(1)?;
        let index = self.next.get();
        if Instant::now() >= self.until.get() || (self.order == Order::Once && index >= self.requests.len()) {
            return None;
        }
        self.left.set(left);
        self.next.set(index + 1);
        let index = match self.order {
            Order::Random => self.chance() % self.requests.len(),
            Order::Turn | Order::Once => index % self.requests.len(),
        };
        Some(&self.requests[index])
    }

    /// When the next request is due, where there is a rate.
    fn due(&self) -> Option<Instant> {
        let gap = self.gap?;
        let sent = self.sent.get();
        self.sent.set(sent + 1);
        Some(self.begun.get() + gap * sent)
    }

    /// xorshift64*: the same order in every run.
    fn chance(&self) -> usize {
        let mut state = self.state.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.state.set(state);
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize
    }
}

/// Lets every connection work until nothing is left.
async fn everyone(shared: &Rc<Shared>, connections: Vec<Connection>, counted: bool) -> io::Result<Vec<Connection>> {
    let tasks: Vec<_> =
        connections.into_iter().map(|connection| tokio::task::spawn_local(work(Rc::clone(shared), connection, counted))).collect();
    let mut back = Vec::with_capacity(tasks.len());
    for task in tasks {
        back.push(task.await.map_err(io::Error::other)??);
    }
    Ok(back)
}

async fn work(shared: Rc<Shared>, mut connection: Connection, counted: bool) -> io::Result<Connection> {
    while let Some(request) = shared.take() {
        let due = shared.due();
        if let Some(due) = due {
            tokio::time::sleep_until(due.into()).await;
        }
        // With a rate, waiting for a free connection is part of the latency.
        let begun = due.unwrap_or_else(Instant::now);
        let status = tokio::time::timeout(PATIENCE, connection.exchange(request)).await??;
        if counted {
            let spent = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let mut notes = shared.notes.borrow_mut();
            notes.latencies[request.class].add(spent);
            if status != request.status {
                notes.wrong += 1;
                notes.first_wrong.get_or_insert_with(|| format!("{status} instead of {}: {}", request.status, request.head.uri()));
            }
        }
    }
    Ok(connection)
}
