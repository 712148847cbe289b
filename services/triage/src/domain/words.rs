//! The closed lists of words, between the handbook's vocabulary and the contract's enums. Both write the same words:
//! the contract in upper case behind a prefix.

use std::str::FromStr;

use redress_domain::{
    RuleRef,
    handbook::{Category, ClosingBasis, DispatchMode, IncidentKey, Priority, Role, Signal, Word},
};
use redress_proto::{triage::v1 as pb, types::v1 as types};

/// The handbook's word for a value of the contract; `None` for "not stated" and for what the handbook does not know.
pub fn from_wire<W: FromStr>(name: &str, prefix: &str) -> Option<W> {
    name.strip_prefix(prefix)?.to_ascii_lowercase().parse().ok()
}

/// The contract's name for a word of the handbook.
pub fn to_wire<W: Word>(word: W, prefix: &str) -> String {
    format!("{prefix}{}", word.word().to_ascii_uppercase())
}

/// A priority for the wire.
pub fn priority(priority: Priority) -> types::Priority {
    types::Priority::from_str_name(&to_wire(priority, "PRIORITY_")).unwrap_or_default()
}

/// A category for the wire.
pub fn category(category: Category) -> types::Category {
    types::Category::from_str_name(&to_wire(category, "CATEGORY_")).unwrap_or_default()
}

/// A kind of signal for the wire.
pub fn signal_kind(signal: Signal) -> types::SignalKind {
    types::SignalKind::from_str_name(&to_wire(signal, "SIGNAL_KIND_")).unwrap_or_default()
}

/// A kind of signal from the wire.
pub fn signal(kind: types::SignalKind) -> Option<Signal> {
    from_wire(kind.as_str_name(), "SIGNAL_KIND_")
}

/// How a case ended, for the wire; unspecified while nothing says.
pub fn basis_to_wire(basis: Option<ClosingBasis>) -> types::ClosingBasis {
    basis
        .and_then(|basis| types::ClosingBasis::from_str_name(&to_wire(basis, "CLOSING_BASIS_")))
        .unwrap_or_default()
}

/// How a case ended.
pub fn basis(basis: types::ClosingBasis) -> Option<ClosingBasis> {
    from_wire(basis.as_str_name(), "CLOSING_BASIS_")
}

/// A role for the wire.
pub fn role(role: Role) -> types::Role {
    redress_proto::role_from_name(role.as_str()).unwrap_or_default()
}

/// A role from the wire.
pub fn role_from_wire(role: types::Role) -> Option<Role> {
    redress_proto::role_name(role).parse().ok()
}

/// A dispatch mode for the wire.
pub fn mode(mode: DispatchMode) -> pb::DispatchMode {
    match mode {
        DispatchMode::TaskForce => pb::DispatchMode::TaskForce,
        DispatchMode::ContactPerson => pb::DispatchMode::ContactPerson,
        DispatchMode::FrontLine => pb::DispatchMode::FrontLine,
    }
}

/// What an incident's cases share, for the wire.
pub fn incident_key(key: IncidentKey) -> pb::IncidentKey {
    match key {
        IncidentKey::Batch => pb::IncidentKey::Batch,
        IncidentKey::Line => pb::IncidentKey::Line,
    }
}

/// A rule for the wire.
pub fn rule(rule: &RuleRef) -> types::RuleRef {
    types::RuleRef { id: rule.id.clone(), cite: rule.cite.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_value_on_the_wire() {
        for word in Priority::ALL {
            assert_ne!(priority(*word), types::Priority::Unspecified, "{word}");
        }
        for word in Category::ALL {
            assert_ne!(category(*word), types::Category::Unspecified, "{word}");
        }
        for word in Signal::ALL {
            assert_eq!(signal(signal_kind(*word)), Some(*word), "{word}");
        }
        for word in ClosingBasis::ALL {
            assert_eq!(basis(basis_to_wire(Some(*word))), Some(*word), "{word}");
        }
        for word in Role::ALL {
            assert_eq!(role_from_wire(role(*word)), Some(*word), "{word}");
        }
    }
}
