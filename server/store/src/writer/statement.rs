//! A statement that Diesel keeps prepared: `sql_query` would have PostgreSQL parse and plan it for every batch.

use diesel::RunQueryDsl;
use diesel::data_types::PgTimestamp;
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text, Timestamptz};

/// A column of a batch.
pub(crate) enum Column<'a> {
    Text(Vec<&'a str>),
    OptionalText(Vec<Option<&'a str>>),
    Bytes(Vec<&'a [u8]>),
    OptionalBytes(Vec<Option<&'a [u8]>>),
    Instant(Vec<PgTimestamp>),
    OptionalInstant(Vec<Option<PgTimestamp>>),
    Number(Vec<i64>),
    OptionalNumber(Vec<Option<i64>>),
}

/// Fixed SQL with one array parameter per column, answering one column of bytes.
///
/// `KIND` tells statements apart in Diesel's cache, so it is unique in this crate.
pub(crate) struct Statement<'a, const KIND: u8> {
    /// The SQL, cut where the parameters go.
    pub(crate) sql: &'static [&'static str],
    pub(crate) columns: Vec<Column<'a>>,
}

impl<const KIND: u8> Statement<'_, KIND> {
    pub(crate) fn run(self, conn: &mut PgConnection) -> QueryResult<Vec<Vec<u8>>> {
        self.load(conn)
    }
}

impl<const KIND: u8> QueryFragment<Pg> for Statement<'_, KIND> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut columns = self.columns.iter();
        for piece in self.sql {
            out.push_sql(piece);
            match columns.next() {
                None => {}
                Some(Column::Text(values)) => out.push_bind_param::<Array<Text>, _>(values)?,
                Some(Column::OptionalText(values)) => out.push_bind_param::<Array<Nullable<Text>>, _>(values)?,
                Some(Column::Bytes(values)) => out.push_bind_param::<Array<Binary>, _>(values)?,
                Some(Column::Instant(values)) => out.push_bind_param::<Array<Timestamptz>, _>(values)?,
                Some(Column::OptionalInstant(values)) => out.push_bind_param::<Array<Nullable<Timestamptz>>, _>(values)?,
                Some(Column::OptionalBytes(values)) => out.push_bind_param::<Array<Nullable<Binary>>, _>(values)?,
                Some(Column::OptionalNumber(values)) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values)?,
                Some(Column::Number(values)) => out.push_bind_param::<Array<BigInt>, _>(values)?,
            }
        }
        Ok(())
    }
}

impl<const KIND: u8> QueryId for Statement<'_, KIND> {
    type QueryId = Statement<'static, KIND>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const KIND: u8> Query for Statement<'_, KIND> {
    type SqlType = Binary;
}

impl<const KIND: u8> RunQueryDsl<PgConnection> for Statement<'_, KIND> {}
