//! Turns foreign JSON Lines into our rows by a TOML file: their field → ours, value maps, constants, units, dates.
//!
//! Every record ends in a verdict: accepted (perhaps with notes on its dirt), refused with *all* its problems at once,
//! or passed over because the mapping's own conditions do not want it. How such a file is written is told in
//! `deploy/connectors/README.md`; no data set has code of its own.

mod document;
mod path;
mod rule;
mod target;
mod value;

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use document::Plan;
use target::Findings;
pub use target::Target;

/// Longest line taken, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// A mapping file, read and checked, that makes `T`s ([`crate::Order`] or [`crate::ComplaintRow`]).
pub struct Mapping<T> {
    plan: Plan,
    target: PhantomData<fn() -> T>,
}

/// A row, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<T> {
    /// Number of its line in the file, from 1.
    pub line: u64,
    /// Number of the row within its line, from 0; a line has several where the mapping says `each`.
    pub element: usize,
    /// What came of it.
    pub verdict: Verdict<T>,
}

/// What came of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Taken.
    Accepted {
        /// The row.
        row: T,
        /// What is odd about it all the same.
        notes: Vec<Problem>,
    },
    /// Not taken.
    Refused {
        /// Everything that is wrong or odd with it.
        problems: Vec<Problem>,
    },
    /// One of the mapping's `only` conditions does not hold.
    PassedOver,
}

/// Something wrong or odd about a row. Never quotes free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Our field; empty for the whole record.
    pub field: String,
    /// What is the matter.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return formatter.write_str(&self.message);
        }
        write!(formatter, "{}: {}", self.field, self.message)
    }
}

/// A mapping file that cannot be used: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use mapping `{file}`:\n  {}", .problems.join("\n  "))]
pub struct MappingError {
    /// Name of the file.
    pub file: String,
    /// Each with its place in the file.
    pub problems: Vec<String>,
}

impl<T: Target> Mapping<T> {
    /// Reads a mapping file. `file` is its name, for messages.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        let plan = Plan::parse(text, T::NAME, T::FIELDS)
            .map_err(|problems| MappingError { file: file.to_owned(), problems })?;
        Ok(Self { plan, target: PhantomData })
    }

    /// Judges one line of a file; `line` is its number. A blank line has no rows.
    pub fn judge(&self, line: u64, text: &str) -> Vec<Judged<T>> {
        let whole = |message: String| {
            let problems = vec![Problem { field: String::new(), message }];
            vec![Judged { line, element: 0, verdict: Verdict::Refused { problems } }]
        };
        if text.trim().is_empty() {
            return Vec::new();
        }
        if text.len() > LINE_BYTES_MAX {
            return whole(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
        }
        let record: Value = match serde_json::from_str(text) {
            Ok(record) => record,
            // The parser's own message may quote the text.
            Err(error) => return whole(format!("not JSON, at column {}", error.column())),
        };
        if !record.is_object() {
            return whole("not a JSON object".to_owned());
        }
        let rows = self.plan.rows(&record).into_iter().enumerate();
        rows.map(|(element, row)| Judged { line, element, verdict: self.verdict(&record, row) }).collect()
    }

    fn verdict(&self, record: &Value, row: &Value) -> Verdict<T> {
        let scope = path::Scope { record, element: row };
        if !self.plan.wants(scope) {
            return Verdict::PassedOver;
        }
        let mut findings = Findings::default();
        let built = self.plan.build(scope, &mut findings);
        if findings.refusals.is_empty() {
            match serde_json::from_value::<T>(Value::Object(built)) {
                Ok(mut row) => {
                    row.check(&mut findings);
                    if findings.refusals.is_empty() {
                        return Verdict::Accepted { row, notes: findings.notes };
                    }
                }
                Err(error) => findings.refuse("", format!("the fields do not make a row: {error}")),
            }
        }
        let mut problems = findings.refusals;
        problems.extend(findings.notes);
        Verdict::Refused { problems }
    }
}
