//! What the host keeps for one call, inside its store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use claimsmith_issuer::hook::Background;
use wasmtime::{Error, ResourceLimiter, Result};

use crate::gate::{Gate, Overrun, Place};
use crate::log::Log;
use crate::settings::{Limits, Surroundings};

/// Most bytes that a guest gets from one call for random bytes.
const RANDOM_BYTES: u64 = 4096;

/// Why the host itself ended a call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The wall time is over.
    #[error("out of time")]
    Time,
    /// The wall time is over, and other calls of the same plugin had it.
    #[error("no turn in time")]
    Starved,
    /// The guest did what it may not do.
    #[error("{0}")]
    Forbidden(&'static str),
}

/// On which thread a guest runs, and so what happens when it overruns its first ticks.
#[derive(Debug)]
pub(crate) enum Turn {
    /// On a thread that serves: it lets others pass at every tick, and needs a place to go on.
    Here {
        gate: Arc<Gate>,
        /// The place it had to wait for, until it overruns.
        place: Option<Place>,
        overrun: Option<Arc<Overrun>>,
    },
    /// On a thread of the slow lane.
    Aside {
        /// The thread's CPU time when the guest began.
        began: Duration,
    },
}

/// The names and values a guest may look up, in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    text: String,
    /// Ends of name and value in `text`.
    ends: Vec<(usize, usize)>,
}

impl Lookup {
    /// Copies the pairs: the store must own what it answers from.
    pub(crate) fn of(pairs: &[(Box<str>, Box<str>)]) -> Self {
        let mut lookup = Self {
            text: String::with_capacity(pairs.iter().map(|(name, value)| name.len() + value.len()).sum()),
            ends: Vec::with_capacity(pairs.len()),
        };
        for (name, value) in pairs {
            lookup.text.push_str(name);
            let middle = lookup.text.len();
            lookup.text.push_str(value);
            lookup.ends.push((middle, lookup.text.len()));
        }
        lookup
    }

    /// The first value of that name.
    pub(crate) fn find(&self, wanted: &str) -> Option<&str> {
        let mut start = 0;
        for &(middle, end) in &self.ends {
            if &self.text[start..middle] == wanted {
                return Some(&self.text[middle..end]);
            }
            start = end;
        }
        None
    }
}

/// The data of a store.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) now_milliseconds: u64,
    pub(crate) deadline: Instant,
    pub(crate) parameters: Lookup,
    pub(crate) headers: Lookup,
    /// What is known of person and grant, as far as the binding may read it.
    pub(crate) background: Option<Arc<Background>>,
    pub(crate) log: Log,
    pub(crate) out_of_memory: bool,
    pub(crate) turn: Turn,
    /// How long it may run.
    pub(crate) wall: Duration,
    memory: usize,
    host_calls: u32,
    surroundings: Surroundings,
    counted: u8,
}

impl Guest {
    pub(crate) fn new(now_milliseconds: u64, limits: &Limits, turn: Turn) -> Self {
        Self {
            now_milliseconds,
            deadline: Instant::now() + limits.wall,
            parameters: Lookup::default(),
            headers: Lookup::default(),
            background: None,
            log: Log::new(limits.logs),
            out_of_memory: false,
            turn,
            wall: limits.wall,
            memory: limits.memory,
            host_calls: limits.host_calls,
            surroundings: limits.surroundings,
            counted: 0,
        }
    }

    /// Counts a call of a host function.
    pub(crate) fn enter(&mut self) -> Result<()> {
        // Security: host functions are bought with little fuel and do work that fuel does not see.
        match self.host_calls.checked_sub(1) {
            Some(left) => self.host_calls = left,
            None => return Err(Error::new(Stop::Forbidden("too many calls of host functions"))),
        }
        if self.host_calls.is_multiple_of(64) && Instant::now() >= self.deadline {
            return Err(Error::new(Stop::Time));
        }
        Ok(())
    }

    /// Milliseconds until the call is ended.
    pub(crate) fn remaining_milliseconds(&self) -> u32 {
        match self.surroundings {
            Surroundings::Live => {
                let left = self.deadline.saturating_duration_since(Instant::now());
                u32::try_from(left.as_millis()).unwrap_or(u32::MAX)
            }
            Surroundings::Rehearsed { remaining_milliseconds } => remaining_milliseconds,
        }
    }

    /// Random bytes, at most 4096.
    pub(crate) fn random(&mut self, length: u64) -> Result<Vec<u8>> {
        if length > RANDOM_BYTES {
            return Err(Error::new(Stop::Forbidden("more than 4096 random bytes at a time")));
        }
        let mut bytes = vec![0; usize::try_from(length)?];
        match self.surroundings {
            Surroundings::Live => getrandom::fill(&mut bytes).map_err(Error::new)?,
            Surroundings::Rehearsed { .. } => {
                for byte in &mut bytes {
                    *byte = self.counted;
                    self.counted = self.counted.wrapping_add(1);
                }
            }
        }
        Ok(bytes)
    }

    /// Eight random bytes as a number.
    pub(crate) fn random_u64(&mut self) -> Result<u64> {
        let bytes = self.random(8)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let granted = desired <= self.memory;
        self.out_of_memory |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let granted = desired <= crate::engine::TABLE_ELEMENTS;
        self.out_of_memory |= !granted;
        Ok(granted)
    }
}
