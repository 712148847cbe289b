//! The facts that conditions and formulas can name. One table says what there is, of which type, and what it means;
//! the checker, the evaluation and the document for handbook authors are all made from it.
//!
//! Every fact always has a value: what is not known is `false`, `0` or the empty text, and `order.known` tells
//! whether the order system has answered. Facts carry no personal data.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use cel::Value;
use serde::{Deserialize, Serialize};

use super::names::NameKind;
use super::vocabulary::{
    Category, Channel, DesiredSolution, Priority, ProblemType, RemedyKind, Signal, Validity, Word,
};

/// The type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactType {
    /// True or false.
    Flag,
    /// A whole number: a count, or an amount in minor units where the name ends in `_minor`.
    Number,
    /// Any text.
    Text,
    /// One of the names of the domain, or empty.
    OneOf(Domain),
    /// A list of names of the domain.
    ListOf(Domain),
}

impl fmt::Display for FactType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("flag"),
            Self::Number => formatter.write_str("number"),
            Self::Text => formatter.write_str("text"),
            Self::OneOf(domain) => formatter.write_str(domain.what()),
            Self::ListOf(domain) => write!(formatter, "list of {}s", domain.what()),
        }
    }
}

impl Domain {
    /// What one of its values is called.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Words { what, .. } => what,
            Self::Names(kind) => kind.what(),
        }
    }
}

/// Where the values of a fact come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A closed list that all handbooks share.
    Words {
        /// What one of them is called.
        what: &'static str,
        /// All of them.
        all: &'static [&'static str],
    },
    /// Names that the handbook defines.
    Names(NameKind),
}

/// One fact of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactInfo {
    /// The group it belongs to, such as `case`.
    pub group: &'static str,
    /// Its name in the group, such as `priority`.
    pub name: &'static str,
    /// Its type.
    pub fact_type: FactType,
    /// What it means.
    pub meaning: &'static str,
}

const fn words<W: Word>() -> Domain {
    Domain::Words { what: W::WHAT, all: W::WORDS }
}

const fn names(kind: NameKind) -> FactType {
    FactType::OneOf(Domain::Names(kind))
}

/// A value that a fact can have.
trait FactValue {
    fn value(&self) -> Value;
}

impl FactValue for bool {
    fn value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl FactValue for i64 {
    fn value(&self) -> Value {
        Value::Int(*self)
    }
}

impl FactValue for String {
    fn value(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl FactValue for Vec<String> {
    fn value(&self) -> Value {
        Value::from(self.clone())
    }
}

impl<W: Word> FactValue for Option<W> {
    fn value(&self) -> Value {
        Value::from(self.map_or("", Word::word))
    }
}

impl FactValue for Vec<RemedyKind> {
    fn value(&self) -> Value {
        Value::from(self.iter().map(|kind| kind.as_str().to_owned()).collect::<Vec<_>>())
    }
}

macro_rules! facts {
    ($($(#[$group_meta:meta])* $group:ident: $struct:ident {
        $($field:ident: $type:ty, $fact_type:expr, $meaning:literal;)+
    })+) => {
        $($(#[$group_meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $struct {
            $(#[doc = $meaning] pub $field: $type,)+
        })+

        /// What is known about a case when a rule is applied.
        ///
        /// Build it with struct update syntax: `Facts { case: CaseFacts { … }, ..Facts::default() }`.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Facts {
            $($(#[$group_meta])* pub $group: $struct,)+
            /// The signals that are raised, each a flag such as `signals.media`.
            pub signals: BTreeSet<Signal>,
        }

        /// Every fact that conditions can name, but for the figures, which each handbook defines itself.
        #[must_use]
        pub fn fact_table() -> Vec<FactInfo> {
            let mut table = vec![$($(FactInfo {
                group: stringify!($group),
                name: stringify!($field),
                fact_type: $fact_type,
                meaning: $meaning,
            },)+)+];
            table.extend(Signal::ALL.iter().map(|signal| FactInfo {
                group: "signals",
                name: signal.as_str(),
                fact_type: FactType::Flag,
                meaning: "The signal is raised.",
            }));
            table
        }

        impl Facts {
            /// The groups as CEL sees them.
            pub(crate) fn groups(&self) -> Vec<(&'static str, HashMap<String, Value>)> {
                let signals = Signal::ALL
                    .iter()
                    .map(|signal| (signal.as_str().to_owned(), Value::Bool(self.signals.contains(signal))))
                    .collect();
                vec![
                    $((stringify!($group), HashMap::from([
                        $((stringify!($field).to_owned(), self.$group.$field.value()),)+
                    ])),)+
                    ("signals", signals),
                ]
            }
        }
    };
}

facts! {
    /// The complaint.
    case: CaseFacts {
        priority: Option<Priority>, FactType::OneOf(words::<Priority>()), "The priority, once triage has set it.";
        category: Option<Category>, FactType::OneOf(words::<Category>()), "The category of the primary sub-type.";
        subtype: String, names(NameKind::Subtype), "The primary sub-type.";
        types: Vec<String>, FactType::ListOf(Domain::Names(NameKind::Subtype)),
            "All sub-types: the primary one and further ones.";
        channel: Option<Channel>, FactType::OneOf(words::<Channel>()), "The channel by which it came in.";
        problem_type: Option<ProblemType>, FactType::OneOf(words::<ProblemType>()), "The problem type as registered.";
        desired_solution: Option<DesiredSolution>, FactType::OneOf(words::<DesiredSolution>()), "What the customer asks for.";
        language: String, FactType::Text, "The customer's language, a BCP 47 tag such as `zh-CN`.";
        region: String, FactType::Text, "The region that the case belongs to.";
        round: i64, FactType::Number, "How many offers the customer has objected to.";
        reopened: bool, FactType::Flag, "The case was closed before and opened again.";
    }
    /// The order, as the order system knows it.
    order: OrderFacts {
        known: bool, FactType::Flag, "The order system has answered; otherwise the other order facts say nothing.";
        service_type: String, FactType::Text, "The service, such as `express` or `economy`.";
        line: String, FactType::Text, "The carrier line.";
        batch: String, FactType::Text, "The batch of goods.";
        goods_category: String, FactType::Text, "The category of goods, such as `fresh`.";
        goods_value_minor: i64, FactType::Number, "The value of the goods.";
        freight_minor: i64, FactType::Number, "The freight.";
        insured: bool, FactType::Flag, "The parcel is insured 保价.";
        insured_value_minor: i64, FactType::Number, "The insured value; 0 where not insured.";
        status: String, FactType::Text, "The status in the order system.";
        delivered: bool, FactType::Flag, "The order system shows it as delivered.";
        days_late: i64, FactType::Number,
            "Whole days from the promised to the actual arrival, or to now where it has not arrived; 0 where in time.";
    }
    /// The customer. Counts go by the pseudonym.
    customer: CustomerFacts {
        corporate: bool, FactType::Flag, "A corporate customer 企业大客户.";
        complaints_90d: i64, FactType::Number, "Complaints of the same person in the last 90 days, this one included.";
    }
    /// The group incident that the case is part of.
    incident: IncidentFacts {
        recognised: bool, FactType::Flag, "The case belongs to a recognised group incident.";
        people: i64, FactType::Number, "People in it; 0 where there is none.";
    }
    /// What the investigation has found.
    investigation: InvestigationFacts {
        concluded: bool, FactType::Flag, "It is concluded; otherwise the other facts say nothing.";
        validity: Option<Validity>, FactType::OneOf(words::<Validity>()), "Whether the complaint is right.";
        cause: String, names(NameKind::Cause), "The cause.";
        party: String, names(NameKind::Party), "The responsible party.";
    }
    /// The resolution that is proposed.
    resolution: ResolutionFacts {
        cash_minor: i64, FactType::Number, "Money that is paid: cash and freight paid back.";
        exposure_minor: i64, FactType::Number, "Total exposure of the case and its waybill, earlier grants included.";
        kinds: Vec<RemedyKind>, FactType::ListOf(words::<RemedyKind>()), "The kinds of remedies in it.";
    }
}

impl Facts {
    /// The facts for the record of a decision, as JSON. What has its empty value is left out.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        if let Some(groups) = json.as_object_mut() {
            for group in groups.values_mut() {
                if let Some(facts) = group.as_object_mut() {
                    facts.retain(|_, value| !is_empty(value));
                }
            }
            groups.retain(|_, group| !is_empty(group));
        }
        json
    }
}

fn is_empty(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(false) => true,
        serde_json::Value::Number(number) => number.as_i64() == Some(0),
        serde_json::Value::String(text) => text.is_empty(),
        serde_json::Value::Array(items) => items.is_empty(),
        serde_json::Value::Object(fields) => fields.is_empty(),
        serde_json::Value::Bool(true) => false,
    }
}
