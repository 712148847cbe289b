//! Making it good: proposal, approval, offer, answer, execution.

use redress_connectors::file::{Behaviour, Port};
use serde_json::{Value, json};

use super::{
    Way,
    desk::{As, Desk},
    errand::{Errand, Stage, Step, after},
};
use crate::contract::CallError;

impl Errand {
    async fn resolution(&self, desk: &Desk<'_>) -> Result<Value, CallError> {
        Ok(self.look(desk, "cs-supervisor", "CompensationService/GetResolution").await?["resolution"].take())
    }

    /// Proposes what the handbook suggests first; after an objection as much as it allows.
    pub(super) async fn propose(&mut self, desk: &Desk<'_>) -> Step {
        let suggested = self.look(desk, "cs-agent", "CompensationService/SuggestResolution").await?;
        let solution = suggested["solutions"].as_array().and_then(|solutions| solutions.first()).cloned();
        let measure = self.say(
            "对责任环节抽查一个月，每日复核",
            "the place where it happened is inspected daily for a month",
        );
        let mut body = match &solution {
            Some(solution) => {
                let mut remedies = solution["remedies"].as_array().cloned().unwrap_or_default();
                if self.plan.customer.contains_key("corporate") {
                    remedies.extend(solution["upgrades"].as_array().cloned().unwrap_or_default());
                }
                if self.objections > 0 {
                    remedies.iter_mut().for_each(|remedy| raise(remedy, &solution["bands"]));
                }
                json!({ "solution": solution["solution"], "remedies": remedies })
            }
            None => json!({ "remedies": [{ "kind": "REMEDY_KIND_APOLOGY" }] }),
        };
        body["prevention_measure"] = json!(measure);
        body["reason"] = json!("符合手册规定");
        drop_unset(&mut body);
        self.act(desk, "cs-agent", "CompensationService/ProposeResolution", body).await?;
        self.stage = Stage::Approve;
        Ok(after(15))
    }

    /// Has it approved by whoever the ladder asks.
    pub(super) async fn approve(&mut self, desk: &Desk<'_>) -> Step {
        let listed = self.look(desk, "cs-supervisor", "CompensationService/ListApprovals").await?;
        for approval in listed["approvals"].as_array().into_iter().flatten() {
            let role = approval["role"].as_str().unwrap_or_default().trim_start_matches("ROLE_");
            let role = role.to_ascii_lowercase().replace('_', "-");
            let body = json!({
                "request_id": self.request_id(),
                "approval_id": approval["approval_id"],
                "verdict": "APPROVAL_VERDICT_APPROVED",
                "reason": "同意",
                "minutes_reference": if approval["meeting"] == true { "会议纪要2026-03" } else { "" },
            });
            let approver = As { role: &role, department: "customer_service", case_id: "" };
            desk.call(approver, "CompensationService/DecideApproval", body).await?;
        }
        self.stage = Stage::Offer;
        Ok(after(10))
    }

    pub(super) async fn offer(&mut self, desk: &Desk<'_>) -> Step {
        self.act(desk, "cs-agent", "CompensationService/OfferResolution", json!({})).await?;
        self.stage = Stage::Answer;
        Ok(after(110))
    }

    /// The customer answers.
    pub(super) async fn answer(&mut self, desk: &Desk<'_>) -> Step {
        let text = self.plan.reply.clone().unwrap_or_else(|| self.say("接受。", "Accepted."));
        let objects = match self.plan.way {
            Way::Objected => self.objections == 0,
            Way::FinalPosition => true,
            _ => false,
        };
        let body = if objects {
            json!({ "response": "RESPONSE_KIND_OBJECTED", "point": "OBJECTION_POINT_AMOUNT", "text": text })
        } else {
            let text = if self.objections > 0 {
                self.say("这次可以，接受。", "That is better, accepted.")
            } else {
                text
            };
            json!({ "response": "RESPONSE_KIND_ACCEPTED", "text": text, "payee_account": self.payee() })
        };
        if self.plan.way == Way::Obstructed {
            // Finance goes down just when it is to pay.
            let faults = &desk.suite().enterprise().faults;
            faults
                .push(Port::Payments, &[Behaviour::Down; 6])
                .map_err(|error| CallError::Body(error.to_string()))?;
        }
        let answer = self.act(desk, "integration", "CompensationService/RecordResponse", body).await?;
        let again = objects && answer["resolution"]["state"] == "RESOLUTION_STATE_OBJECTED";
        self.objections += u32::from(objects);
        self.stage = if again { Stage::Propose } else { Stage::Execute };
        Ok(after(45))
    }

    /// Where the customer wants money.
    fn payee(&self) -> String {
        let known = ["phone", "email", "account"]
            .into_iter()
            .find_map(|field| self.plan.customer.get(field)?.as_str());
        format!("alipay:{}", known.unwrap_or("on-request"))
    }

    /// Waits for what systems do, and does what people have to do.
    pub(super) async fn execute(&mut self, desk: &Desk<'_>) -> Step {
        let resolution = self.resolution(desk).await?;
        let mut waiting = false;
        for remedy in resolution["remedies"].as_array().into_iter().flatten() {
            let done = ["REMEDY_STATE_EXECUTED", "REMEDY_STATE_CANCELLED"]
                .contains(&remedy["state"].as_str().unwrap_or_default());
            if done {
                if remedy["by_fallback"] == true && remedy["backfilled"] == false {
                    self.confirm_remedy(desk, "finance", remedy, "CONFIRMATION_BACKFILLED").await?;
                }
                continue;
            }
            waiting = true;
            if remedy["executor"] == "REMEDY_EXECUTOR_STAFF" {
                let role = remedy["role"].as_str().unwrap_or_default().trim_start_matches("ROLE_");
                let role = role.to_ascii_lowercase().replace('_', "-");
                let role =
                    if role.is_empty() || role == "unspecified" { "cs-supervisor".to_owned() } else { role };
                self.confirm_remedy(desk, &role, remedy, "CONFIRMATION_EXECUTED").await?;
            }
        }
        if waiting {
            return Ok(after(180));
        }
        self.stage = Stage::Close;
        Ok(after(30))
    }

    async fn confirm_remedy(
        &mut self,
        desk: &Desk<'_>,
        role: &str,
        remedy: &Value,
        confirmation: &str,
    ) -> Result<(), CallError> {
        let body = json!({ "remedy_id": remedy["remedy_id"], "confirmation": confirmation });
        self.act(desk, role, "CompensationService/ConfirmRemedy", body).await.map(drop)
    }
}

/// Takes a remedy to the top of its band.
fn raise(remedy: &mut Value, bands: &Value) {
    let band = bands.as_array().into_iter().flatten().find(|band| band["kind"] == remedy["kind"]);
    let Some(band) = band else { return };
    if band["highest_basis_points"].as_i64().is_some_and(|highest| highest > 0) {
        remedy["basis_points"] = band["highest_basis_points"].clone();
        remedy["amount"] = Value::Null;
    } else if !band["highest"].is_null() {
        remedy["amount"] = band["highest"].clone();
    }
}

/// Takes `null` out, which stands for what is not set in answers and is no value in requests.
fn drop_unset(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_unset);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_unset),
        _ => {}
    }
}
