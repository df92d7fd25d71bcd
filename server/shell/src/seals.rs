//! What each sealed value is bound to: the table, the column and the row it is kept in.

use claimsmith_vault::Place;

/// The sealed secret of a client that signs assertions with it; `row` is the number of the secret.
pub const fn client_secret(row: &str) -> Place<'_> {
    Place { table: "client_secrets", column: "sealed", row }
}

/// The secret of a person's authenticator app; `row` is the user's id.
pub const fn user_totp(row: &str) -> Place<'_> {
    Place { table: "user_totp", column: "sealed_secret", row }
}

/// What a browser keeps to be known as a person's; `row` is the user's id. It stands in no table.
pub const fn device(row: &str) -> Place<'_> {
    Place { table: "users", column: "device_cookie", row }
}

/// What has to be known to tell a client of a decision; `row` is the grant.
pub const fn backchannel_request(row: &str) -> Place<'_> {
    Place { table: "backchannel_notices", column: "sealed_request", row }
}

/// Tokens that are pushed to a client; `row` is the grant.
pub const fn backchannel_tokens(row: &str) -> Place<'_> {
    Place { table: "backchannel_notices", column: "sealed_tokens", row }
}

/// A secret that all nodes share; `row` is its name.
pub const fn server_secret(row: &str) -> Place<'_> {
    Place { table: "server_secrets", column: "sealed_secret", row }
}
