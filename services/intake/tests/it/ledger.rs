//! The ledger does not depend on how the logs of the five services interleave: the same history, read in any
//! interleaving that keeps each log's order, gives the same rows.

use std::collections::BTreeMap;

use redress_chassis::Service as _;
use redress_domain::{Ids as _, SeededIds, Timestamp};
use redress_intake::{
    app::ledger::record_in,
    domain::ledger::{Happened, Parts},
};
use redress_proto::{
    Payload, compensation::v1 as compensation, deadlines::v1 as deadlines, fact, google::r#type::Money,
    intake::v1 as intake, investigation::v1 as investigation, survey::v1 as survey, time_to_wire,
    triage::v1 as triage, types::v1 as types,
};
use redress_storage::{
    Actor, Cause, Database, LoggedEvent, PendingEvent, Position, partition_of, transaction,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A small generator of one's own, so that a seed means the same in every version of every crate.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).expect("small")).expect("small")
    }
}

fn at(minutes: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_772_413_200 + minutes * 60, 0).expect("a valid time")
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".into(), units, nanos: 0 })
}

/// The five logs of one case, in the making.
struct Story {
    case_id: Uuid,
    ids: SeededIds,
    logs: BTreeMap<&'static str, Vec<LoggedEvent>>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let ids = SeededIds::new(seed);
        Self { case_id: ids.uuid_v7(at(0)), ids, logs: BTreeMap::new() }
    }

    /// Logs an event of `source` whose decision had seen the heads of the logs in `seen`.
    fn log<M: Payload>(&mut self, source: &'static str, minutes: i64, seen: &[&'static str], message: &M) {
        let (kind, payload) = fact(message);
        let partition = partition_of(self.case_id);
        let causes = seen
            .iter()
            .map(|other| Cause {
                source: (*other).to_owned(),
                position: self.logs[other].last().expect("seen after it was logged").position,
                hash: String::new(),
            })
            .collect();
        let id = self.ids.uuid_v7(at(minutes));
        let log = self.logs.entry(source).or_default();
        let n = i64::try_from(log.len()).expect("short") + 1;
        let event = PendingEvent {
            id,
            kind,
            subject_kind: "case".into(),
            subject_id: self.case_id,
            case_id: Some(self.case_id),
            region: "cn".into(),
            time: at(minutes),
            actor: Actor { subject: "li.na".into(), role: "cs-agent".into() },
            traceparent: String::new(),
            handbook_hash: String::new(),
            calendar_hash: String::new(),
            causes,
            previous_hash: Vec::new(),
            hash: Vec::new(),
            payload,
            effect: Some(json!({ "rulings": [{ "rule": { "id": "x.y", "cite": "M6.2" } }] })),
        };
        log.push(LoggedEvent {
            source: source.into(),
            position: Position { generation: 1, partition, n },
            event,
        });
    }

    fn deadline(
        &mut self,
        source: &'static str,
        minutes: i64,
        id: &str,
        change: deadlines::DeadlineChange,
        due: i64,
    ) {
        use deadlines::{DeadlineChange as Change, DeadlineState as State};
        let state = match change {
            Change::Met | Change::Corrected => State::Met,
            Change::Missed | Change::MetLate => State::Missed,
            Change::Paused => State::Paused,
            Change::Cancelled => State::Cancelled,
            _ => State::Pending,
        };
        let message = deadlines::DeadlineChanged {
            change: change.into(),
            deadline: Some(deadlines::Deadline {
                deadline_id: format!("{source}-{id}"),
                kind: id.into(),
                basis: if id == "statutory_answer" { 2 } else { 1 },
                state: state.into(),
                due_time: (state != State::Paused).then(|| time_to_wire(at(due))),
                done_time: (change == Change::MetLate).then(|| time_to_wire(at(minutes))),
                rule: Some(types::RuleRef { id: format!("deadline.{id}"), cite: "M2.3".into() }),
                ..deadlines::Deadline::default()
            }),
            ..deadlines::DeadlineChanged::default()
        };
        self.log(source, minutes, &[], &message);
    }
}

/// A case from its first call through an objection, an obstacle, closing, a survey and a reopening to its second
/// closing.
fn whole_life(seed: u64) -> Story {
    use deadlines::DeadlineChange as Change;
    let mut story = Story::new(seed);
    let totals = |units| Some(compensation::Totals { cash: yuan(units), ..compensation::Totals::default() });
    let registered = intake::ComplaintRegistered {
        facts: Some(intake::CaseFacts {
            case_number: format!("C260302-{seed:06}"),
            waybill_no: "SF1234567890123".into(),
            person_ref: "p-1".into(),
            received_time: Some(time_to_wire(at(0))),
            ..intake::CaseFacts::default()
        }),
        priority: 1,
        ..intake::ComplaintRegistered::default()
    };
    story.log("intake", 0, &[], &registered);
    story.deadline("intake", 0, "first_response", Change::Opened, 120);
    story.deadline("intake", 0, "statutory_answer", Change::Opened, 7 * 1440);
    let triaged = triage::CaseTriaged {
        priority: 2,
        category: 2,
        primary_sub_type: "damage".into(),
        ..Default::default()
    };
    story.log("triage", 0, &["intake"], &triaged);
    let dispatch =
        triage::Dispatch { department: "warehouse".into(), lead_roles: vec![5], ..Default::default() };
    story.log("triage", 0, &[], &triage::CaseDispatched { dispatch: Some(dispatch.clone()), priority: 2 });
    story.deadline("triage", 0, "contact_person", Change::Opened, 240);
    story.log("survey", 0, &["intake"], &survey::CaseFiguresNoted::default());
    story.log("investigation", 0, &["triage", "intake"], &investigation::InvestigationOpened::default());
    story.deadline("investigation", 0, "investigation", Change::Opened, 2880);
    story.log("compensation", 0, &["intake"], &compensation::ResolutionOpened::default());
    let customer = Some(types::Audience { customer: true, ..Default::default() });
    let sent = intake::MessageSent { audience: customer, text_ref: "t-1".into(), ..Default::default() };
    story.log("intake", 5, &[], &sent);
    story.log("intake", 6, &[], &intake::CaseAcknowledged::default());
    story.deadline("intake", 6, "first_response", Change::Met, 120);
    story.deadline("triage", 240, "contact_person", Change::Missed, 240);
    story.log("triage", 250, &[], &triage::DispatchConfirmed { dispatch: Some(dispatch) });
    story.deadline("triage", 250, "contact_person", Change::MetLate, 240);
    story.log("investigation", 300, &[], &investigation::InvestigationPaused::default());
    story.deadline("investigation", 300, "investigation", Change::Paused, 2880);
    story.log("intake", 300, &["investigation"], &intake::MessageReceived::default());
    story.log("investigation", 300, &["intake"], &investigation::InvestigationResumed::default());
    story.deadline("investigation", 300, "investigation", Change::Resumed, 2900);
    let concluded = investigation::InvestigationConcluded { validity: 1, ..Default::default() };
    story.log("investigation", 500, &[], &concluded);
    story.deadline("investigation", 500, "investigation", Change::Met, 2900);
    let remedy = compensation::Remedy { remedy_id: "r".into(), executor: 1, ..Default::default() };
    for (round, minutes, units, answer) in [(1, 510, 300, 3), (2, 530, 700, 1)] {
        let proposed = compensation::ResolutionProposed {
            round,
            totals: totals(units),
            remedies: vec![remedy.clone()],
            ..Default::default()
        };
        story.log("compensation", minutes, &["investigation", "triage"], &proposed);
        let asked = compensation::ApprovalRequested { roles: vec![5], ..Default::default() };
        story.log("compensation", minutes, &[], &asked);
        let decided = compensation::ApprovalDecided { state: 2, ..Default::default() };
        story.log("compensation", minutes + 5, &[], &decided);
        let approved =
            compensation::ResolutionApproved { round, totals: totals(units), ..Default::default() };
        story.log("compensation", minutes + 5, &[], &approved);
        story.log("compensation", minutes + 6, &[], &compensation::ResolutionOffered::default());
        story.log("triage", minutes + 6, &["compensation"], &triage::OfferNoted { offers: round });
        let answered = compensation::ResponseRecorded { round, response: answer, ..Default::default() };
        story.log("compensation", minutes + 9, &[], &answered);
    }
    story.deadline("compensation", 540, "payment_promise", Change::Opened, 4860);
    let started = compensation::RemedyStarted { remedy_id: "r".into(), ..Default::default() };
    story.log("compensation", 540, &[], &started);
    let obstructed = compensation::RemedyObstructed { remedy_id: "r".into(), ..Default::default() };
    story.log("compensation", 560, &[], &obstructed);
    story.log("intake", 560, &["compensation"], &intake::MessageDelivered::default());
    let fallback = compensation::RemedyFallbackStarted { remedy_id: "r".into(), ..Default::default() };
    story.log("compensation", 560, &["intake"], &fallback);
    let paid =
        compensation::RemedyExecuted { remedy_id: "r".into(), case_paid: yuan(700), ..Default::default() };
    story.log("compensation", 600, &[], &paid);
    let executed = compensation::ResolutionExecuted { paid: yuan(700), ..Default::default() };
    story.log("compensation", 600, &[], &executed);
    story.deadline("compensation", 600, "payment_promise", Change::Met, 4860);
    for (reopenings, minutes) in [(0, 700), (1, 9000)] {
        story.log("investigation", minutes, &[], &investigation::InvestigationSealed::default());
        story.log("compensation", minutes, &[], &compensation::CompensationSealed::default());
        let closed = intake::CaseClosed {
            close_time: Some(time_to_wire(at(minutes))),
            reopenings,
            ..Default::default()
        };
        story.log("intake", minutes, &["investigation", "compensation"], &closed);
        story.deadline("intake", minutes, "statutory_answer", Change::Met, 7 * 1440);
        story.log("triage", minutes, &["intake"], &triage::TriageEnded::default());
        story.log("survey", minutes, &["intake"], &survey::SurveyScheduled::default());
        story.log("survey", minutes + 1, &[], &survey::SurveyResponded { low: true, ..Default::default() });
        if reopenings == 0 {
            let follow_up = survey::FollowUp { role: 2, ..Default::default() };
            story.log(
                "survey",
                minutes + 1,
                &[],
                &survey::FollowUpOpened { follow_up: Some(follow_up), ..Default::default() },
            );
            let unsealed = investigation::InvestigationUnsealed { reopened: true, ..Default::default() };
            story.log("investigation", 8000, &[], &unsealed);
            let unsealed = compensation::CompensationUnsealed { reopened: true, ..Default::default() };
            story.log("compensation", 8000, &[], &unsealed);
            let seen = &["investigation", "compensation"];
            story.log("intake", 8000, seen, &intake::CaseReopened { reopenings: 1, ..Default::default() });
            story.log(
                "survey",
                8000,
                &["intake"],
                &survey::SurveyCancelled { reopened: true, ..Default::default() },
            );
            let again = triage::CaseTriaged { priority: 2, trigger: 8, round: 2, ..Default::default() };
            story.log("triage", 8000, &["intake"], &again);
            story.log("investigation", 8000, &["triage"], &investigation::InvestigationOpened::default());
            let concluded = investigation::InvestigationConcluded { validity: 3, ..Default::default() };
            story.log("investigation", 8500, &[], &concluded);
        }
    }
    story
}

/// One interleaving of several logs that keeps the order of each.
fn interleaved(logs: &[Vec<LoggedEvent>], random: &mut Random) -> Vec<LoggedEvent> {
    let mut left: Vec<_> = logs.iter().map(|log| log.iter()).collect();
    let mut merged = Vec::new();
    while !left.is_empty() {
        let index = random.below(left.len());
        match left[index].next() {
            Some(event) => merged.push(event.clone()),
            None => drop(left.swap_remove(index)),
        }
    }
    merged
}

/// The same logs with some events left out and some changed places: histories that no handbook would write.
fn distorted(story: Story, random: &mut Random) -> Vec<Vec<LoggedEvent>> {
    let distort = |mut log: Vec<LoggedEvent>| {
        log.retain(|_| random.below(5) > 0);
        for _ in 0..log.len() / 2 {
            let (one, other) = (random.below(log.len()), random.below(log.len()));
            log.swap(one, other);
        }
        for (n, logged) in (1..).zip(&mut log) {
            logged.position.n = n;
        }
        log
    };
    story.logs.into_values().map(distort).collect()
}

fn folded(events: &[LoggedEvent]) -> Parts {
    let mut parts = Parts::default();
    for logged in events {
        let happened = Happened {
            source: &logged.source,
            position: (logged.position.generation, logged.position.n),
            kind: &logged.event.kind,
            time: logged.event.time,
            region: &logged.event.region,
            payload: &logged.event.payload,
        };
        parts.apply(&happened).expect("readable");
    }
    parts
}

#[test]
fn any_interleaving_gives_the_same_parts() {
    for seed in 0..300 {
        let mut random = Random(seed);
        let logs = if seed % 2 == 0 {
            whole_life(seed).logs.into_values().collect()
        } else {
            distorted(whole_life(seed), &mut random)
        };
        let one_after_the_other: Vec<LoggedEvent> = logs.iter().flatten().cloned().collect();
        let expected = folded(&one_after_the_other);
        for _ in 0..5 {
            let parts = folded(&interleaved(&logs, &mut random));
            assert_eq!(parts, expected, "seed {seed}");
            assert_eq!(parts.to_wire("case"), expected.to_wire("case"), "seed {seed}");
        }
    }
}

/// Everything that the ledger's tables hold.
async fn tables(database: &Database) -> (Value, Value) {
    let table = async |name: &str, order: &str| {
        let sql =
            format!("select coalesce(jsonb_agg(to_jsonb(t) order by {order}), '[]') as rows from {name} t");
        let row = transaction::query_one(database.pool(), "read a table", &sql, []).await.expect("reads");
        row.expect("an aggregate has a row").try_get::<Value>("", "rows").expect("is JSON")
    };
    (table("ledger", "case_id").await, table("timeline", "source, partition, n").await)
}

async fn recorded(
    events: &[LoggedEvent],
    per_transaction: usize,
) -> (redress_testkit::TestDatabase, Database) {
    let test = redress_testkit::servers().await.database("intake").await;
    let database = Database::connect(test.url(), 4).await.expect("connects");
    let own: Vec<_> =
        redress_deadlines::MIGRATIONS.iter().chain(redress_intake::Intake::migrations()).copied().collect();
    database.migrate(&own).await.expect("migrates");
    for batch in events.chunks(per_transaction) {
        let transaction = database.begin().await.expect("begins");
        for event in batch {
            record_in(&transaction, event).await.expect("records");
        }
        transaction.commit().await.expect("commits");
    }
    (test, database)
}

#[tokio::test]
async fn a_replay_in_any_interleaving_gives_identical_rows() {
    let logs: Vec<Vec<LoggedEvent>> =
        [1, 2, 3].into_iter().flat_map(|seed| whole_life(seed).logs.into_values()).collect();
    let in_sequence: Vec<LoggedEvent> = logs.iter().flatten().cloned().collect();
    let (_guard, reference) = recorded(&in_sequence, 7).await;
    let expected = tables(&reference).await;
    assert_eq!(expected.0.as_array().map(Vec::len), Some(3));
    assert_eq!(expected.1.as_array().map(Vec::len), Some(in_sequence.len()));
    for seed in [11, 12, 13] {
        let mut random = Random(seed);
        // As after a crash: some events come a second time.
        let mut shuffled = interleaved(&logs, &mut random);
        let again = shuffled[..shuffled.len() / 2].to_vec();
        let (half, rest) = shuffled.split_at(again.len());
        shuffled = [half, &again, rest].concat();
        let (_guard, database) = recorded(&shuffled, 1 + random.below(40)).await;
        let (ledger, timeline) = tables(&database).await;
        assert_eq!(ledger, expected.0, "seed {seed}");
        assert_eq!(timeline, expected.1, "seed {seed}");
    }
}

#[tokio::test]
async fn logs_that_are_read_at_the_same_time_lose_nothing() {
    let story = whole_life(4);
    let logs: Vec<Vec<LoggedEvent>> = story.logs.into_values().collect();
    let expected = folded(&logs.concat());
    let (_guard, database) = recorded(&[], 1).await;
    let mut readers = tokio::task::JoinSet::new();
    for log in logs {
        let database = database.clone();
        readers.spawn(async move {
            for event in log {
                let transaction = database.begin().await.expect("begins");
                record_in(&transaction, &event).await.expect("records");
                transaction.commit().await.expect("commits");
            }
        });
    }
    while let Some(reader) = readers.join_next().await {
        reader.expect("no reader fails");
    }
    let row = redress_intake::app::ledger::row(database.pool(), story.case_id).await.expect("reads");
    assert_eq!(row, Some(expected.to_wire(&story.case_id.to_string())));
}

#[test]
fn the_row_tells_the_life_of_the_case() {
    let story = whole_life(5);
    let row = folded(&story.logs.into_values().flatten().collect::<Vec<_>>()).to_wire("case");
    assert_eq!(row.step(), intake::CaseStep::Surveyed);
    assert_eq!(row.state(), intake::CaseState::Closed);
    assert_eq!(row.approved_amount, yuan(700));
    assert_eq!(row.paid_amount, yuan(700));
    assert_eq!(row.round, 2);
    assert_eq!(row.reopenings, 1);
    assert_eq!(row.missed_deadlines, 1);
    assert_eq!(row.next_deadline, None);
    // The low scores of the first survey are still to be followed up.
    assert_eq!(row.owner.map(|owner| owner.roles), Some(vec![2]));
}
