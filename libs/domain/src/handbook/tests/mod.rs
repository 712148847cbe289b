//! Tests of the handbook.

mod amounts;
mod documents;
mod faults;
mod keywords;
mod rules;

use std::sync::LazyLock;

use super::*;

/// The handbook that the suite ships.
const COURIER_MANUAL: &str = include_str!("../../../../../deploy/handbooks/courier-manual/2026.1.toml");

/// It, loaded.
fn courier_manual() -> &'static Handbook {
    static LOADED: LazyLock<Handbook> = LazyLock::new(|| load(COURIER_MANUAL));
    &LOADED
}

/// A handbook that must have no fault.
fn load(text: &str) -> Handbook {
    Handbook::parse("courier-manual/2026.1.toml", text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The courier manual with `from`, which must stand in it exactly once, replaced by `to`.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(COURIER_MANUAL.matches(from).count(), 1, "`{from}` must stand in the handbook once");
    COURIER_MANUAL.replace(from, to)
}

/// Facts of a general complaint about a delay.
fn delay() -> Facts {
    let case = CaseFacts {
        priority: Some(Priority::General),
        category: Some(Category::ServiceQuality),
        subtype: "delay".into(),
        types: vec!["delay".into()],
        ..CaseFacts::default()
    };
    Facts { case, ..Facts::default() }
}

/// The same about another sub-type.
fn about(category: Category, subtype: &str) -> Facts {
    let mut facts = delay();
    facts.case.category = Some(category);
    facts.case.subtype = subtype.into();
    facts.case.types = vec![subtype.into()];
    facts
}
