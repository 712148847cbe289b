//! Brings the complaints in on their own dates, and works on those of the sample.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use redress::contract::{Answer, Client, Fields, Method, message_to_json};
use redress::import;
use redress::staff::{Desk, Errand, Next};
use redress::suite::{Suite, SuiteClock};
use redress_connectors::ComplaintRow;
use redress_domain::{Clock as _, Timestamp};
use serde_json::{Value, json};

use super::sample::{Sample, Ways};
use super::tell;

/// Name under which the rows are known again.
const SOURCE: &str = "olist-reviews";
/// Business time between the arrival of a complaint of the sample and its first handling.
const SOON: chrono::TimeDelta = chrono::TimeDelta::minutes(12);
/// What falls due is looked at so late at most, or with the next thing that anybody does: over two years, every stop of
/// the clock costs.
const STRIDE: chrono::TimeDelta = chrono::TimeDelta::days(1);
const TELL_EVERY: Duration = Duration::from_secs(15);

/// What is to be done at a time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// These complaints have come in.
    Import(Vec<usize>),
    /// Somebody goes on with this errand.
    Step(usize),
}

/// What came of the rows, and of the sample.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Case ids of the accepted rows, by their place.
    pub(super) cases: BTreeMap<usize, String>,
    /// Reasons of the refused rows, by their place.
    pub(super) refused: BTreeMap<usize, String>,
    /// Case ids of the sample.
    pub(super) handled: Vec<String>,
    /// What cases of the sample that did not come to their end say.
    pub(super) stuck: Vec<String>,
    /// How many of the sample went a side way.
    pub(super) aside: usize,
    ways: Vec<String>,
    stops: usize,
    steps: usize,
}

impl Run {
    pub(super) fn report(&self) -> Vec<String> {
        vec![
            format!("{} rows accepted, {} refused: {:?}", self.cases.len(), self.refused.len(), self.refused),
            format!(
                "{} cases taken to their end, {} of them aside: {}",
                self.handled.len() - self.stuck.len(),
                self.aside,
                self.ways.join(", ")
            ),
            format!("{} stops of the clock, {} steps of somebody at a desk", self.stops, self.steps),
        ]
    }
}

/// Everything from the first complaint to `until`.
pub(super) async fn work(
    suite: &Suite,
    complaints: &[ComplaintRow],
    sample: &Sample,
    until: Timestamp,
    begun: Instant,
    seed: u64,
) -> Run {
    let desk = Desk::new(suite).expect("tokens are signed");
    let importer = suite.client("intake", "integration").expect("tokens are signed");
    let supervisor = suite.client("triage", "cs-supervisor").expect("tokens are signed");
    let mut ways = Ways::new(sample, seed);
    let mut agenda: BinaryHeap<Reverse<(Timestamp, Task)>> = arrivals(complaints, sample)
        .into_iter()
        .map(|(at, places)| Reverse((at, Task::Import(places))))
        .collect();
    let (mut run, mut errands) = (Run::default(), Vec::new());
    let (mut ended, mut told) = (0, Instant::now());
    while let Some(Reverse((at, task))) = agenda.pop() {
        run.stops += pass(suite, at.max(suite.now())).await;
        match task {
            Task::Import(places) => {
                let imported = import(&importer, complaints, &places).await;
                suite.rest().await.expect("comes to rest");
                for (place, verdict) in places.iter().zip(imported) {
                    if verdict["verdict"] != "IMPORT_VERDICT_ACCEPTED" {
                        run.refused.insert(*place, refusal(&verdict));
                        continue;
                    }
                    let case_id = text(&verdict["case_id"]);
                    run.cases.insert(*place, case_id.clone());
                    if !sample.contains(*place) {
                        continue;
                    }
                    let body = json!({ "case_id": case_id });
                    let triage = supervisor.json("TriageService/GetTriage", body).await.expect("is triaged");
                    let is_general = triage["triage"]["priority"] == "PRIORITY_GENERAL";
                    let plan = ways.plan(*place, &complaints[*place], is_general);
                    agenda.push(Reverse((suite.now() + SOON, Task::Step(errands.len()))));
                    errands.push(Errand::registered(&plan, &case_id, &text(&verdict["case_number"])));
                    run.handled.push(case_id);
                }
            }
            Task::Step(index) => {
                let next = errands[index].step(&desk).await;
                suite.rest().await.expect("comes to rest");
                match next {
                    Next::After(pause) => agenda.push(Reverse((suite.now() + pause, Task::Step(index)))),
                    Next::Done => {
                        if errands[index].is_stuck() {
                            tell(&errands[index].tale());
                        }
                        ended += 1;
                    }
                }
                run.steps += 1;
            }
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            tell(&format!(
                "{}: {} of {} registered, {ended} of {} at their end, {} s",
                suite.now().date_naive(),
                run.cases.len(),
                complaints.len(),
                sample.size(),
                begun.elapsed().as_secs()
            ));
        }
    }
    run.stops += pass(suite, until.max(suite.now())).await;
    run.aside = ways.aside;
    run.ways = ways.seen.iter().cloned().collect();
    run.stuck = errands.iter().filter(|errand| errand.is_stuck()).map(Errand::tale).collect();
    run
}

/// Lets business time pass until `to`. Gives how often the clock had to stop on the way.
async fn pass(suite: &Suite, to: Timestamp) -> usize {
    let SuiteClock::Virtual(clock) = suite.clock() else { panic!("the suite is on a virtual clock") };
    let mut stops = 0;
    while let Some((service, due)) = suite.next_due().await.expect("the services tell") {
        assert!(due > clock.now(), "{service} has something due at {due} and does not do it");
        if due > to {
            break;
        }
        clock.advance_to((due + STRIDE).min(to));
        suite.rest().await.expect("comes to rest");
        stops += 1;
    }
    clock.advance_to(to);
    stops
}

/// When which complaints are taken in: each of the sample when it arrives, the others of a day with the last of them.
fn arrivals(complaints: &[ComplaintRow], sample: &Sample) -> Vec<(Timestamp, Vec<usize>)> {
    let mut arrivals = Vec::new();
    let mut days: BTreeMap<chrono::NaiveDate, (Timestamp, Vec<usize>)> = BTreeMap::new();
    for (place, row) in complaints.iter().enumerate() {
        if sample.contains(place) {
            arrivals.push((row.received_at, vec![place]));
            continue;
        }
        let (last, places) =
            days.entry(row.received_at.date_naive()).or_insert_with(|| (row.received_at, Vec::new()));
        *last = row.received_at.max(*last);
        places.push(place);
    }
    arrivals.extend(days.into_values());
    arrivals
}

/// Imports these rows; a verdict each, in their order.
async fn import(client: &Client, complaints: &[ComplaintRow], places: &[usize]) -> Vec<Value> {
    let method = Method::find("IntakeService/ImportComplaints").expect("is in the contract");
    let mut stream = vec![json!({ "options": { "source": SOURCE } })];
    stream.extend(places.iter().map(|place| {
        json!({ "row": { "row_number": place + 1, "complaint": import::complaint(SOURCE, None, &complaints[*place]) } })
    }));
    let Answer::Stream(answers) = client.call(&method, &stream).await.expect("the stream ends well") else {
        panic!("ImportComplaints answers with a stream");
    };
    let verdicts: Vec<Value> = answers.iter().map(|answer| message_to_json(answer, Fields::Set)).collect();
    let numbers: Vec<_> = verdicts.iter().map(|verdict| verdict["row_number"].as_u64()).collect();
    let asked: Vec<_> = places.iter().map(|place| u64::try_from(place + 1).ok()).collect();
    assert_eq!(numbers, asked, "every row has one verdict, in its order");
    verdicts
}

/// Imports every row once more: what was registered is known, what was refused is refused.
pub(super) async fn import_again(suite: &Suite, complaints: &[ComplaintRow], run: &Run) {
    let client = suite.client("intake", "integration").expect("tokens are signed");
    let places: Vec<usize> = (0..complaints.len()).collect();
    for places in places.chunks(500) {
        for (place, verdict) in places.iter().zip(import(&client, complaints, places).await) {
            match run.cases.get(place) {
                Some(case_id) => {
                    assert_eq!(verdict["verdict"], "IMPORT_VERDICT_REPEATED", "row {place}: {verdict}");
                    assert_eq!(verdict["case_id"].as_str(), Some(case_id.as_str()), "row {place}");
                }
                None => assert_eq!(Some(&refusal(&verdict)), run.refused.get(place), "row {place}"),
            }
        }
    }
}

/// Why a row was refused; there has to be a reason.
fn refusal(verdict: &Value) -> String {
    assert_eq!(verdict["verdict"], "IMPORT_VERDICT_REFUSED", "{verdict}");
    let reason = text(&verdict["reason"]);
    assert!(!reason.is_empty(), "a row is refused without a reason: {verdict}");
    reason
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
