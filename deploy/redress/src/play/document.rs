//! TOML as values that know where they stand in the file.

use std::{fmt, ops::Range};

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// The text of a file, to tell lines by.
#[derive(Clone, Copy)]
pub(super) struct Source<'a>(pub(super) &'a str);

/// Something wrong in a file, at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl<'a> Source<'a> {
    /// The tables of the file.
    pub(super) fn parse(self) -> Result<DeTable<'a>, Problem> {
        DeTable::parse(self.0).map(toml::Spanned::into_inner).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.problem(span, error.message().to_owned())
        })
    }

    pub(super) fn problem(self, span: Range<usize>, message: impl Into<String>) -> Problem {
        let before = self.0.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Problem {
            line: self.line(&span),
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        }
    }

    pub(super) fn line(self, span: &Range<usize>) -> usize {
        self.0.get(..span.start).unwrap_or_default().matches('\n').count() + 1
    }

    /// A value as JSON. Times become RFC 3339 texts and need their offset.
    pub(super) fn json(self, value: &toml::Spanned<DeValue<'_>>) -> Result<Value, Problem> {
        let refuse = |message: String| self.problem(value.span(), message);
        Ok(match value.get_ref() {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map(Value::from)
                .map_err(|_| refuse(format!("`{integer}` is no 64-bit integer")))?,
            DeValue::Float(float) => {
                let number = float.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                Value::Number(
                    number.ok_or_else(|| refuse(format!("`{}` is no number of JSON", float.as_str())))?,
                )
            }
            DeValue::Datetime(time) => {
                if time.date.is_none() || time.time.is_none() || time.offset.is_none() {
                    let example = "2026-03-02T09:00:00+08:00";
                    return Err(refuse(format!(
                        "`{time}` is no instant; write it with date, time and offset: {example}"
                    )));
                }
                Value::String(time.to_string())
            }
            DeValue::Array(elements) => {
                Value::Array(elements.iter().map(|element| self.json(element)).collect::<Result<_, _>>()?)
            }
            DeValue::Table(fields) => self.json_table(fields)?,
        })
    }

    pub(super) fn json_table(self, fields: &DeTable<'_>) -> Result<Value, Problem> {
        let mut object = Map::new();
        for (name, value) in fields {
            object.insert(name.get_ref().clone().into_owned(), self.json(value)?);
        }
        Ok(Value::Object(object))
    }
}
