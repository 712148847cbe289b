//! Counts everything up: rows against the ledger, events against the timeline, money against what was approved.

use std::collections::{BTreeMap, BTreeSet};

use redress::contract::SERVICES;
use redress::suite::Suite;
use redress_connectors::file::PaymentRecord;
use redress_connectors::{ComplaintRow, PaymentState};
use redress_storage::transaction::query_one;
use serde_json::{Value, json};

use super::clerk::Run;
use super::rules::REGION;
use super::sample::Sample;
use super::tell;

/// More than there can be.
const ALL: usize = 100_000;

/// What the suite and the outside world have on record.
#[derive(Debug)]
pub(super) struct Books {
    /// The ledger's rows.
    cases: Vec<Value>,
    /// Events in each service's log.
    events: BTreeMap<&'static str, i64>,
    /// Entries in all timelines.
    timeline: i64,
    /// Messages that channels took over.
    messages: usize,
    payments: Vec<PaymentRecord>,
}

async fn count(suite: &Suite, service: &str, of: &str) -> i64 {
    let pool = suite.runtime(service).engine().database().pool();
    let sql = format!("select count(*)::bigint as n from {of}");
    let row = query_one(pool, "count rows", &sql, []).await.expect("can be counted").expect("a row");
    row.try_get("", "n").expect("a number")
}

impl Books {
    pub(super) async fn read(suite: &Suite) -> Self {
        let intake = suite.client("intake", "supervision").expect("tokens are signed");
        let body = json!({ "regions": [REGION] });
        let mut cases =
            intake.list("IntakeService/ListCases", body, "cases", ALL).await.expect("the ledger is read");
        cases.sort_by_key(|case| case["case_id"].to_string());
        let mut events = BTreeMap::new();
        for service in SERVICES {
            events.insert(service, count(suite, service, "event").await);
        }
        Self {
            cases,
            events,
            timeline: count(suite, "intake", "timeline").await,
            messages: suite.enterprise().outbound.messages().await.expect("is read").len(),
            payments: suite.enterprise().payments.payments().await.expect("is read"),
        }
    }

    pub(super) fn assert_same(&self, later: &Self) {
        assert_eq!(self.events, later.events, "events were added");
        assert_eq!((self.timeline, self.messages), (later.timeline, later.messages));
        assert!(self.cases == later.cases, "the ledger is not the same");
        assert!(self.payments == later.payments, "the payments are not the same");
    }

    pub(super) async fn check(&self, suite: &Suite, complaints: &[ComplaintRow], sample: &Sample, run: &Run) {
        assert_eq!(run.cases.len() + run.refused.len(), complaints.len(), "a row is lost");
        self.check_ledger(complaints, run);
        self.check_sample(sample, run);
        let mut of_cases = 0;
        for service in SERVICES {
            of_cases += count(suite, service, "event where case_id is not null").await;
        }
        assert_eq!(self.timeline, of_cases, "the timelines have every event of every case");
        let parked = suite.parked().await.expect("the services tell");
        assert!(parked.is_empty(), "events were set aside: {parked:#?}");
        self.check_money(suite, run).await;
        check_messages(suite, run).await;
    }

    fn check_ledger(&self, complaints: &[ComplaintRow], run: &Run) {
        let rows: BTreeMap<&str, &Value> =
            self.cases.iter().map(|case| (case["case_id"].as_str().unwrap_or_default(), case)).collect();
        assert_eq!(rows.len(), self.cases.len(), "a case stands twice in the ledger");
        let accepted: BTreeSet<&str> = run.cases.values().map(String::as_str).collect();
        assert_eq!(accepted.len(), run.cases.len(), "two rows became one case");
        assert_eq!(rows.keys().copied().collect::<BTreeSet<_>>(), accepted, "the ledger has other cases");
        for (place, case_id) in &run.cases {
            let waybill = complaints.get(*place).and_then(|row| row.waybill.as_deref());
            assert_eq!(rows[case_id.as_str()]["waybill_no"].as_str(), waybill, "case {case_id}");
        }
        let handled: BTreeSet<&str> = run.handled.iter().map(String::as_str).collect();
        let mut steps: BTreeMap<String, usize> = BTreeMap::new();
        for (case_id, row) in &rows {
            *steps.entry(row["step"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            let is_closed = row["state"] == "CASE_STATE_CLOSED";
            assert_eq!(is_closed, handled.contains(case_id), "case {case_id}: {row:#}");
        }
        tell(&format!("ledger: {} cases: {steps:?}", rows.len()));
    }

    /// Of each category as triage saw it, so many were taken to their end, and a third of all of them aside.
    fn check_sample(&self, sample: &Sample, run: &Run) {
        assert_eq!(run.handled.len(), sample.size(), "a row of the sample was refused");
        assert!(run.aside * 3 >= run.handled.len(), "only {} of {} went aside", run.aside, run.handled.len());
        let mut categories: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for row in &self.cases {
            let (all, closed) = categories.entry(row["category"].as_str().unwrap_or_default()).or_default();
            *all += 1;
            *closed += usize::from(row["state"] == "CASE_STATE_CLOSED");
        }
        for (category, (all, closed)) in categories {
            tell(&format!("{category}: {closed} of {all} are closed"));
            assert!(closed >= all.min(sample.wanted()), "{category}: only {closed} of {all} are closed");
        }
    }

    /// No debt is paid twice, and nothing is paid that was not approved.
    async fn check_money(&self, suite: &Suite, run: &Run) {
        let client = suite.client("compensation", "supervision").expect("tokens are signed");
        // A key is `<case>/<round>/<remedy>/<way>`: the ways of one debt are one another's alternatives.
        let mut paid: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let (mut count, mut sum) = (0, 0);
        for payment in &self.payments {
            let PaymentState::Paid { .. } = payment.state else { continue };
            let amount = payment.reservation.amount;
            assert_eq!(amount.currency.to_string(), "BRL");
            let parts: Vec<&str> = payment.reservation.key.split('/').collect();
            let [case_id, _, remedy_id, _] = parts[..] else { panic!("key `{}`", payment.reservation.key) };
            *paid.entry((case_id, remedy_id)).or_default() += amount.minor;
            count += 1;
            sum += amount.minor;
        }
        let ledger: BTreeMap<&str, i64> = self
            .cases
            .iter()
            .map(|case| (case["case_id"].as_str().unwrap_or_default(), minor(&case["paid_amount"])))
            .collect();
        let mut recovered_in_all = 0;
        for case_id in run.handled.iter().map(String::as_str) {
            let of_case: BTreeMap<&str, i64> = paid
                .iter()
                .filter(|((case, _), _)| *case == case_id)
                .map(|((_, remedy), amount)| (*remedy, *amount))
                .collect();
            if of_case.is_empty() {
                assert_eq!(ledger[case_id], 0, "case {case_id} is said to be paid");
                continue;
            }
            let body = json!({ "case_id": case_id });
            let answer = client.json("CompensationService/GetResolution", body).await.expect("is there");
            let resolution = &answer["resolution"];
            let recoveries = resolution["recoveries"].as_array().cloned().unwrap_or_default();
            let mut net = 0;
            for (remedy_id, amount) in of_case {
                let recovered: i64 = recoveries
                    .iter()
                    .filter(|recovery| recovery["remedy_id"] == remedy_id)
                    .map(|recovery| minor(&recovery["amount"]))
                    .sum();
                recovered_in_all += recovered;
                net += amount - recovered;
                let remedies = resolution["remedies"].as_array().into_iter().flatten();
                let approved = remedies.filter(|remedy| remedy["remedy_id"] == remedy_id);
                for approved in approved.map(|remedy| minor(&remedy["amount"])) {
                    assert!(amount - recovered <= approved, "{case_id}/{remedy_id}: {amount} of {approved}");
                }
            }
            assert_eq!(net, ledger[case_id], "case {case_id}: the ledger shows what was paid");
        }
        let all: i64 = ledger.values().sum();
        assert_eq!(sum - recovered_in_all, all, "money went to a case that nobody handled");
        tell(&format!(
            "money: {count} payments of {sum} centavos in all, {recovered_in_all} to be recovered"
        ));
    }
}

/// Every customer of the sample was told once that the complaint is there, in the language that the handbook has for them.
async fn check_messages(suite: &Suite, run: &Run) {
    let mut acknowledged: BTreeMap<String, usize> = BTreeMap::new();
    let messages = suite.enterprise().outbound.messages().await.expect("is read");
    for record in &messages {
        if record.message.subject.as_deref() != Some("acknowledgement") {
            continue;
        }
        assert!(
            record.message.body.contains("received your complaint"),
            "who speaks Portuguese gets English"
        );
        *acknowledged
            .entry(record.message.case_id.map(|id| id.to_string()).unwrap_or_default())
            .or_default() += 1;
    }
    for (case_id, times) in &acknowledged {
        assert!(run.handled.contains(case_id), "case {case_id} was acknowledged and nobody handled it");
        assert_eq!(*times, 1, "case {case_id} was acknowledged {times} times");
    }
    tell(&format!("{} messages taken over, {} of them acknowledgements", messages.len(), acknowledged.len()));
}

/// Minor units of an amount on the wire; nothing where there is none.
fn minor(money: &Value) -> i64 {
    let part = |name: &str| money[name].as_i64().unwrap_or_default();
    part("units") * 100 + part("nanos") / 10_000_000
}
