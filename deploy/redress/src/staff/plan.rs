//! What comes in, and how it is to go on.

use redress_domain::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A complaint that will come in, and how it is to go on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// When it comes in.
    pub received: Timestamp,
    /// Channel, an id of the handbook.
    pub channel: String,
    /// Language of the customer.
    #[serde(default = "chinese")]
    pub language: String,
    /// Waybill number, where one is given.
    #[serde(default)]
    pub waybill: Option<String>,
    /// The customer, with the contract's field names.
    #[serde(default)]
    pub customer: Map<String, Value>,
    /// Problem as registered: delay, damage, loss, attitude, other.
    pub problem: String,
    /// Sub-type as registered, where the registrar knows it.
    #[serde(default)]
    pub sub_type: Option<String>,
    /// What the customer wants: compensation, resend, apology, fast_delivery, other.
    pub wants: String,
    /// What the customer says.
    pub text: String,
    /// Whether the customer has photos and agrees that they are kept.
    #[serde(default)]
    pub photos: bool,
    /// How it goes on.
    #[serde(default)]
    pub way: Way,
    /// Ground of a refusal.
    #[serde(default)]
    pub ground: Option<String>,
    /// What the customer says to the first offer, or when withdrawing.
    #[serde(default)]
    pub reply: Option<String>,
    /// Answers to the survey, in the order of its questions; none: the customer does not answer.
    #[serde(default)]
    pub scores: Vec<i32>,
    /// Id in the source it comes from.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// How a case goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Straight to acceptance, execution and closing.
    #[default]
    Accepted,
    /// The customer objects once.
    Objected,
    /// The customer objects until there is nothing more to give.
    FinalPosition,
    /// The investigation needs more time and gets it.
    Extended,
    /// The investigation waits for the customer.
    Paused,
    /// Nobody does anything for hours, so that deadlines are missed.
    Late,
    /// The finance system is down when it comes to paying.
    Obstructed,
    /// The customer is dissatisfied afterwards, and the case is reopened.
    Reopened,
    /// The customer withdraws.
    Withdrawn,
    /// It is refused.
    Refused,
    /// The findings are against it.
    Unfounded,
    /// The findings show malice.
    Malicious,
    /// Media are about to report.
    Media,
    /// A regulator has taken it up.
    Regulator,
    /// It stays where it is soon after registration.
    Open,
}

impl Plan {
    /// The body of `RegisterComplaint`.
    #[must_use]
    pub fn registration(&self, request_id: uuid::Uuid) -> Value {
        let name = |prefix: &str, word: &str| format!("{prefix}_{}", word.to_ascii_uppercase());
        let mut body = json!({
            "request_id": request_id,
            "channel": name("CHANNEL", &self.channel),
            "language": self.language,
            "customer": self.customer,
            "problem_type": name("PROBLEM_TYPE", &self.problem),
            "desired_solution": name("DESIRED_SOLUTION", &self.wants),
            "narrative": self.text,
        });
        if let Some(waybill) = &self.waybill {
            body["waybill_no"] = json!(waybill);
        }
        if let Some(sub_type) = &self.sub_type {
            body["sub_type"] = json!(sub_type);
        }
        if let Some(external_id) = &self.external_id {
            body["external_id"] = json!(external_id);
        }
        if self.photos {
            body["evidence_leads"] = json!([{
                "kind": "EVIDENCE_LEAD_KIND_PHOTO", "description": self.text, "consent": "CONSENT_GIVEN",
            }]);
        }
        if self.way == Way::Regulator {
            body["regulator_appeal"] = json!({ "authority": "12305" });
        }
        body
    }
}

fn chinese() -> String {
    "zh-CN".to_owned()
}
