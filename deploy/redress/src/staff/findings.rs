//! Finding out what happened: evidence, more time, findings.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Way,
    desk::{As, Desk},
    errand::{Errand, Stage, Step, after},
};
use crate::contract::CallError;

impl Errand {
    async fn investigation(&self, desk: &Desk<'_>) -> Result<Value, CallError> {
        Ok(self.look(desk, "cs-supervisor", "InvestigationService/GetInvestigation").await?["investigation"]
            .take())
    }

    /// Asks the departments for what the handbook wants.
    pub(super) async fn collect(&mut self, desk: &Desk<'_>) -> Step {
        let investigation = self.investigation(desk).await?;
        let missing = items(&investigation, |item| item["state"] == "CHECKLIST_ITEM_STATE_MISSING");
        if !missing.is_empty() {
            let body =
                json!({ "item_ids": missing.iter().map(|item| item["item_id"].clone()).collect::<Vec<_>>() });
            self.act(desk, "cs-agent", "InvestigationService/RequestEvidence", body).await?;
        }
        match self.plan.way {
            Way::Extended if investigation["extensions"].as_array().is_none_or(Vec::is_empty) => {
                let body = json!({ "limit": "48h", "reason": "承运线路跨多个中转场，交接单据仍在调取" });
                self.act(desk, "cs-agent", "InvestigationService/RequestExtension", body).await?;
            }
            Way::Paused if investigation["state"] == "INVESTIGATION_STATE_OPEN" => {
                let text = self.say(
                    "想请您补充开箱时的照片",
                    "could you send us photos of how you found it when opening",
                );
                self.act(desk, "cs-agent", "InvestigationService/PauseForCustomer", json!({ "text": text }))
                    .await?;
                self.stage = Stage::Examine;
                return Ok(after(60 * 20));
            }
            _ => {}
        }
        self.stage = Stage::Examine;
        Ok(after(if self.plan.way == Way::Late { 60 * 30 } else { 150 }))
    }

    /// Takes in what the departments and the customer bring.
    pub(super) async fn examine(&mut self, desk: &Desk<'_>) -> Step {
        let investigation = self.investigation(desk).await?;
        if investigation["state"] == "INVESTIGATION_STATE_PAUSED" {
            let text = self.say("照片发给你们了，请看。", "Here are the photos.");
            self.act(desk, "integration", "IntakeService/ReceiveMessage", json!({ "text": text })).await?;
            return Ok(after(30));
        }
        if self.plan.way == Way::Extended && self.attempts == 0 {
            let body = json!({ "verdict": "EXTENSION_VERDICT_APPROVED", "reason": "线路复杂，同意" });
            self.act(desk, "cs-supervisor", "InvestigationService/DecideExtension", body).await?;
            return Ok(after(60 * 40));
        }
        let open = |item: &Value| {
            ["CHECKLIST_ITEM_STATE_MISSING", "CHECKLIST_ITEM_STATE_REQUESTED"]
                .contains(&item["state"].as_str().unwrap_or_default())
        };
        for item in items(&investigation, open) {
            self.settle(desk, &item).await?;
        }
        if investigation["priority"] == "PRIORITY_URGENT" && investigation["preliminary_report"].is_null() {
            let text = json!({ "text": "初步报告：记录已调取，责任环节基本明确，处理方案随后提出" });
            self.act(desk, "cs-supervisor", "InvestigationService/FilePreliminaryReport", text).await?;
        } else if investigation["priority"] == "PRIORITY_GENERAL" {
            let text = self.say("记录已调取完毕，正在核对", "the records are here and being compared");
            self.act(desk, "cs-agent", "InvestigationService/ReportProgress", json!({ "text": text }))
                .await?;
        }
        self.stage = Stage::Conclude;
        Ok(after(70))
    }

    /// Takes an item in, or does without it.
    async fn settle(&mut self, desk: &Desk<'_>, item: &Value) -> Result<(), CallError> {
        let item_id = item["item_id"].as_str().unwrap_or_default();
        let from_customer = item["source"] == "EVIDENCE_SOURCE_CUSTOMER";
        if from_customer && !self.plan.photos {
            return self.waive(desk, item_id).await;
        }
        let content = format!("{item_id} of case {}", self.case_id);
        let department = item["department"].as_str().unwrap_or_default();
        let (caller, media_type) = if from_customer {
            (As::from("cs-agent"), "image/jpeg")
        } else {
            (As { role: "department-staff", department, case_id: "" }, "application/pdf")
        };
        let metadata = json!({ "metadata": {
            "request_id": self.request_id(),
            "case_id": self.case_id,
            "item_id": item_id,
            "size_bytes": content.len(),
            "sha256": hex::encode(Sha256::digest(&content)),
            "media_type": media_type,
            "source": item["source"],
            "consent": if from_customer { "CONSENT_GIVEN" } else { "CONSENT_NOT_NEEDED" },
            "description": item["name"]["zh_cn"],
        }});
        let chunk = json!({ "chunk": base64(content.as_bytes()) });
        desk.stream(caller, "InvestigationService/UploadEvidence", &[metadata, chunk]).await.map(drop)
    }

    async fn waive(&mut self, desk: &Desk<'_>, item_id: &str) -> Result<(), CallError> {
        let body = json!({ "item_id": item_id, "reason": "客户未能提供，其他证据已足以判断" });
        self.act(desk, "cs-supervisor", "InvestigationService/WaiveEvidence", body).await.map(drop)
    }

    /// Concludes. What it was follows from what the case is about.
    pub(super) async fn conclude(&mut self, desk: &Desk<'_>) -> Step {
        let investigation = self.investigation(desk).await?;
        if investigation["state"] == "INVESTIGATION_STATE_PAUSED" {
            self.act(desk, "cs-agent", "InvestigationService/ResumeInvestigation", json!({})).await?;
        }
        let sub_type = investigation["primary_sub_type"].as_str().unwrap_or_default();
        let (cause, party) = cause_and_party(sub_type);
        let (validity, cause, party, findings) = match self.plan.way {
            Way::Unfounded => (
                "VALIDITY_UNFOUNDED",
                "not_established",
                "consignee",
                self.say(
                    "监控与签收照片显示包裹由您授权的家人当面签收",
                    "the recording shows that a member of your family took the parcel at the door",
                ),
            ),
            Way::Malicious => (
                "VALIDITY_MALICIOUS",
                "not_established",
                "consignee",
                self.say(
                    "称重与开箱记录一致，缺失物品并不在订单之内",
                    "weight and opening record agree; what is said to be missing was never part of the order",
                ),
            ),
            _ => (
                "VALIDITY_FOUNDED",
                cause,
                party,
                self.say(
                    "经核对交接与扫码记录，问题发生在我方环节，情况属实",
                    "by hand-over and scan records it happened on our side, as you said",
                ),
            ),
        };
        let body =
            json!({ "validity": validity, "cause": cause, "responsible_party": party, "findings": findings });
        self.act(desk, "cs-agent", "InvestigationService/ConcludeInvestigation", body).await?;
        self.stage = if validity == "VALIDITY_FOUNDED" { Stage::Propose } else { Stage::Close };
        Ok(after(25))
    }
}

fn items(investigation: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    investigation["checklist"].as_array().into_iter().flatten().filter(|item| wanted(item)).cloned().collect()
}

/// The usual cause and the party behind it, by ids of the courier manual.
fn cause_and_party(sub_type: &str) -> (&'static str, &'static str) {
    match sub_type {
        "delay" => ("line_delay", "transport"),
        "irregular_delivery" | "locker_without_consent" => ("delivered_without_consent", "station"),
        "false_sign_off" => ("signed_by_another", "station"),
        "bad_attitude" => ("staff_conduct", "station"),
        "damage" => ("rough_handling", "warehouse"),
        "parcel_lost" | "contents_lost" => ("lost_in_transit", "transport"),
        "weight_or_quantity_mismatch" => ("missorted", "warehouse"),
        "freight_miscalculated" | "insured_claim_dispute" => ("billing_error", "finance"),
        "unreasonable_charge" => ("billing_error", "station"),
        "order_placement_failed" | "tracking_abnormal" | "query_failed" => {
            ("system_error", "information_technology")
        }
        _ => ("not_established", "third_party"),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
