//! `nodes`: which are alive, and what they have compiled.

use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::dsl::{IntervalDsl, now};
use diesel::sql_types::Timestamptz;
use diesel::{ExpressionMethods, IntoSql, QueryDsl, RunQueryDsl};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::nodes;
use crate::store::Store;

/// A node that has not been seen for so many seconds does not count.
pub const NODE_LIVES: i32 = 5;

/// A node as the others see it.
#[derive(Debug, Clone)]
pub struct NodeRecord {
    /// Its id.
    pub node_id: String,
    /// The version of its software.
    pub software_version: String,
    /// The plugin versions that it has compiled.
    pub ready: Vec<Digest>,
    /// When it last said so, by the database's clock.
    pub seen_at: Timestamp,
}

impl Store {
    /// A node's heartbeat, about once a second: it is alive and has these plugin versions ready.
    pub async fn report_ready(&self, node_id: &str, software_version: &str, ready: &[Digest]) -> Result<(), Fault> {
        let (node_id, software_version) = (node_id.to_owned(), software_version.to_owned());
        let ready: Vec<Vec<u8>> = ready.iter().map(|digest| digest.as_bytes().to_vec()).collect();
        self.boundary
            .write(move |tx| {
                let told = (nodes::software_version.eq(software_version), nodes::ready_digests.eq(ready), nodes::seen_at.eq(now));
                diesel::insert_into(nodes::table)
                    .values((nodes::node_id.eq(node_id), told.clone()))
                    .on_conflict(nodes::node_id)
                    .do_update()
                    .set(told)
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// A node says goodbye: nothing waits for it any more.
    pub async fn report_gone(&self, node_id: &str) -> Result<(), Fault> {
        let node_id = node_id.to_owned();
        self.boundary.write(move |tx| Ok(diesel::delete(nodes::table.find(node_id)).execute(tx).map(drop)?)).await
    }

    /// The nodes that are alive.
    pub async fn live_nodes(&self) -> Result<Vec<NodeRecord>, Fault> {
        self.boundary.read(live).await
    }

    /// Whether every live node has the plugin version ready.
    pub async fn live_nodes_ready(&self, digest: Digest) -> Result<bool, Fault> {
        self.boundary.read(move |tx| Ok(lacking(tx, &digest)?.is_empty())).await
    }
}

fn live(tx: &mut Tx) -> Result<Vec<NodeRecord>, Fault> {
    let rows: Vec<(String, String, Vec<Vec<u8>>, PgTimestamp)> = nodes::table
        .filter(nodes::seen_at.gt(now.into_sql::<Timestamptz>() - NODE_LIVES.seconds()))
        .order(nodes::node_id)
        .select((nodes::node_id, nodes::software_version, nodes::ready_digests, nodes::seen_at))
        .load(tx)?;
    rows.into_iter()
        .map(|(node_id, software_version, ready, seen_at)| {
            let ready: Result<Vec<Digest>, _> = ready.iter().map(|bytes| Digest::try_from(bytes.as_slice())).collect();
            let ready = ready.map_err(|_| Fault::corrupt("nodes", "ready_digests", node_id.clone()))?;
            Ok(NodeRecord { node_id, software_version, ready, seen_at: instant::from_sql(seen_at) })
        })
        .collect()
}

/// The live nodes that do not have the version ready.
pub(crate) fn lacking(tx: &mut Tx, digest: &Digest) -> Result<Vec<String>, Fault> {
    Ok(live(tx)?.into_iter().filter(|node| !node.ready.contains(digest)).map(|node| node.node_id).collect())
}
