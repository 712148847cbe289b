//! The outside of a served intake: its clock, its channels, its order system, and looks into its tables.

use std::sync::Arc;

use redress_chassis::{deadline_worker::DeadlineWorker, intent_worker::IntentWorker};
use redress_connectors::{
    Order,
    file::{FileEnterprise, MessageRecord, Profile},
};
use redress_domain::Clock as _;
use redress_proto::Payload;
use redress_storage::{LoggedEvent, log, transaction::query_all};
use sea_orm::{TryGetable, Value};

use crate::served::Served;

impl Served {
    /// The outside world that the service talks to.
    pub(crate) fn enterprise(&self) -> FileEnterprise {
        let clock: Arc<dyn redress_domain::Clock> = self.clock.clone();
        FileEnterprise::open(&self.directory, clock, 0, Profile::quiet()).expect("opens")
    }

    /// Tells the order system of an order.
    pub(crate) async fn order(&self, order: Order) {
        self.enterprise().orders.put(vec![order]).await.expect("taken in");
    }

    /// Everything that left through a channel to `to`.
    pub(crate) async fn outbox(&self, to: &str) -> Vec<MessageRecord> {
        self.enterprise().outbound.messages_to(to).await.expect("readable")
    }

    /// Lets `span` pass, makes the outside calls that fall due on the way, and reads the own log.
    pub(crate) async fn pass(&self, span: chrono::Duration) {
        let end = self.clock.now() + span;
        let engine = self.runtime.engine();
        let intents = IntentWorker::new(engine.clone(), self.runtime.reactor().clone());
        let deadlines = DeadlineWorker::new(engine.clone(), self.runtime.reactor().clone());
        loop {
            let mut done = intents.run_once().await.expect("calls are made");
            done += deadlines.sweep().await.expect("deadlines are looked at");
            self.pull().await;
            if done > 0 {
                continue;
            }
            match self.runtime.next_due().await.expect("readable") {
                Some(next) if next <= end => self.clock.advance_to(next),
                _ => break,
            }
        }
        self.clock.advance_to(end);
    }

    /// The intake log, of one kind of event, oldest first within a case.
    pub(crate) async fn logged<M: Payload>(&self) -> Vec<M> {
        let wanted = M::full_name();
        let events = self.log().await;
        let events = events.iter().filter(|event| event.event.kind == wanted);
        events.map(|event| M::decode(event.event.payload.as_slice()).expect("a valid payload")).collect()
    }

    /// The intake log, whole.
    pub(crate) async fn log(&self) -> Vec<LoggedEvent> {
        let pool = self.runtime.engine().database().pool();
        log::read_after(pool, "intake", &Default::default(), 10_000).await.expect("readable").1
    }

    /// One column of a query over the service's tables.
    pub(crate) async fn column<T: TryGetable>(&self, sql: &'static str, values: Vec<Value>) -> Vec<T> {
        let pool = self.runtime.engine().database().pool();
        let rows = query_all(pool, "look", sql, values).await.expect("a valid query");
        rows.iter().map(|row| row.try_get_by_index(0).expect("of this type")).collect()
    }

    /// States of a case's deadlines of a kind, oldest first.
    pub(crate) async fn deadline(&self, case_id: &str, kind: &str) -> Vec<String> {
        let sql = "select state from deadline where case_id = $1::uuid and kind = $2 order by starts_at, id";
        self.column(sql, vec![case_id.into(), kind.into()]).await
    }
}
