//! A replay from zero into an empty database gives the same rows.

use redress_chassis::replay::replay;
use redress_storage::{Database, transaction::query_all};
use uuid::Uuid;

use crate::toy::{First, World, happen};

async fn rows(database: &Database, sql: &str) -> Vec<String> {
    query_all(database.pool(), "dump", &format!("select to_jsonb(t)::text as row from ({sql}) t"), [])
        .await
        .expect("reads")
        .iter()
        .map(|row| row.try_get::<String>("", "row").expect("text"))
        .collect()
}

#[tokio::test]
async fn state_is_a_fold_of_the_log() {
    let mut world = World::new().await;
    let first = world.toy::<First>().await;
    for number in 0..12_u128 {
        happen(&first.runtime, Uuid::from_u128(number % 3), &format!("key {number}")).await;
    }
    let test = redress_testkit::servers().await.database("replayed").await;
    let empty = Database::connect(test.url(), 4).await.expect("connects");
    empty.migrate(redress_deadlines::MIGRATIONS).await.expect("migrates");
    let from = first.runtime.engine().database();
    let count = replay("intake", from, &empty, &**first.runtime.reactor()).await.expect("replays");
    assert_eq!(count, 12);
    for sql in [
        "select * from aggregate order by kind, id",
        "select * from deadline order by id",
        "select * from ruling order by event_id, ordinal",
    ] {
        assert_eq!(rows(from, sql).await, rows(&empty, sql).await, "{sql}");
    }
    assert_eq!(rows(&empty, "select * from aggregate").await.len(), 3);
}
