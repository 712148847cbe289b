//! Why a script did not pass.

use std::fmt;

use serde_json::{Value, json};

use super::{Mismatch, Problem};

/// A script that did not pass. Its text is for people; [`ScriptFailure::to_json`] for machines.
#[derive(Clone, Debug)]
pub enum ScriptFailure {
    /// The script itself has faults.
    Unreadable {
        /// The file.
        script: String,
        /// All of them.
        problems: Vec<Problem>,
    },
    /// A step went otherwise than it says.
    Step {
        /// Where.
        place: Box<Place>,
        /// How.
        problem: Box<StepProblem>,
    },
    /// There was no suite to play on.
    Suite {
        /// The file.
        script: String,
        /// What happened.
        error: String,
    },
}

/// A step of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file.
    pub script: String,
    /// Number of the step, from 1.
    pub step: usize,
    /// Its line, from 1.
    pub line: usize,
    /// What it does, in a line.
    pub what: String,
    /// Business time.
    pub at: String,
    /// What else to know, such as events that a service has set aside.
    pub notes: Vec<String>,
}

/// How a step went otherwise than it says.
#[derive(Clone, Debug, PartialEq)]
pub enum StepProblem {
    /// The answer, the refusal or the messages are not as expected.
    Unexpected {
        /// Everything that differs.
        mismatches: Vec<Mismatch>,
        /// All that there is.
        whole: Value,
    },
    /// A call was refused that should have been answered.
    Refused(Value),
    /// A call was answered that should have been refused.
    Answered {
        /// The refusal that was expected.
        expected: Value,
        /// The answer.
        answer: Value,
    },
    /// The step cannot be taken as it is written.
    Impossible(String),
    /// The suite failed at it.
    Failed(String),
}

impl ScriptFailure {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Unreadable { script, problems } => json!({
                "script": script, "kind": "unreadable",
                "problems": problems.iter().map(|problem| json!({
                    "line": problem.line, "column": problem.column, "message": problem.message,
                })).collect::<Vec<_>>(),
            }),
            Self::Suite { script, error } => json!({ "script": script, "kind": "suite", "error": error }),
            Self::Step { place, problem } => {
                let mut json = problem.to_json();
                json["script"] = json!(place.script);
                json["step"] = json!(place.step);
                json["line"] = json!(place.line);
                json["what"] = json!(place.what);
                json["at"] = json!(place.at);
                json["notes"] = json!(place.notes);
                json
            }
        }
    }
}

impl StepProblem {
    fn to_json(&self) -> Value {
        match self {
            Self::Unexpected { mismatches, whole } => json!({
                "kind": "unexpected",
                "mismatches": mismatches.iter().map(|mismatch| json!({
                    "path": mismatch.path, "expected": mismatch.expected, "actual": mismatch.actual,
                    "exists": mismatch.actual.is_some(),
                })).collect::<Vec<_>>(),
                "whole": whole,
            }),
            Self::Refused(refusal) => json!({ "kind": "refused", "refusal": refusal }),
            Self::Answered { expected, answer } => {
                json!({ "kind": "answered", "expected": expected, "answer": answer })
            }
            Self::Impossible(why) => json!({ "kind": "impossible", "error": why }),
            Self::Failed(why) => json!({ "kind": "failed", "error": why }),
        }
    }
}

impl std::error::Error for ScriptFailure {}

impl fmt::Display for ScriptFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { script, problems } => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        writeln!(formatter)?;
                    }
                    write!(formatter, "{script}:{problem}")?;
                }
                Ok(())
            }
            Self::Suite { script, error } => write!(formatter, "{script}: {error}"),
            Self::Step { place, problem } => {
                writeln!(
                    formatter,
                    "{}:{}: step {}, {}, at {}",
                    place.script, place.line, place.step, place.what, place.at
                )?;
                write!(formatter, "{problem}")?;
                for note in &place.notes {
                    write!(formatter, "\n  note: {note}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for StepProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { mismatches, whole } => {
                for mismatch in mismatches {
                    let path = if mismatch.path.is_empty() { "the whole" } else { &mismatch.path };
                    writeln!(formatter, "  {path}")?;
                    writeln!(formatter, "    expected {}", indent(&mismatch.expected))?;
                    match &mismatch.actual {
                        Some(actual) => writeln!(formatter, "    but it is {}", indent(actual))?,
                        None => writeln!(formatter, "    but there is no such field")?,
                    }
                }
                write!(formatter, "  all of it: {}", indent(whole))
            }
            Self::Refused(refusal) => {
                write!(formatter, "  expected an answer, but it was refused: {}", indent(refusal))
            }
            Self::Answered { expected, answer } => {
                writeln!(formatter, "  expected to be refused with {}", indent(expected))?;
                write!(formatter, "  but it was answered: {}", indent(answer))
            }
            Self::Impossible(why) | Self::Failed(why) => write!(formatter, "  {why}"),
        }
    }
}

/// A value as it stands best within indented text: `null` is said in words.
fn indent(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::Object(_) | Value::Array(_) => format!("{value:#}").replace('\n', "\n    "),
        scalar => scalar.to_string(),
    }
}
