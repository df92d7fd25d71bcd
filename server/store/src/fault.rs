//! What can go wrong with the store. Never the client's doing: the public face of every one is `server_error` or
//! `temporarily_unavailable`; the admin API tells an administrator more.

use diesel::result::{DatabaseErrorKind, Error};

use crate::migrate::WrongMigration;

/// A failure of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// PostgreSQL is away, shutting down, read-only or out of disk; trying again later may help.
    #[error("the database is unavailable: {reason}")]
    Unavailable {
        /// What the driver or PostgreSQL said.
        reason: String,
    },
    /// A statement or a lock took longer than its setting allows.
    #[error("the database was too slow: {reason}")]
    Timeout {
        /// What PostgreSQL said.
        reason: String,
    },
    /// Every permit or queue place stayed taken for as long as a request may wait.
    #[error("{what} is full")]
    Full {
        /// What has no room.
        what: &'static str,
    },
    /// The row was changed since the caller read it (`If-Match`).
    #[error("{kind} `{key}` has version {found}, not {expected}: read it again")]
    Conflict {
        /// The kind of entity.
        kind: &'static str,
        /// Its key.
        key: String,
        /// The version the caller expected.
        expected: i64,
        /// The version there is.
        found: i64,
    },
    /// There is no such row.
    #[error("there is no {kind} `{key}`")]
    Missing {
        /// The kind of entity.
        kind: &'static str,
        /// Its key.
        key: String,
    },
    /// There is such a row already.
    #[error("there is a {kind} `{key}` already")]
    Exists {
        /// The kind of entity.
        kind: &'static str,
        /// Its key.
        key: String,
    },
    /// The row refers to something that does not exist, or something still refers to it.
    #[error("{kind} `{key}`: a reference is broken ({constraint})")]
    Reference {
        /// The kind of entity.
        kind: &'static str,
        /// Its key.
        key: String,
        /// The constraint that said so.
        constraint: String,
    },
    /// Live nodes have not compiled the plugin version yet, or could not.
    #[error("plugin `{plugin}`: not ready on {}", nodes.join(", "))]
    NotReady {
        /// The plugin.
        plugin: String,
        /// The nodes that do not report it ready.
        nodes: Vec<String>,
    },
    /// The database and this binary do not fit.
    #[error(transparent)]
    WrongMigration(#[from] WrongMigration),
    /// A row says something that no write of ours could have said.
    #[error("corrupt row: {table}.{column} of `{id}`")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's primary key.
        id: String,
    },
    /// Settings that cannot work together.
    #[error("store settings: {0}")]
    Settings(String),
    /// PostgreSQL refused a statement that should have been good.
    #[error("the database refused a statement: {reason}")]
    Statement {
        /// What PostgreSQL said.
        reason: String,
    },
    /// A constraint refused the row: what the caller wanted to store is not storable.
    #[error("the database refused a row: {constraint}")]
    Constraint {
        /// The constraint's name.
        constraint: String,
        /// Whether it was a unique one, a foreign key, or a check.
        of: ConstraintKind,
    },
    /// The store is shutting down.
    #[error("the store is shutting down")]
    Closed,
}

/// The kind of a constraint that refused a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// A primary key or unique index.
    Unique,
    /// A foreign key.
    Foreign,
    /// A check or not-null constraint.
    Check,
}

impl Fault {
    /// The database was not heard of for as long as anybody waits.
    pub(crate) fn silent() -> Self {
        Self::Timeout { reason: "it says nothing".to_owned() }
    }

    /// Whether trying again later may help by itself.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. } | Self::Full { .. } | Self::Closed)
    }

    /// Whether it says that there is no such row.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether the connection that said so must not be used again.
    pub(crate) const fn ends_connection(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether only the connection's health tells what this was.
    pub(crate) const fn is_unclear(&self) -> bool {
        matches!(self, Self::Statement { .. })
    }

    pub(crate) const fn corrupt(table: &'static str, column: &'static str, id: String) -> Self {
        Self::Corrupt { table, column, id }
    }

    /// Names the entity that a unique or foreign key constraint was about.
    pub(crate) fn about(self, kind: &'static str, key: &str) -> Self {
        match self {
            Self::Constraint { of: ConstraintKind::Unique, .. } => Self::Exists { kind, key: key.to_owned() },
            Self::Constraint { of: ConstraintKind::Foreign, constraint } => Self::Reference { kind, key: key.to_owned(), constraint },
            other => other,
        }
    }
}

/// Beginnings of PostgreSQL's and libpq's messages after which the connection is of no use. Diesel does not hand on the
/// SQLSTATE, and the messages are English because the connection asks for it where it may.
const AWAY: [&str; 14] = [
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "connection to server",
    "connection not open",
    "could not receive data",
    "could not send data",
    "SSL connection",
    "SSL SYSCALL",
    "the database system is",
    "sorry, too many clients",
    "remaining connection slots",
    "could not extend file",
    "could not write",
];

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (kind, information) = match error {
            Error::DatabaseError(kind, information) => (kind, information),
            Error::BrokenTransactionManager => return Self::Unavailable { reason: "the connection broke inside a transaction".to_owned() },
            Error::RollbackErrorOnCommit { commit_error, .. } => return Self::Unavailable { reason: commit_error.to_string() },
            other => return Self::Statement { reason: other.to_string() },
        };
        let reason = information.message().trim().to_owned();
        let constraint = || information.constraint_name().or(information.column_name()).unwrap_or("unnamed").to_owned();
        match kind {
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ExclusionViolation => {
                Self::Constraint { constraint: constraint(), of: ConstraintKind::Unique }
            }
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
                Self::Constraint { constraint: constraint(), of: ConstraintKind::Foreign }
            }
            DatabaseErrorKind::NotNullViolation | DatabaseErrorKind::CheckViolation => {
                Self::Constraint { constraint: constraint(), of: ConstraintKind::Check }
            }
            // A read-only transaction means that this was the primary once: another connection may find the new one.
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ReadOnlyTransaction => {
                Self::Unavailable { reason }
            }
            DatabaseErrorKind::SerializationFailure => Self::Timeout { reason },
            _ if AWAY.iter().any(|beginning| reason.starts_with(beginning)) || reason.contains("No space left on device") => {
                Self::Unavailable { reason }
            }
            _ if reason.contains("statement timeout") || reason.contains("lock timeout") || reason.starts_with("deadlock detected") => {
                Self::Timeout { reason }
            }
            _ => Self::Statement { reason },
        }
    }
}

impl From<diesel::ConnectionError> for Fault {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable { reason: error.to_string().trim().to_owned() }
    }
}
