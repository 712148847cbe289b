//! Whether an answer is what a script expects.
//!
//! What is expected is a *subset*: fields that are not named do not matter. A list matches when it contains each expected
//! element, in any order, and as often as it is written; an empty list matches only an empty one. Numbers compare by value (also those that the
//! protocol writes as text), times by instant. An empty text, an empty list, `0` or `false` also stands for a field that is
//! not set.

use chrono::DateTime;
use serde_json::{Number, Value};

/// One place where the answer is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Where, as a path; empty for the whole answer.
    pub path: String,
    /// What was expected there.
    pub expected: Value,
    /// What is there; `None` where the answer has no such field.
    pub actual: Option<Value>,
}

/// Everything in `actual` that is not as `expected`.
pub(super) fn mismatches(expected: &Value, actual: &Value) -> Vec<Mismatch> {
    let mut found = Vec::new();
    compare(expected, actual, "", &mut found);
    found
}

fn compare(expected: &Value, actual: &Value, path: &str, found: &mut Vec<Mismatch>) {
    let matches = match (expected, actual) {
        (Value::Object(wanted), Value::Object(fields)) => {
            for (name, expected) in wanted {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match fields.get(name) {
                    Some(actual) => compare(expected, actual, &path, found),
                    None => found.push(Mismatch { path, expected: expected.clone(), actual: None }),
                }
            }
            true
        }
        (Value::Array(wanted), Value::Array(elements)) => {
            if wanted.is_empty() {
                elements.is_empty()
            } else {
                let missing: Vec<Value> = missing(wanted, elements).into_iter().cloned().collect();
                if !missing.is_empty() {
                    let expected = match <[Value; 1]>::try_from(missing) {
                        Ok([only]) => only,
                        Err(several) => Value::Array(several),
                    };
                    let path = format!("{path}[…]");
                    found.push(Mismatch { path, expected, actual: Some(actual.clone()) });
                }
                true
            }
        }
        (Value::Array(wanted), Value::Null) => wanted.is_empty(),
        (Value::String(wanted), Value::Null) => wanted.is_empty(),
        (Value::Number(wanted), Value::Null) => wanted.as_f64() == Some(0.0),
        (Value::Bool(wanted), Value::Null) => !wanted,
        (Value::Number(wanted), Value::Number(number)) => same_number(wanted, number),
        (Value::Number(wanted), Value::String(text)) => {
            number(text).is_some_and(|number| same_number(wanted, &number))
        }
        (Value::String(wanted), Value::Number(shown)) => {
            number(wanted).is_some_and(|number| same_number(&number, shown))
        }
        (Value::String(wanted), Value::String(text)) => wanted == text || same_instant(wanted, text),
        (expected, actual) => expected == actual,
    };
    if !matches {
        found.push(Mismatch {
            path: path.to_owned(),
            expected: expected.clone(),
            actual: Some(actual.clone()),
        });
    }
}

/// The wanted elements of which the list does not hold as many as are wanted.
fn missing<'a>(wanted: &'a [Value], elements: &[Value]) -> Vec<&'a Value> {
    wanted
        .iter()
        .enumerate()
        .filter(|(index, element)| {
            // The n-th of several equal ones needs n that match.
            let needed = wanted[..=*index].iter().filter(|other| other == element).count();
            elements.iter().filter(|actual| mismatches(element, actual).is_empty()).count() < needed
        })
        .map(|(_, element)| element)
        .collect()
}

fn number(text: &str) -> Option<Number> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    is_number.then(|| serde_json::from_str(text).ok())?
}

fn same_number(one: &Number, other: &Number) -> bool {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => one == other,
        _ => one.as_f64() == other.as_f64(),
    }
}

fn same_instant(one: &str, other: &str) -> bool {
    let instant = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    instant(one).is_some_and(|one| instant(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(expected: Value, actual: Value) -> bool {
        mismatches(&expected, &actual).is_empty()
    }

    #[test]
    fn a_subset_matches_and_says_where_it_does_not() {
        let actual = json!({ "triage": { "priority": "PRIORITY_IMPORTANT", "round": 1 }, "more": true });
        assert!(fits(json!({ "triage": { "round": 1 } }), actual.clone()));
        assert_eq!(
            mismatches(
                &json!({ "triage": { "priority": "PRIORITY_URGENT", "round": 2, "none": 1 } }),
                &actual
            ),
            [
                Mismatch { path: "triage.none".into(), expected: json!(1), actual: None },
                Mismatch {
                    path: "triage.priority".into(),
                    expected: json!("PRIORITY_URGENT"),
                    actual: Some(json!("PRIORITY_IMPORTANT")),
                },
                Mismatch { path: "triage.round".into(), expected: json!(2), actual: Some(json!(1)) },
            ]
        );
    }

    #[test]
    fn lists_match_by_containing() {
        let actual = json!([{ "kind": "a", "n": 1 }, { "kind": "b", "n": 2 }, { "kind": "a", "n": 3 }]);
        assert!(fits(json!([{ "kind": "b" }, { "kind": "a" }]), actual.clone()));
        assert!(fits(json!([{ "kind": "a" }, { "kind": "a" }]), actual.clone()));
        assert!(!fits(json!([{ "kind": "b" }, { "kind": "b" }]), actual.clone()));
        assert!(fits(json!([{ "kind": "b" }, { "n": 2 }]), actual.clone()));
        assert!(fits(json!([]), json!([])));
        assert!(!fits(json!([]), actual.clone()));
        let found =
            mismatches(&json!({ "list": [{ "kind": "a" }, { "kind": "c" }] }), &json!({ "list": actual }));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), &found[0].expected), ("list[…]", &json!({ "kind": "c" })));
    }

    #[test]
    fn numbers_compare_by_value_and_times_by_instant() {
        assert!(
            fits(json!(500), json!("500")) && fits(json!("500"), json!(500)) && fits(json!(4.0), json!(4))
        );
        assert!(!fits(json!(500), json!(501)) && !fits(json!("500"), json!("0500")));
        assert!(fits(json!("2026-03-02T10:30:00+08:00"), json!("2026-03-02T02:30:00Z")));
        assert!(!fits(json!("2026-03-02T10:30:00+08:00"), json!("2026-03-02T02:30:00.001Z")));
    }

    #[test]
    fn unset_is_empty_zero_or_false_and_nothing_else() {
        for empty in [json!(""), json!(0), json!(false), json!([]), json!(null)] {
            assert!(fits(empty.clone(), Value::Null), "{empty}");
        }
        for full in [json!("x"), json!(1), json!(true), json!(["x"]), json!({ "units": 0 }), json!({})] {
            assert!(!fits(full.clone(), Value::Null), "{full}");
        }
    }
}
