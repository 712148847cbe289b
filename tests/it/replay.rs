//! Every service's state is a fold of its log: a replay from zero into an empty database gives the same rows, and
//! sends and pays nothing.

use redress::{play::play_and_keep, suite::Suite};
use redress_chassis::{Service, replay::replay};
use redress_storage::{Database, Migration, transaction::query_all};

use crate::harness::{environment, scripts};

/// Tables that are not state: what was asked and answered, how far others were read, what is still to be called, and
/// what people typed, which lies apart so that it can be erased.
const NOT_STATE: [&str; 8] =
    ["request", "cursor", "intent", "parked_event", "policy", "schema_migration", "log_partition", "event"];

/// What of intake is no fold of its own log: personal data and words, which lie apart so that they can be erased; the
/// counter behind case numbers; and the read models over all five logs, whose own test is in services/intake.
const INTAKE_APART: [&str; 8] =
    ["customer", "text", "text_access", "case_day", "closing_attempt", "closing_copy", "ledger", "timeline"];

async fn column(database: &Database, sql: &str) -> Vec<String> {
    query_all(database.pool(), "read rows", sql, [])
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .iter()
        .map(|row| row.try_get_by_index::<String>(0).expect("text"))
        .collect()
}

/// Rows of a table as text, in an order of their own.
async fn rows(database: &Database, table: &str) -> Vec<String> {
    column(database, &format!("select to_jsonb(t)::text from {table} t order by to_jsonb(t)::text")).await
}

async fn compare<S: Service>(suite: &Suite, apart: &[&str]) {
    let runtime = suite.runtime(S::NAME);
    let original = runtime.engine().database();
    let test = redress_testkit::servers().await.database(S::NAME).await;
    let empty = Database::connect(test.url(), 4).await.expect("connects");
    let migrations: Vec<Migration> =
        redress_deadlines::MIGRATIONS.iter().chain(S::migrations()).copied().collect();
    empty.migrate(&migrations).await.expect("migrates");
    let events = replay(S::NAME, original, &empty, &**runtime.reactor()).await.expect("replays");
    assert!(events > 0, "{} has a log", S::NAME);
    let tables = column(
        &empty,
        "select tablename::text from pg_tables where schemaname = 'public' order by tablename",
    )
    .await;
    let mut compared = 0;
    for table in
        tables.iter().filter(|table| !NOT_STATE.contains(&table.as_str()) && !apart.contains(&table.as_str()))
    {
        let (before, after) = (rows(original, table).await, rows(&empty, table).await);
        assert_eq!(before, after, "table `{table}` of {} is not the same after a replay", S::NAME);
        compared += before.len();
    }
    assert!(compared > 0, "{} has state", S::NAME);
    assert!(rows(&empty, "intent").await.is_empty(), "a replay calls nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_from_zero_gives_the_same_rows() {
    let mut environment = environment().await;
    let script = scripts().join("lifecycle.toml");
    let (_, suite) = play_and_keep(&script, &mut environment).await.expect("the script holds");
    compare::<redress_intake::Intake>(&suite, &INTAKE_APART).await;
    compare::<redress_triage::Triage>(&suite, &[]).await;
    compare::<redress_investigation::Investigation>(&suite, &[]).await;
    compare::<redress_compensation::Compensation>(&suite, &[]).await;
    compare::<redress_survey::Survey>(&suite, &[]).await;
    suite.stop().await.expect("stops clean");
}
