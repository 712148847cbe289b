//! Signals on a case: what raises its weight, and where that was seen. Offsets only, never words.

use redress_domain::{
    RuleRef, Timestamp,
    handbook::{Handbook, Language, Signal},
};
use redress_proto::{time_to_wire, types::v1 as types};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::case::reference;

/// A signal on a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseSignal {
    /// What it is.
    pub kind: Signal,
    /// Who or what noticed it.
    pub origin: Origin,
    /// Rule behind it.
    pub rule: RuleRef,
    /// Text that it was found in.
    pub text_ref: Option<Uuid>,
    /// First character of the words that show it.
    pub from: i32,
    /// Character after the last one; 0 where there is no text.
    pub until: i32,
    /// When it arose.
    pub at: Timestamp,
}

/// Where a signal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Stated at registration.
    Registration,
    /// Found in a text of the customer.
    Text,
    /// Follows from the facts.
    Facts,
}

impl CaseSignal {
    /// A signal that was stated or follows from the facts.
    pub fn stated(book: &Handbook, kind: Signal, origin: Origin, at: Timestamp) -> Self {
        let (_, rule) = book.signal(kind);
        Self { kind, origin, rule, text_ref: None, from: 0, until: 0, at }
    }

    /// The signals that the handbook finds in a text: one for each kind, at its first place.
    pub fn found_in(book: &Handbook, language: &str, text: &str, text_ref: Uuid, at: Timestamp) -> Vec<Self> {
        let offset = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
        book.detect_signals(Language::of_tag(language), text)
            .into_iter()
            .map(|found| {
                let place = found.matches.first();
                Self {
                    kind: found.signal,
                    origin: Origin::Text,
                    rule: found.rule,
                    text_ref: Some(text_ref),
                    from: place.map_or(0, |place| offset(place.from)),
                    until: place.map_or(0, |place| offset(place.until)),
                    at,
                }
            })
            .collect()
    }

    /// The signal on the wire.
    pub fn to_wire(&self) -> types::Signal {
        types::Signal {
            kind: types::SignalKind::from(self.kind).into(),
            origin: match self.origin {
                Origin::Registration => types::SignalOrigin::Registration,
                Origin::Text => types::SignalOrigin::Text,
                Origin::Facts => types::SignalOrigin::Facts,
            }
            .into(),
            rule: Some(rule_to_wire(&self.rule)),
            text_ref: reference(self.text_ref),
            from_offset: self.from,
            until_offset: self.until,
            time: Some(time_to_wire(self.at)),
        }
    }
}

/// A rule on the wire.
pub fn rule_to_wire(rule: &RuleRef) -> types::RuleRef {
    types::RuleRef { id: rule.id.clone(), cite: rule.cite.clone() }
}
