//! Conventions of the schema. Each query lists the offenders.

use claimsmith_store::testing::TestDatabase;

fn assert_none(rule: &str, sql: &str) {
    let database = TestDatabase::migrated();
    let offenders: Vec<String> = database.texts(sql).into_iter().flatten().collect();
    assert!(offenders.is_empty(), "{rule}: {offenders:?}");
}

#[test]
fn every_table_has_a_primary_key() {
    assert_none(
        "a table without a primary key",
        "SELECT relname::text AS text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint p WHERE p.conrelid = c.oid AND p.contype = 'p')",
    );
}

#[test]
fn every_table_says_what_it_is() {
    assert_none(
        "a table without a comment",
        "SELECT relname::text AS text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
         AND relname <> '__diesel_schema_migrations' AND obj_description(oid) IS NULL",
    );
}

#[test]
fn instants_end_in_at_and_have_a_time_zone() {
    assert_none(
        "an instant of another type, or another thing named like one",
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name <> '__diesel_schema_migrations' \
         AND (data_type = 'timestamp with time zone') <> (column_name LIKE '%\\_at')",
    );
    assert_none(
        "an instant without a time zone",
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name <> '__diesel_schema_migrations' AND data_type IN ('timestamp without time zone', 'date', 'time without time zone')",
    );
}

#[test]
fn digests_are_bytes_with_a_check_of_their_length() {
    assert_none(
        "a digest that is not 32 bytes",
        "SELECT c.table_name || '.' || c.column_name AS text FROM information_schema.columns c WHERE c.table_schema = 'public' \
         AND c.column_name LIKE '%\\_digest' AND (c.data_type <> 'bytea' OR NOT EXISTS ( \
           SELECT 1 FROM pg_constraint k WHERE k.conrelid = (quote_ident(c.table_name))::regclass AND k.contype = 'c' \
           AND pg_get_constraintdef(k.oid) LIKE '%length(' || c.column_name || ') = 32%'))",
    );
}

#[test]
fn foreign_keys_are_indexed() {
    assert_none(
        "a foreign key whose first column begins no index",
        "SELECT k.conrelid::regclass::text || ' ' || k.conname AS text FROM pg_constraint k WHERE k.contype = 'f' \
         AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1])",
    );
}

#[test]
fn truth_is_never_null() {
    assert_none(
        "a boolean that may be null",
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns \
         WHERE table_schema = 'public' AND data_type = 'boolean' AND is_nullable = 'YES'",
    );
}

#[test]
fn text_is_text_and_numbers_are_wide_enough() {
    assert_none(
        "a type that we do not use",
        "SELECT table_name || '.' || column_name || ' ' || data_type AS text FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name <> '__diesel_schema_migrations' \
         AND data_type NOT IN ('text', 'boolean', 'integer', 'bigint', 'bytea', 'timestamp with time zone', 'ARRAY')",
    );
}

#[test]
fn diesel_sees_the_tables_as_they_are() {
    let database = TestDatabase::migrated();
    let real: Vec<String> = database
        .texts(
            "SELECT table_name || '.' || column_name || ' ' || CASE WHEN is_nullable = 'YES' THEN 'Nullable<' ELSE '' END || \
             CASE udt_name WHEN 'text' THEN 'Text' WHEN 'bool' THEN 'Bool' WHEN 'int4' THEN 'Int4' WHEN 'int8' THEN 'Int8' \
             WHEN 'bytea' THEN 'Bytea' WHEN 'timestamptz' THEN 'Timestamptz' WHEN '_text' THEN 'Array<Text>' \
             WHEN '_bytea' THEN 'Array<Bytea>' ELSE udt_name END || CASE WHEN is_nullable = 'YES' THEN '>' ELSE '' END AS text \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations' \
             ORDER BY table_name, ordinal_position",
        )
        .into_iter()
        .flatten()
        .collect();
    let mut ours = Vec::new();
    let mut table = String::new();
    for line in include_str!("../../src/schema.rs").lines().map(str::trim) {
        if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            ours.push(format!("{table}.{column} {kind}"));
        } else if let Some((name, _)) = line.strip_suffix('{').and_then(|line| line.split_once(" (")) {
            table = name.to_owned();
        }
    }
    let order = |lines: &[String]| {
        let mut tables: Vec<Vec<String>> = Vec::new();
        for line in lines {
            let name = line.split('.').next().unwrap().to_owned();
            match tables.last_mut() {
                Some(last) if last[0] == name => last.push(line.clone()),
                _ => tables.push(vec![name, line.clone()]),
            }
        }
        tables.sort();
        tables
    };
    assert_eq!(order(&ours), order(&real));
}
