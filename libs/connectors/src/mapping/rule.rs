//! How one field of ours is made from a foreign record.

use std::collections::BTreeMap;

use redress_domain::Currency;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::path::{Part, Path, Scope, Template};
use super::target::{Field, Findings, Kind};
use super::value::{MoneyUnit, TimeForm, as_text, read_money, shorten};

pub(super) struct Rule {
    pub(super) field: &'static Field,
    pub(super) source: Source,
    /// Their word → ours.
    pub(super) values: BTreeMap<String, String>,
    /// What a word that is not in `values` is.
    pub(super) otherwise: Otherwise,
    /// Words that mean that there is nothing.
    pub(super) empty: Vec<String>,
    pub(super) time: Option<TimeForm>,
    pub(super) money: Option<MoneyForm>,
    pub(super) missing: Severity,
    pub(super) bad: Severity,
}

pub(super) enum Source {
    Path(Path),
    Text(Template),
    /// Those that are there, one below the other.
    Lines(Vec<Path>),
    Constant(Value),
    Each {
        path: Path,
        rules: Vec<Rule>,
        unique: bool,
    },
}

pub(super) struct MoneyForm {
    pub(super) unit: MoneyUnit,
    pub(super) currency: CurrencySource,
}

pub(super) enum CurrencySource {
    Fixed(Currency),
    Path(Path),
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Otherwise {
    /// Taken as it is.
    Keep,
    /// As if it were not there.
    Missing,
    /// Cannot be read.
    Bad,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Refuse,
    Note,
    Ignore,
}

/// What a rule finds.
enum Outcome {
    Found(Value),
    Missing,
    Bad(String),
}

/// An object of all fields that were found. None if it lacks a required one that the rules let pass: a list then
/// leaves out that element.
pub(super) fn build(
    rules: &[Rule],
    scope: Scope<'_>,
    prefix: &str,
    findings: &mut Findings,
) -> Option<Map<String, Value>> {
    let mut object = Map::new();
    let mut whole = true;
    for rule in rules {
        let name = format!("{prefix}{}", rule.field.name);
        let (severity, message) = match rule.evaluate(scope, &name, findings) {
            Outcome::Found(value) => {
                object.insert(rule.field.name.to_owned(), value);
                continue;
            }
            Outcome::Missing => (rule.missing, "is missing".to_owned()),
            Outcome::Bad(message) => (rule.bad, message),
        };
        // Without a required field there is no row; without one of an element there is no element.
        let at_top = prefix.is_empty();
        match severity {
            Severity::Refuse => findings.refuse(name, message),
            Severity::Note | Severity::Ignore if rule.field.required && at_top => {
                findings.refuse(name, message)
            }
            Severity::Note => findings.note(name, message),
            Severity::Ignore => {}
        }
        whole &= !rule.field.required;
    }
    whole.then_some(object)
}

impl Rule {
    fn evaluate(&self, scope: Scope<'_>, name: &str, findings: &mut Findings) -> Outcome {
        let text = match &self.source {
            Source::Each { path, rules, unique } => return each(path, rules, *unique, scope, name, findings),
            Source::Constant(value) => as_text(value),
            Source::Path(path) => self.one(path, scope),
            Source::Text(template) => self.fill(template, scope),
            Source::Lines(paths) => {
                let lines: Vec<String> = paths.iter().filter_map(|path| self.one(path, scope)).collect();
                Some(lines.join("\n"))
            }
        };
        let Some(text) = text.filter(|text| !text.is_empty() && !self.empty.contains(text)) else {
            return Outcome::Missing;
        };
        let text = match (self.values.get(&text), self.otherwise) {
            (Some(ours), _) => ours.clone(),
            (None, Otherwise::Keep) => text,
            (None, Otherwise::Missing) => return Outcome::Missing,
            (None, Otherwise::Bad) => {
                let known = self.values.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                return Outcome::Bad(format!("`{}` is not one of {known}", shorten(&text)));
            }
        };
        self.read(text, scope)
    }

    /// The value at a path; several different ones are put together with `+`.
    fn one(&self, path: &Path, scope: Scope<'_>) -> Option<String> {
        let mut found: Vec<String> = Vec::new();
        for text in path.find(scope).into_iter().filter_map(as_text) {
            if !text.is_empty() && !found.contains(&text) {
                found.push(text);
            }
        }
        (!found.is_empty()).then(|| found.join("+"))
    }

    /// The template filled; nothing if anything in it is missing.
    fn fill(&self, template: &Template, scope: Scope<'_>) -> Option<String> {
        let parts = template.parts().iter().map(|part| match part {
            Part::Literal(text) => Some(text.clone()),
            Part::Path(path) => self.one(path, scope),
        });
        parts.collect()
    }

    fn read(&self, text: String, scope: Scope<'_>) -> Outcome {
        let read = match (self.field.kind, &self.time, &self.money) {
            (Kind::Text | Kind::List(_), ..) => Ok(Value::String(text)),
            (Kind::Flag, ..) => match text.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(format!("`{}` is not `true` or `false`", shorten(&text))),
            },
            (Kind::Choice(known), ..) if known.contains(&text.as_str()) => Ok(Value::String(text)),
            (Kind::Choice(known), ..) => {
                Err(format!("`{}` is not one of {}", shorten(&text), known.join(", ")))
            }
            (Kind::Time, Some(form), _) => form.read(&text).map(|time| Value::String(time.to_rfc3339())),
            (Kind::Money, _, Some(form)) => form.read(&text, scope),
            // The mapping was not accepted without its forms.
            (Kind::Time | Kind::Money, ..) => Err("no form is given".to_owned()),
        };
        read.map_or_else(Outcome::Bad, Outcome::Found)
    }
}

impl MoneyForm {
    fn read(&self, text: &str, scope: Scope<'_>) -> Result<Value, String> {
        let currency = match &self.currency {
            CurrencySource::Fixed(currency) => *currency,
            CurrencySource::Path(path) => {
                let code = path.find(scope).into_iter().find_map(as_text).ok_or("the currency is missing")?;
                code.parse::<Currency>().map_err(|_| format!("`{}` is not a currency", shorten(&code)))?
            }
        };
        let money = read_money(text, self.unit, currency)?;
        serde_json::to_value(money).map_err(|error| error.to_string())
    }
}

fn each(
    path: &Path,
    rules: &[Rule],
    unique: bool,
    scope: Scope<'_>,
    name: &str,
    findings: &mut Findings,
) -> Outcome {
    let mut list: Vec<Value> = Vec::new();
    let elements = path.find(scope).into_iter().filter_map(Value::as_array).flatten();
    for (index, element) in elements.enumerate() {
        let scope = Scope { record: scope.record, element };
        let Some(object) = build(rules, scope, &format!("{name}[{index}]."), findings) else { continue };
        let object = Value::Object(object);
        if !unique || !list.contains(&object) {
            list.push(object);
        }
    }
    if list.is_empty() { Outcome::Missing } else { Outcome::Found(Value::Array(list)) }
}
