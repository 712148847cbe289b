//! Words between handbook and wire, and the texts of the review.

use redress_domain::{
    RuleRef, Timestamp,
    handbook::{Channel, Language, Text},
};
use redress_proto::types::v1 as types;

/// A rule on the wire.
pub fn rule(rule: &RuleRef) -> types::RuleRef {
    types::RuleRef { id: rule.id.clone(), cite: rule.cite.clone() }
}

/// A text of the handbook on the wire.
pub fn text(text: &Text) -> types::LocalizedText {
    types::LocalizedText { zh_cn: text.get(Language::ZhCn).to_owned(), en: text.get(Language::En).to_owned() }
}

/// A channel on the wire; unspecified for none.
pub fn channel_to_wire(channel: Option<Channel>) -> types::Channel {
    channel.map_or(types::Channel::Unspecified, types::Channel::from)
}

/// A channel from the wire; none for unspecified.
pub fn channel_from_wire(channel: types::Channel) -> Option<Channel> {
    Channel::try_from(channel).ok()
}

/// A time from the wire, `otherwise` where there is none.
pub fn time(wire: Option<&prost_types::Timestamp>, otherwise: Timestamp) -> Timestamp {
    wire.and_then(|at| redress_proto::time_from_wire(at).ok()).unwrap_or(otherwise)
}
