//! `server_secrets`: what all nodes share and no master key's life bounds.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::fault::Fault;
use crate::schema::server_secrets;
use crate::store::Store;

impl Store {
    /// The sealed secret of a name, where there is one.
    pub async fn held_server_secret(&self, name: &'static str) -> Result<Option<Vec<u8>>, Fault> {
        self.boundary.read(move |tx| Ok(server_secrets::table.find(name).select(server_secrets::sealed_secret).first(tx).optional()?)).await
    }

    /// The sealed secret of a name; `fresh`, sealed for that row, becomes it where there is none yet. Of several nodes that start at
    /// once, one makes it.
    pub async fn server_secret(&self, name: &'static str, fresh: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.boundary
            .write(move |tx| {
                diesel::insert_into(server_secrets::table)
                    .values((server_secrets::name.eq(name), server_secrets::sealed_secret.eq(&fresh)))
                    .on_conflict_do_nothing()
                    .execute(tx)?;
                Ok(server_secrets::table.find(name).select(server_secrets::sealed_secret).first(tx)?)
            })
            .await
    }
}
