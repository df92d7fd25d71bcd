//! Counters that are found by label and counted up without a lock, an allocation or a wait.

use super::exposition::{Encoder, Labels};
use arc_swap::ArcSwap;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Upper bounds of the buckets of every histogram, in microseconds.
const BOUNDS: [u64; 17] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// How long things took.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|bound| Duration::from_micros(*bound) < duration);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn encode(&self, labels: Labels<'_>, out: &mut Encoder) {
        let mut below = 0;
        let mut buckets = [(0.0, 0); BOUNDS.len()];
        for (bucket, (bound, count)) in buckets.iter_mut().zip(BOUNDS.iter().zip(&self.buckets)) {
            below += count.load(Relaxed);
            *bucket = (Duration::from_micros(*bound).as_secs_f64(), below);
        }
        // Invariant: the count is made of the very buckets written, so that a scrape amid requests adds up.
        let count = below + self.buckets[BOUNDS.len()].load(Relaxed);
        out.distribution(labels, &buckets, count, Duration::from_nanos(self.nanoseconds.load(Relaxed)).as_secs_f64());
    }
}

/// Cells by label. A label that is new costs a copy of the table; after that, finding it costs a hash.
#[derive(Debug)]
pub(super) struct Table<K, C> {
    cells: ArcSwap<HashMap<K, Arc<C>>>,
    rest: C,
    most: usize,
}

impl<K: Hash + Eq + Clone, C: Default> Table<K, C> {
    /// A table of at most `most` labels; what comes after them is counted together.
    pub(super) fn new(most: usize) -> Self {
        Table { cells: ArcSwap::default(), rest: C::default(), most }
    }

    /// Does something with the cell of a label.
    pub(super) fn with<Q>(&self, label: &Q, act: impl Fn(&C))
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(cell) = self.cells.load().get(label) {
            return act(cell);
        }
        self.cells.rcu(|cells| {
            let mut cells = HashMap::clone(cells);
            if cells.len() < self.most {
                cells.entry(label.to_owned()).or_default();
            }
            cells
        });
        match self.cells.load().get(label) {
            Some(cell) => act(cell),
            None => act(&self.rest),
        }
    }

    /// Every label with its cell, in order.
    pub(super) fn all(&self) -> Vec<(K, Arc<C>)>
    where
        K: Ord,
    {
        let mut all: Vec<_> = self.cells.load().iter().map(|(label, cell)| (label.clone(), Arc::clone(cell))).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// The cell of everything beyond the table.
    pub(super) const fn rest(&self) -> &C {
        &self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::exposition::{Kind, check};

    #[test]
    fn a_histogram_adds_up() {
        let histogram = Histogram::default();
        for microseconds in [0, 5, 6, 1_000, 6_000_000] {
            histogram.observe(Duration::from_micros(microseconds));
        }
        let mut encoder = Encoder::default();
        encoder.family("t_seconds", Kind::Histogram, "help");
        histogram.encode(&[("stage", "sign")], &mut encoder);
        let samples = check::samples(&encoder.finish());
        let at = |le: &str| samples[&format!("t_seconds_bucket{{stage=\"sign\",le=\"{le}\"}}")];
        assert_eq!((at("0.000005"), at("0.00001"), at("0.001"), at("5"), at("+Inf")), (2.0, 3.0, 4.0, 4.0, 5.0));
        assert_eq!(samples["t_seconds_count{stage=\"sign\"}"], 5.0);
        assert!((samples["t_seconds_sum{stage=\"sign\"}"] - 6.001_011).abs() < 1e-9);
    }

    #[test]
    fn labels_are_bounded_and_counts_are_not_lost() {
        let table: Table<String, Counter> = Table::new(3);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..1_000 {
                        table.with((number % 5).to_string().as_str(), |cell| cell.add(1));
                    }
                });
            }
        });
        let all = table.all();
        let counted: u64 = all.iter().map(|(_, cell)| cell.value()).sum();
        assert_eq!((all.len(), counted + table.rest().value()), (3, 4_000));
    }
}
