//! The limit that Postgres itself sets: the rows that something wrote, written again by hand.
//!
//! [`Before::take`] looks at a database, something writes to it, and [`Before::copies`] makes statements of the rows that came
//! into being: one statement, so one round trip, for each transaction, with fresh ids for the ids in them and everything else
//! as it was. Played into a database of the same form, they cost what Postgres takes for the same inserts when nobody
//! decides, encodes or checks anything. Left out are rows that were only changed, and rows that neither an id nor a number nor a
//! text tells apart, such as one a day.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use redress_domain::{Clock, Ids, RandomIds, SystemClock};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection, Row as _};
use uuid::Uuid;

use super::load::Worker;

/// A row's columns as Postgres writes them.
type Values = Vec<Option<String>>;

/// Connects without a pool: a pool asks whether the connection still lives, which is a round trip.
pub(super) async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url).await.context("cannot connect for a raw run")
}

/// A database before something wrote to it.
pub(super) struct Before {
    /// The first transaction that had not begun.
    first: i64,
    tables: Vec<Table>,
    /// Primary keys that were there, by table.
    keys: BTreeMap<String, BTreeSet<Values>>,
}

struct Table {
    name: String,
    columns: Vec<Column>,
    /// Columns, by index, of every unique index; the primary key first.
    unique: Vec<Vec<usize>>,
}

struct Column {
    name: String,
    kind: String,
}

/// A row that was written.
struct Written<'a> {
    table: &'a Table,
    transaction: i64,
    values: Values,
}

/// How the rows of several transactions are written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// As they were: a transaction for each (a savepoint counts as one).
    Apart,
    /// All in one.
    Together,
}

impl Before {
    /// Looks at the database.
    pub(super) async fn take(url: &str) -> Result<Self> {
        let mut connection = connect(url).await?;
        let first = sqlx::query("select txid_snapshot_xmax(txid_current_snapshot())")
            .fetch_one(&mut connection)
            .await?
            .try_get(0)?;
        let tables = tables(&mut connection).await?;
        let mut keys = BTreeMap::new();
        for table in &tables {
            let sql = format!("select {} from {}", table.texts(table.key()), quoted(&table.name));
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
            let of_table = rows.iter().map(|row| row.try_get(0)).collect::<Result<BTreeSet<Values>, _>>()?;
            keys.insert(table.name.clone(), of_table);
        }
        Ok(Self { first, tables, keys })
    }

    /// Statements that write again what was inserted since into tables that `wanted` names (all where it is empty).
    pub(super) async fn copies(&self, url: &str, wanted: &[&str], grouping: Grouping) -> Result<Copies> {
        let mut connection = connect(url).await?;
        let mut groups: BTreeMap<i64, Vec<Written<'_>>> = BTreeMap::new();
        for table in self.tables.iter().filter(|table| wanted.is_empty() || wanted.contains(&&*table.name)) {
            for row in self.inserted(&mut connection, table).await? {
                let group = if grouping == Grouping::Apart { row.transaction } else { 0 };
                groups.entry(group).or_default().push(row);
            }
        }
        let tables = groups.values().flatten().map(|row| row.table.name.clone()).collect();
        // Wide enough that no two rows of a table get the same number.
        let stride = groups.values().map(Vec::len).max().unwrap_or(1);
        let statements: Vec<Statement> =
            groups.values().filter_map(|rows| Statement::of(rows, stride)).collect();
        ensure!(!statements.is_empty(), "nothing was written that could be written again");
        Ok(Copies { statements, tables, next: Arc::new(AtomicI64::new(1)) })
    }

    async fn inserted<'a>(
        &self,
        connection: &mut PgConnection,
        table: &'a Table,
    ) -> Result<Vec<Written<'a>>> {
        let everything: Vec<usize> = (0..table.columns.len()).collect();
        let sql = format!(
            "select xmin::text::bigint, {} from {} where xmin::text::bigint >= $1 order by 1",
            table.texts(&everything),
            quoted(&table.name)
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(self.first).fetch_all(connection).await?;
        let mut inserted = Vec::new();
        for row in rows {
            let values: Values = row.try_get(1)?;
            let key: Values = table.key().iter().map(|&index| values.get(index).cloned().flatten()).collect();
            if key.is_empty() || self.keys.get(&table.name).is_none_or(|keys| !keys.contains(&key)) {
                inserted.push(Written { table, transaction: row.try_get(0)?, values });
            }
        }
        Ok(inserted)
    }
}

impl Table {
    fn key(&self) -> &[usize] {
        self.unique.first().map_or(&[], Vec::as_slice)
    }

    /// An array of columns as texts.
    fn texts(&self, columns: &[usize]) -> String {
        let columns = columns.iter().filter_map(|&index| self.columns.get(index));
        let texts: Vec<String> = columns.map(|column| format!("{}::text", quoted(&column.name))).collect();
        format!("array[{}]::text[]", texts.join(", "))
    }
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>> {
    let names = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                  where c.relkind = 'r' and n.nspname = 'public' order by 1";
    let mut tables = Vec::new();
    for row in sqlx::query(names).fetch_all(&mut *connection).await? {
        let name: String = row.try_get(0)?;
        // Columns that Postgres fills in by itself are left to it.
        let columns = "select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnum
                         from pg_attribute a
                        where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
                          and a.attidentity = '' and a.attgenerated = ''
                        order by a.attnum";
        let rows = sqlx::query(columns).bind(quoted(&name)).fetch_all(&mut *connection).await?;
        let (mut columns, mut numbers) = (Vec::new(), Vec::new());
        for row in rows {
            columns.push(Column { name: row.try_get(0)?, kind: row.try_get(1)? });
            numbers.push(row.try_get::<i16, _>(2)?);
        }
        let indexes = "select string_to_array(indkey::text, ' ')::int2[] from pg_index
                        where indrelid = $1::text::regclass and indisunique order by indisprimary desc, indexrelid";
        let mut unique = Vec::new();
        for row in sqlx::query(indexes).bind(quoted(&name)).fetch_all(&mut *connection).await? {
            let keys: Vec<i16> = row.try_get(0)?;
            unique.push(keys.iter().filter_map(|key| numbers.iter().position(|own| own == key)).collect());
        }
        tables.push(Table { name, columns, unique });
    }
    Ok(tables)
}

/// One statement that writes rows, as often as it is given ids.
#[derive(Clone, Debug)]
struct Statement {
    sql: Arc<str>,
    /// Fresh ids that it needs for each copy.
    ids: usize,
    /// Rows that it writes for each copy.
    rows: usize,
}

impl Statement {
    /// None where no row can be written again.
    fn of(rows: &[Written<'_>], stride: usize) -> Option<Self> {
        let ids = ids_of(rows);
        let mut inserts = Vec::new();
        for (ordinal, row) in rows.iter().enumerate() {
            let number = format!("(f.n * {stride} + {ordinal})");
            if let Some(insert) = insert(row, &ids, &number) {
                inserts.push(format!("w{ordinal} as ({insert})"));
            }
        }
        let mut arrays: Vec<String> = (1..=ids.len()).map(|index| format!("${index}::uuid[]")).collect();
        arrays.push(format!("${}::bigint[]", ids.len() + 1));
        let mut names: Vec<String> = (0..ids.len()).map(|index| format!("u{index}")).collect();
        names.push("n".to_owned());
        let sql = format!(
            "with f as materialized (select * from unnest({}) as f({})),\n{}\nselect count(*) from f",
            arrays.join(", "),
            names.join(", "),
            inserts.join(",\n")
        );
        (!inserts.is_empty()).then(|| Self { sql: sql.into(), ids: ids.len(), rows: inserts.len() })
    }
}

/// The ids in columns of type uuid, each with its place among the fresh ones.
fn ids_of(rows: &[Written<'_>]) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for row in rows {
        for (column, value) in row.table.columns.iter().zip(&row.values) {
            if let Some(value) = value.as_ref().filter(|_| column.kind == "uuid") {
                let place = ids.len();
                ids.entry(value.clone()).or_insert(place);
            }
        }
    }
    ids
}

/// The insert of one row, if it can be made unique.
fn insert(row: &Written<'_>, ids: &BTreeMap<String, usize>, number: &str) -> Option<String> {
    let table = row.table;
    let mut fresh = vec![false; table.columns.len()];
    let mut expressions = Vec::new();
    for ((column, value), fresh) in table.columns.iter().zip(&row.values).zip(&mut fresh) {
        let id = value.as_ref().and_then(|value| ids.get(value));
        expressions.push(match (id, value) {
            (Some(id), _) if column.kind == "uuid" || column.kind == "text" => {
                *fresh = true;
                format!("f.u{id}::{}", column.kind)
            }
            (_, None) => format!("null::{}", column.kind),
            (_, Some(value)) => format!("'{}'::{}", value.replace('\'', "''"), column.kind),
        });
    }
    // What no id makes unique, a number has to.
    for unique in &table.unique {
        // Nulls differ from one another as it is.
        if unique.iter().any(|&index| fresh[index] || row.values[index].is_none()) {
            continue;
        }
        let numbered = ["bigint", "text", "integer"].iter().find_map(|&kind| {
            unique.iter().find(|&&index| table.columns.get(index).is_some_and(|column| column.kind == kind))
        });
        let &index = numbered?;
        let (column, value) = (&table.columns[index], row.values[index].as_deref().unwrap_or_default());
        expressions[index] = if column.kind == "text" {
            format!("lpad({number}::text, {}, '0')", value.chars().count().max(12))
        } else {
            format!("{number}::{}", column.kind)
        };
        fresh[index] = true;
    }
    let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    Some(format!(
        "insert into {} ({}) select {} from f",
        quoted(&table.name),
        names.join(", "),
        expressions.join(", ")
    ))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Rows that can be written again. Clones count on together, so that no two write the same.
#[derive(Clone, Debug)]
pub(super) struct Copies {
    statements: Vec<Statement>,
    tables: BTreeSet<String>,
    next: Arc<AtomicI64>,
}

impl Copies {
    /// What they are, in words.
    pub(super) fn description(&self) -> String {
        let tables: Vec<&str> = self.tables.iter().map(String::as_str).collect();
        let rows: usize = self.statements.iter().map(|statement| statement.rows).sum();
        format!("{rows} rows in {} transactions ({})", self.statements.len(), tables.join(" "))
    }

    /// Writes them `copies` times, each statement once for all.
    pub(super) async fn write(&self, connection: &mut PgConnection, copies: usize) -> Result<()> {
        let wanted = i64::try_from(copies)?;
        for statement in &self.statements {
            let mut query = sqlx::query(AssertSqlSafe(statement.sql.clone()));
            for _ in 0..statement.ids {
                query = query.bind(fresh_ids(copies));
            }
            let first = self.next.fetch_add(wanted, Ordering::Relaxed);
            let numbers: Vec<i64> = (first..first + wanted).collect();
            let row = query.bind(numbers).fetch_one(&mut *connection).await.context("a raw insert failed")?;
            ensure!(row.try_get::<i64, _>(0)? == wanted, "a raw insert wrote less than it was to");
        }
        Ok(())
    }
}

fn fresh_ids(count: usize) -> Vec<Uuid> {
    let now = SystemClock.now();
    (0..count).map(|_| RandomIds.uuid_v7(now)).collect()
}

/// Writes copies over a connection of its own.
pub(super) struct Copier {
    connection: PgConnection,
    copies: Copies,
    /// Copies in one transaction.
    batch: usize,
}

impl Copier {
    pub(super) async fn new(url: &str, copies: &Copies, batch: usize) -> Result<Self> {
        Ok(Self { connection: connect(url).await?, copies: copies.clone(), batch })
    }

    /// As many of them, one copy at a time.
    pub(super) async fn several(url: &str, copies: &Copies, count: usize) -> Result<Vec<Self>> {
        let mut copiers = Vec::new();
        for _ in 0..count {
            copiers.push(Self::new(url, copies, 1).await?);
        }
        Ok(copiers)
    }
}

#[async_trait]
impl Worker for Copier {
    async fn once(&mut self) -> Result<u64> {
        self.copies.write(&mut self.connection, self.batch).await?;
        Ok(self.batch as u64)
    }
}
