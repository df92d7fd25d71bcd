//! What each sealed value is bound to: the table, the column and the row it is kept in.

use claimsmith_vault::Place;

/// The sealed secret of a client that signs assertions with it; `row` is the number of the secret.
pub const fn client_secret(row: &str) -> Place<'_> {
    Place { table: "client_secrets", column: "sealed", row }
}
