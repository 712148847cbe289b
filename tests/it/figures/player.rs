//! What people and systems do in one region, call by call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, FixedOffset, TimeDelta};
use redress::contract::CallError;
use redress_connectors::Order;
use redress_connectors::file::{Behaviour, Port};
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::Stage;

/// What is uploaded as evidence, and its SHA-256.
const EVIDENCE: &str = "ZXZpZGVuY2U=";
const EVIDENCE_BYTES: usize = 8;
const EVIDENCE_SHA256: &str = "ee8250fb76e094b34b471f13a73dbbe51d1ae142e9df59d7c0d31ec20f0a0a8e";

/// What an outsider sees, by name.
pub(super) type Outcome = BTreeMap<String, String>;

/// Acts in one region.
pub(super) struct Player<'a> {
    stage: &'a Stage<'a>,
    region: String,
    number: usize,
    asked: AtomicU32,
    people: AtomicUsize,
}

/// A complaint that comes in. The freight of its parcel is 100.00 and the goods are worth 300.00.
#[derive(Clone, Copy, Default)]
pub(super) struct Complaint {
    /// Sub-type.
    pub(super) about: &'static str,
    /// Desired solution, such as `RESEND`.
    pub(super) wants: &'static str,
    /// Signal, such as `REGULATOR`.
    pub(super) signal: Option<&'static str>,
    /// Category of the goods.
    pub(super) goods: Option<&'static str>,
    /// Value of the goods in yuan, where it is another.
    pub(super) worth: Option<i64>,
    /// Insured value in yuan.
    pub(super) insured: Option<i64>,
    /// Whole days that it is late.
    pub(super) days_late: i64,
    /// Whether it has arrived all the same.
    pub(super) delivered: bool,
    /// So many hours ago it came in.
    pub(super) hours_ago: i64,
}

impl<'a> Player<'a> {
    pub(super) fn new(stage: &'a Stage<'a>, region: &str, number: usize) -> Self {
        Self {
            stage,
            region: region.to_owned(),
            number,
            asked: AtomicU32::new(0),
            people: AtomicUsize::new(0),
        }
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Waits until it is so many seconds after the start; 0: until everybody has done what is due now.
    pub(super) async fn wait(&self, seconds: i64) {
        self.stage.wait(TimeDelta::seconds(seconds)).await;
    }

    pub(super) async fn call(&self, role: &str, method: &str, mut body: Value) -> Result<Value, CallError> {
        body["request_id"] = json!(self.request_id());
        self.stage.call((role, "customer_service"), None, method, &[body]).await
    }

    fn request_id(&self) -> Uuid {
        let call = self.asked.fetch_add(1, Ordering::Relaxed);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{}/{call}", self.region, self.number).as_bytes())
    }

    pub(super) async fn look(&self, role: &str, method: &str, body: Value) -> Result<Value> {
        let answer = self.stage.call((role, "customer_service"), None, method, &[body]).await;
        answer.with_context(|| method.to_owned())
    }

    /// Does something with a case that has to succeed.
    pub(super) async fn act(&self, role: &str, method: &str, case: &str, mut body: Value) -> Result<Value> {
        body["case_id"] = json!(case);
        self.call(role, method, body).await.with_context(|| method.to_owned())
    }

    /// Does something with a case that may be refused: `Err` is the reason.
    pub(super) async fn attempt(
        &self,
        role: &str,
        method: &str,
        case: &str,
        mut body: Value,
    ) -> Result<Result<Value, String>> {
        body["case_id"] = json!(case);
        reason(self.call(role, method, body).await).with_context(|| method.to_owned())
    }

    /// A complaint comes in from somebody else than the others.
    pub(super) async fn register(&self, complaint: Complaint) -> Result<String> {
        let answer = self.try_to_register(complaint).await?;
        answer.map_err(|reason| anyhow::anyhow!("the complaint was refused: {reason}"))
    }

    /// As [`Self::register`]; `Err` is the reason of a refusal.
    pub(super) async fn try_to_register(&self, complaint: Complaint) -> Result<Result<String, String>> {
        let person = self.people.fetch_add(1, Ordering::Relaxed);
        let waybill = format!("SF{:07}{person:06}", self.number);
        let now = self.stage.suite().now();
        let yuan = |amount: i64| json!({ "currency_code": "CNY", "units": amount });
        let mut order = json!({
            "waybill": waybill,
            "line": "SHA-PEK",
            "batch": format!("B-{}-{}", self.region, self.number),
            "freight": yuan(100),
            "goods_value": yuan(complaint.worth.unwrap_or(300)),
            "promised_at": now - TimeDelta::days(complaint.days_late),
        });
        if let Some(goods) = complaint.goods {
            order["goods_category"] = json!(goods);
        }
        if let Some(insured) = complaint.insured {
            order["insured_value"] = yuan(insured);
        }
        if complaint.delivered {
            order["delivered_at"] = json!(now);
        }
        let order: Order = serde_json::from_value(order)?;
        self.stage.suite().enterprise().orders.put(vec![order]).await?;
        let signals: Vec<String> =
            complaint.signal.iter().map(|signal| format!("SIGNAL_KIND_{signal}")).collect();
        let body = json!({
            "region": self.region,
            "channel": "CHANNEL_SMS",
            "waybill_no": waybill,
            "customer": { "name": "王小明", "phone": format!("139{:05}{person:03}", self.number) },
            "problem_type": "PROBLEM_TYPE_OTHER",
            "sub_type": complaint.about,
            "desired_solution": format!("DESIRED_SOLUTION_{}", complaint.wants),
            "signals": signals,
            "received_time": now - TimeDelta::hours(complaint.hours_ago),
        });
        let answer = reason(self.call("integration", "IntakeService/RegisterComplaint", body).await)?;
        Ok(answer.map(|answer| text(&answer["case"]["case_id"])))
    }

    /// The evidence that is required comes in, and the findings are what `validity` says.
    pub(super) async fn conclude(&self, case: &str, validity: &str) -> Result<()> {
        let found = self
            .look("cs-agent", "InvestigationService/GetInvestigation", json!({ "case_id": case }))
            .await?;
        for item in list(&found["investigation"]["checklist"]).iter().filter(|item| item["required"] == true)
        {
            let taken = self.upload(case, &text(&item["item_id"]), &text(&item["department"])).await?;
            taken.map_err(|reason| anyhow::anyhow!("evidence was refused: {reason}"))?;
        }
        let body = json!({
            "validity": format!("VALIDITY_{validity}"),
            "cause": "line_delay",
            "responsible_party": "third_party",
            "findings": "已查明",
        });
        self.act("cs-agent", "InvestigationService/ConcludeInvestigation", case, body).await?;
        self.wait(0).await;
        Ok(())
    }

    /// A department uploads a file of 8 bytes.
    pub(super) async fn upload(
        &self,
        case: &str,
        item: &str,
        department: &str,
    ) -> Result<Result<(), String>> {
        let metadata = json!({ "metadata": {
            "request_id": self.request_id(),
            "case_id": case,
            "item_id": item,
            "size_bytes": EVIDENCE_BYTES,
            "sha256": EVIDENCE_SHA256,
            "media_type": "application/pdf",
            "source": "EVIDENCE_SOURCE_INTERNAL",
            "consent": "CONSENT_NOT_NEEDED",
        }});
        let bodies = [metadata, json!({ "chunk": EVIDENCE })];
        let staff = ("department-staff", department);
        let answer = self.stage.call(staff, None, "InvestigationService/UploadEvidence", &bodies).await;
        Ok(reason(answer)?.map(drop))
    }

    /// Proposes a solution: so much cash, where an amount is given. `Err` is the reason of a refusal.
    pub(super) async fn propose(
        &self,
        case: &str,
        solution: &str,
        fen: Option<i64>,
    ) -> Result<Result<Value, String>> {
        let cash = |fen: i64| {
            json!({ "kind": "REMEDY_KIND_CASH", "amount": {
                "currency_code": "CNY", "units": fen / 100, "nanos": fen % 100 * 10_000_000,
            }})
        };
        let body = json!({
            "solution": solution,
            "remedies": fen.into_iter().map(cash).collect::<Vec<_>>(),
            "prevention_measure": "每日复核",
        });
        let answer = self.attempt("cs-agent", "CompensationService/ProposeResolution", case, body).await?;
        self.wait(0).await;
        Ok(answer.map(|mut answer| answer["resolution"].take()))
    }

    /// Approves what waits for approval, and offers it.
    pub(super) async fn offer(&self, case: &str, proposed: &Value) -> Result<()> {
        let pending = list(&proposed["approvals"]);
        for approval in pending.iter().filter(|approval| approval["state"] == "APPROVAL_STATE_PENDING") {
            let body =
                json!({ "approval_id": approval["approval_id"], "verdict": "APPROVAL_VERDICT_APPROVED" });
            self.call("department-manager", "CompensationService/DecideApproval", body).await?;
        }
        self.act("cs-agent", "CompensationService/OfferResolution", case, json!({})).await?;
        self.wait(0).await;
        Ok(())
    }

    /// The customer answers the offer; gives the resolution after it.
    pub(super) async fn answer(&self, case: &str, response: &str) -> Result<Value> {
        let mut body =
            json!({ "response": format!("RESPONSE_KIND_{response}"), "payee_account": "alipay:1" });
        if response == "OBJECTED" {
            body["point"] = json!("OBJECTION_POINT_AMOUNT");
            body["text"] = json!("太少");
        }
        let mut answer = self.act("integration", "CompensationService/RecordResponse", case, body).await?;
        self.wait(0).await;
        Ok(answer["resolution"].take())
    }

    /// A founded complaint that has been offered a solution and accepted it; gives the resolution.
    pub(super) async fn accepted(
        &self,
        complaint: Complaint,
        solution: &str,
        fen: Option<i64>,
    ) -> Result<(String, Value)> {
        let case = self.register(complaint).await?;
        self.wait(0).await;
        self.conclude(&case, "FOUNDED").await?;
        let proposed = self.propose(&case, solution, fen).await?;
        let proposed = proposed.map_err(|reason| anyhow::anyhow!("the proposal was refused: {reason}"))?;
        self.offer(&case, &proposed).await?;
        let accepted = self.answer(&case, "ACCEPTED").await?;
        Ok((case, accepted))
    }

    /// The deadlines that a service keeps for a case, or, without one, for the region.
    pub(super) async fn deadlines(&self, service: &str, case: &str) -> Result<Vec<Value>> {
        let body = json!({ "case_id": case, "page_size": 200 });
        let method = "redress.deadlines.v1.DeadlineService/ListDeadlines";
        let mut answer = self.stage.call(("supervision", ""), Some(service), method, &[body]).await?;
        let Value::Array(deadlines) = answer["deadlines"].take() else { return Ok(Vec::new()) };
        Ok(deadlines.into_iter().filter(|deadline| deadline["region"] == self.region.as_str()).collect())
    }

    /// When the deadlines of these kinds fall due that `service` keeps.
    pub(super) async fn due(
        &self,
        outcome: &mut Outcome,
        service: &str,
        case: &str,
        kinds: &[&str],
    ) -> Result<()> {
        for deadline in self.deadlines(service, case).await? {
            let kind = text(&deadline["kind"]);
            if kinds.contains(&kind.as_str()) {
                outcome.insert(kind, time(&deadline["due_time"]));
            }
        }
        Ok(())
    }

    /// The next calls of a port behave so, whoever makes them.
    pub(super) fn trouble(&self, port: Port, next: &[Behaviour]) -> Result<()> {
        Ok(self.stage.suite().enterprise().faults.push(port, next)?)
    }

    /// The outside world behaves again.
    pub(super) fn end_trouble(&self) -> Result<()> {
        Ok(self.stage.suite().enterprise().faults.clear()?)
    }
}

/// An answer, or the reason of its refusal.
fn reason(answer: Result<Value, CallError>) -> Result<Result<Value, String>> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(CallError::Refused(refusal)) if !refusal.reason.is_empty() => Ok(Err(refusal.reason)),
        Err(error) => bail!(error),
    }
}

/// The elements of a list, none where it is not set.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text or number, empty where it is not set.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A time in China, such as `2026-03-02 09:00`.
pub(super) fn time(value: &Value) -> String {
    let china = FixedOffset::east_opt(8 * 3600).expect("a zone");
    let time = value.as_str().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
    time.map_or_else(String::new, |time| time.with_timezone(&china).format("%Y-%m-%d %H:%M").to_string())
}

/// An amount, such as `5.00`.
pub(super) fn money(value: &Value) -> String {
    let fen = value["nanos"].as_i64().unwrap_or_default() / 10_000_000;
    format!("{}.{fen:02}", value["units"].as_i64().unwrap_or_default())
}
