//! `sign_in_failures`: buckets that fill with failures and drain with time, the same for all nodes (RFC 6819 §5.1.4.2.3).
//!
//! An attempt is charged before it is looked at and refunded when it was right, so that a hundred at once are no way around.

use std::time::Duration;

use claimsmith_jose::Digest;
use diesel::sql_types::{Array, BigInt, Bytea};
use diesel::{QueryableByName, RunQueryDsl};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::store::Store;

/// A bucket: what is counted, and how much of it is let pass.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// SHA-256 of what is counted.
    pub digest: Digest,
    /// Failures that it holds; at least 1.
    pub burst: u32,
    /// One of them drains each time this has passed.
    pub every: Duration,
}

/// What came of an attempt to charge several buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// How long until each bucket has room for one more, in the order in which they were given; zero where there was room.
    pub waits: Vec<Duration>,
    /// Whether they were charged: where `admit` said so.
    pub charged: bool,
}

#[derive(QueryableByName)]
struct Filled {
    #[diesel(sql_type = Bytea)]
    bucket_digest: Vec<u8>,
    /// Microseconds until it has drained; negative when it has.
    #[diesel(sql_type = BigInt)]
    left: i64,
}

/// Rows are made where there are none, and locked where there are; in one order, so that no two wait for each other.
const LOCK: &str = "INSERT INTO sign_in_failures AS held (bucket_digest, drained_at) \
     SELECT digest, now() FROM unnest($1) AS digest ORDER BY digest \
     ON CONFLICT (bucket_digest) DO UPDATE SET drained_at = held.drained_at \
     RETURNING bucket_digest, (extract(epoch FROM drained_at - clock_timestamp()) * 1000000)::bigint AS left";
const SET: &str = "UPDATE sign_in_failures SET drained_at = clock_timestamp() + microseconds * interval '1 microsecond' \
     FROM unnest($1, $2) AS new (digest, microseconds) WHERE bucket_digest = digest";
const REFUND: &str = "UPDATE sign_in_failures SET drained_at = drained_at - microseconds * interval '1 microsecond' \
     FROM unnest($1, $2) AS new (digest, microseconds) WHERE bucket_digest = digest";

impl Store {
    /// Charges each bucket with one failure where `admit`, given how long each would have to wait, says so. Different buckets
    /// have different digests.
    pub async fn charge<F>(&self, buckets: Vec<Bucket>, admit: F) -> Result<Charge, Fault>
    where
        F: FnOnce(&[Duration]) -> bool + Send + 'static,
    {
        self.boundary.write(move |tx| charge(tx, &buckets, admit)).await
    }

    /// Takes one failure back from each bucket: the attempt was right.
    pub async fn refund(&self, buckets: Vec<Bucket>) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                let drains: Vec<i64> = buckets.iter().map(Bucket::drain).collect();
                diesel::sql_query(REFUND).bind::<Array<Bytea>, _>(digests(&buckets)).bind::<Array<BigInt>, _>(drains).execute(tx)?;
                Ok(())
            })
            .await
    }
}

fn digests(buckets: &[Bucket]) -> Vec<&[u8]> {
    buckets.iter().map(|bucket| &bucket.digest.as_bytes()[..]).collect()
}

fn charge(tx: &mut Tx, buckets: &[Bucket], admit: impl FnOnce(&[Duration]) -> bool) -> Result<Charge, Fault> {
    let rows: Vec<Filled> = diesel::sql_query(LOCK).bind::<Array<Bytea>, _>(digests(buckets)).load(tx)?;
    let left: Vec<i64> = buckets
        .iter()
        .map(|bucket| rows.iter().find(|row| row.bucket_digest == bucket.digest.as_bytes()).map_or(0, |row| row.left.max(0)))
        .collect();
    let waits: Vec<Duration> = buckets.iter().zip(&left).map(|(bucket, left)| bucket.wait(*left)).collect();
    let charged = admit(&waits);
    if charged {
        let filled: Vec<i64> = buckets.iter().zip(&left).map(|(bucket, left)| bucket.filled(*left)).collect();
        diesel::sql_query(SET).bind::<Array<Bytea>, _>(digests(buckets)).bind::<Array<BigInt>, _>(filled).execute(tx)?;
    }
    Ok(Charge { waits, charged })
}

impl Bucket {
    /// Microseconds that one failure stays.
    fn drain(&self) -> i64 {
        i64::try_from(self.every.as_micros()).unwrap_or(i64::MAX).max(1)
    }

    fn wait(&self, left: i64) -> Duration {
        let room = self.drain().saturating_mul(i64::from(self.burst.max(1)) - 1);
        Duration::from_micros(u64::try_from(left.saturating_sub(room)).unwrap_or(0))
    }

    /// Invariant: a bucket holds at most `burst` failures: nobody is put off for longer than that, whatever came at once.
    fn filled(&self, left: i64) -> i64 {
        let full = self.drain().saturating_mul(i64::from(self.burst.max(1)));
        left.saturating_add(self.drain()).min(full)
    }
}
