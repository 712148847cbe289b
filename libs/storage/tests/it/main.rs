//! The log, cursors and request ids on a real Postgres.

mod log;
mod request;

use std::collections::BTreeMap;

use redress_domain::{Ids, SeededIds, Timestamp};
use redress_storage::{Actor, Database, PendingEvent};
use redress_testkit::TestDatabase;
use uuid::Uuid;

/// A migrated database of its own.
async fn database() -> (TestDatabase, Database) {
    let test = redress_testkit::servers().await.database("storage").await;
    let database = Database::connect(test.url(), 16).await.expect("connects");
    database.migrate(&[]).await.expect("migrates");
    (test, database)
}

fn at() -> Timestamp {
    chrono::DateTime::from_timestamp(1_772_000_000, 0).expect("a valid time")
}

fn event(ids: &SeededIds, case: Uuid, text: &str, previous: &[u8]) -> PendingEvent {
    PendingEvent {
        id: ids.uuid_v7(at()),
        kind: "redress.test.v1.Happened".into(),
        subject_kind: "case".into(),
        subject_id: case,
        case_id: Some(case),
        region: "cn".into(),
        time: at(),
        actor: Actor { subject: "li.na".into(), role: "cs-agent".into() },
        traceparent: String::new(),
        handbook_hash: String::new(),
        calendar_hash: String::new(),
        causes: Vec::new(),
        previous_hash: previous.to_vec(),
        hash: Vec::new(),
        payload: text.as_bytes().to_vec(),
        effect: None,
    }
    .seal()
}

/// A reader of the whole log that asserts that nothing is skipped and nothing comes late.
#[derive(Default)]
struct Reader {
    at: BTreeMap<i32, i64>,
    seen: Vec<(i32, i64, Vec<u8>)>,
}

impl Reader {
    async fn read(&mut self, database: &Database, limit: i64) -> usize {
        let (_, events) =
            redress_storage::log::read_after(database.pool(), "test", &self.at, limit).await.expect("reads");
        for event in &events {
            let last = self.at.get(&event.position.partition).copied().unwrap_or(0);
            assert_eq!(event.position.n, last + 1, "partition {} has a gap", event.position.partition);
            assert!(event.is_intact(), "hash of {:?} does not fit", event.position);
            self.at.insert(event.position.partition, event.position.n);
            self.seen.push((event.position.partition, event.position.n, event.event.payload.clone()));
        }
        events.len()
    }
}
