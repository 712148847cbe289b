//! Small things for the wire.

use redress_domain::{
    RuleRef, Timestamp,
    handbook::{Deliverable, Language, Text},
};
use redress_proto::{investigation::v1 as pb, time_to_wire, types::v1 as types};

/// A rule.
pub fn rule(rule: &RuleRef) -> types::RuleRef {
    types::RuleRef { id: rule.id.clone(), cite: rule.cite.clone() }
}

/// A time that may not have come yet.
pub fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(time_to_wire)
}

/// A text in the languages of the contract.
pub fn text(text: &Text) -> types::LocalizedText {
    types::LocalizedText { zh_cn: text.get(Language::ZhCn).to_owned(), en: text.get(Language::En).to_owned() }
}

/// What has to be delivered.
pub fn deliverables(deliverables: &[Deliverable]) -> Vec<i32> {
    deliverables.iter().map(|deliverable| pb::Deliverable::from(*deliverable).into()).collect()
}
