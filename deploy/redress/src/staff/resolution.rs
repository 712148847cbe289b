//! Making it good: proposal, approval, offer, answer, execution.

use redress_connectors::file::{Behaviour, Port};
use serde_json::{Value, json};

use super::{
    Way,
    desk::{As, Desk},
    errand::{Errand, Stage, Step, after},
};
use crate::contract::CallError;

/// Looks at an obstacle before somebody calls the customer about it, where no receipt says that the message arrived.
const CALLED_AFTER: u32 = 3;
/// Looks at an obstacle before somebody carries the remedy out by hand.
const BY_HAND_AFTER: u32 = 8;

impl Errand {
    async fn resolution(&self, desk: &Desk<'_>) -> Result<Value, CallError> {
        Ok(self.look(desk, "cs-supervisor", "CompensationService/GetResolution").await?["resolution"].take())
    }

    /// Proposes what the handbook suggests first; after an objection as much as it allows.
    pub(super) async fn propose(&mut self, desk: &Desk<'_>) -> Step {
        let suggested = self.look(desk, "cs-agent", "CompensationService/SuggestResolution").await?;
        let solutions = suggested["solutions"].as_array().cloned().unwrap_or_default();
        // What an amount depends on may be unknown: an order without goods in it, or without freight.
        let is_known = |solution: &&Value| solution["missing_facts"].as_array().is_none_or(Vec::is_empty);
        let own = |solution: &&Value| solution["upgrade_of"] == "" && is_known(solution);
        let fitting = solutions.iter().filter(own).find(|solution| solution["demand_met"] == true);
        let measure = self.say(
            "对责任环节抽查一个月，每日复核",
            "the place where it happened is inspected daily for a month",
        );
        let mut body = match fitting.or_else(|| solutions.iter().find(own)) {
            Some(solution) => {
                let upgrades =
                    solutions.iter().filter(|upgrade| upgrade["upgrade_of"] == solution["solution"]);
                let upgrades = upgrades.filter(|upgrade| upgrade["suggested"] == true && is_known(upgrade));
                let mut remedies = solution["remedies"].as_array().cloned().unwrap_or_default();
                let mut changed = false;
                for remedy in &mut remedies {
                    changed |= if self.objections > 0 {
                        raise(remedy, &solution["bands"])
                    } else {
                        fill(remedy, &solution["bands"])
                    };
                }
                if changed {
                    remedies.iter_mut().for_each(prefer_share);
                    json!({ "solution": solution["solution"], "remedies": remedies })
                } else {
                    let upgrades: Vec<&Value> = upgrades.map(|upgrade| &upgrade["solution"]).collect();
                    json!({ "solution": solution["solution"], "upgrades": upgrades })
                }
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
            let role = role_name(&approval["roles"][0]);
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
            if remedy["state"] == "REMEDY_STATE_OBSTRUCTED" && self.attempts == CALLED_AFTER {
                self.tell_in_person(desk).await?;
            }
            if remedy["executor"] == "REMEDY_EXECUTOR_STAFF" {
                let role = role_name(&remedy["role"]);
                self.confirm_remedy(desk, &role, remedy, "CONFIRMATION_EXECUTED").await?;
            } else if remedy["state"] == "REMEDY_STATE_OBSTRUCTED" && self.attempts > BY_HAND_AFTER {
                // What no system does any more is left to people; as long as one still may, they are refused.
                match self.confirm_remedy(desk, "finance", remedy, "CONFIRMATION_EXECUTED").await {
                    Ok(()) | Err(CallError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        if waiting {
            return Ok(after(180));
        }
        self.stage = Stage::Close;
        Ok(after(30))
    }

    /// Tells the customer by phone what was written to them about the resolution and may not have arrived.
    async fn tell_in_person(&mut self, desk: &Desk<'_>) -> Result<(), CallError> {
        let listed = self.look(desk, "cs-agent", "IntakeService/ListMessages").await?;
        for message in listed["messages"].as_array().into_iter().flatten() {
            let uncertain = ["MESSAGE_STATE_SENT", "MESSAGE_STATE_UNKNOWN"]
                .contains(&message["state"].as_str().unwrap_or_default());
            if message["asked_by"] != "compensation" || !uncertain {
                continue;
            }
            let body = json!({
                "request_id": self.request_id(),
                "message_id": message["message_id"],
                "outcome": "DELIVERY_OUTCOME_DELIVERED",
                "proof": "DELIVERY_PROOF_TOLD_IN_PERSON",
            });
            desk.call("cs-agent", "IntakeService/RecordDelivery", body).await?;
        }
        Ok(())
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

/// A role as tokens call it; the supervisor where none is named.
fn role_name(role: &Value) -> String {
    let role = role.as_str().and_then(redress_proto::types::v1::Role::from_str_name);
    match role {
        Some(role) if role != redress_proto::types::v1::Role::Unspecified => redress_proto::role_name(role),
        _ => "cs-supervisor".to_owned(),
    }
}

/// The band of a remedy.
fn band<'a>(remedy: &Value, bands: &'a Value) -> Option<&'a Value> {
    bands.as_array()?.iter().find(|band| band["kind"] == remedy["kind"])
}

/// Gives a remedy half of its band where the handbook leaves the amount open and so suggests nothing. Whether it did.
fn fill(remedy: &mut Value, bands: &Value) -> bool {
    let is_nothing = ["units", "nanos"].iter().all(|part| match &remedy["amount"][part] {
        Value::String(digits) => digits == "0",
        Value::Number(number) => number.as_i64() == Some(0),
        _ => true,
    });
    let is_open = is_nothing && remedy["basis_points"].as_i64().unwrap_or_default() == 0;
    let share =
        band(remedy, bands).and_then(|band| band["highest_basis_points"].as_i64()).unwrap_or_default();
    if is_open && share > 0 {
        remedy["basis_points"] = json!(share / 2);
    }
    is_open && share > 0
}

/// Takes a remedy to the top of its band. Whether it did.
fn raise(remedy: &mut Value, bands: &Value) -> bool {
    let share =
        band(remedy, bands).and_then(|band| band["highest_basis_points"].as_i64()).unwrap_or_default();
    if share > 0 {
        remedy["basis_points"] = json!(share);
    }
    share > 0
}

/// Leaves the amount to be computed where a share is given.
fn prefer_share(remedy: &mut Value) {
    if remedy["basis_points"].as_i64().is_some_and(|share| share > 0) {
        remedy["amount"] = Value::Null;
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
