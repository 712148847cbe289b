//! A call that did not come to an answer, with everything that the service said about it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A status with its details.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// Code by its name, such as `FAILED_PRECONDITION`.
    pub code: String,
    /// Reason of its `ErrorInfo`; empty without one.
    pub reason: String,
    /// Who refused, such as `intake.redress`.
    pub domain: String,
    /// For people.
    pub message: String,
    /// Dynamic parts by name.
    pub metadata: Map<String, Value>,
    /// Fields at fault (`field`, `description`) and conditions not met (`type`, `subject`, `description`).
    pub violations: Vec<Value>,
}

impl Refusal {
    pub(super) fn from_status(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let mut metadata: Vec<_> =
            info.map(|info| info.metadata.clone()).unwrap_or_default().into_iter().collect();
        metadata.sort();
        let fields = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
        let fields = fields.map(|fault| json!({ "field": fault.field, "description": fault.description }));
        let unmet = details.precondition_failure().into_iter().flat_map(|failure| &failure.violations);
        let unmet = unmet.map(|condition| {
            json!({ "type": condition.r#type, "subject": condition.subject, "description": condition.description })
        });
        Self {
            code: code_name(status.code()),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            domain: info.map(|info| info.domain.clone()).unwrap_or_default(),
            message: status.message().to_owned(),
            metadata: metadata.into_iter().map(|(name, value)| (name, Value::String(value))).collect(),
            violations: fields.chain(unmet).collect(),
        }
    }

    /// Whether nobody answered, rather than refused.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.code == "UNAVAILABLE" || self.code == "DEADLINE_EXCEEDED"
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("it holds only texts")
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.code)?;
        if !self.reason.is_empty() {
            write!(formatter, " ({})", self.reason)?;
        }
        write!(formatter, ": {}", self.message)?;
        for violation in &self.violations {
            let part = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
            let what = [part("field"), part("type"), part("subject")];
            let what: Vec<_> = what.into_iter().filter(|text| !text.is_empty()).collect();
            write!(formatter, "\n  - {}: {}", what.join(" "), part("description"))?;
        }
        Ok(())
    }
}

/// `FAILED_PRECONDITION` and so on, as the protocol writes codes.
fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation};

    use super::*;

    #[test]
    fn codes_have_the_names_of_the_protocol() {
        assert_eq!(code_name(Code::FailedPrecondition), "FAILED_PRECONDITION");
        assert_eq!(code_name(Code::Ok), "OK");
        assert_eq!(code_name(Code::Cancelled), "CANCELLED");
    }

    #[test]
    fn all_details_come_through() {
        let mut details = ErrorDetails::with_error_info(
            "CLOSING_GATE_NOT_MET",
            "intake.redress",
            std::collections::HashMap::from([("basis".to_owned(), "accepted".to_owned())]),
        );
        details.set_bad_request(vec![FieldViolation::new("case_id", "must be a UUID")]);
        details.set_precondition_failure(vec![PreconditionViolation::new("ARCHIVE", "case", "not verified")]);
        let status = Status::with_error_details(Code::FailedPrecondition, "not yet", details);
        let refusal = Refusal::from_status(&status);
        assert_eq!(refusal.reason, "CLOSING_GATE_NOT_MET");
        assert_eq!(refusal.metadata["basis"], "accepted");
        assert_eq!(refusal.violations.len(), 2);
        let text = refusal.to_string();
        assert!(text.starts_with("FAILED_PRECONDITION (CLOSING_GATE_NOT_MET): not yet"), "{text}");
        assert!(text.contains("ARCHIVE case: not verified"), "{text}");
    }
}
