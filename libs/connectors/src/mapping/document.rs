//! The mapping file itself: read, checked against our fields, and turned into rules.

use std::collections::BTreeMap;

use redress_domain::Currency;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::path::{Path, Scope, Template};
use super::rule::{CurrencySource, MoneyForm, Otherwise, Rule, Severity, Source, build};
use super::target::{Field, Findings, Kind};
use super::value::{MoneyUnit, TimeForm, as_text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    target: String,
    /// A list in the record; each of its elements is a row.
    each: Option<String>,
    #[serde(default)]
    defaults: Forms,
    #[serde(default)]
    only: Vec<OnlyText>,
    fields: BTreeMap<String, RuleText>,
}

/// How values are written; a field's own words before the file's defaults.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
struct Forms {
    zone: Option<String>,
    format: Option<String>,
    unit: Option<MoneyUnit>,
    currency: Option<String>,
    currency_from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyText {
    from: String,
    present: Option<bool>,
    one_of: Option<Vec<Value>>,
    at_least: Option<i64>,
    at_most: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RuleText {
    from: Option<String>,
    text: Option<String>,
    lines: Option<Vec<String>>,
    constant: Option<Value>,
    each: Option<String>,
    fields: Option<BTreeMap<String, RuleText>>,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    values: BTreeMap<String, String>,
    otherwise: Option<Otherwise>,
    #[serde(default)]
    empty: Vec<Value>,
    zone: Option<String>,
    format: Option<String>,
    at: Option<String>,
    unit: Option<MoneyUnit>,
    currency: Option<String>,
    currency_from: Option<String>,
    missing: Option<Severity>,
    bad: Option<Severity>,
}

/// A mapping file, ready to use.
pub(super) struct Plan {
    each: Option<Path>,
    only: Vec<Only>,
    rules: Vec<Rule>,
}

struct Only {
    from: Path,
    present: Option<bool>,
    one_of: Option<Vec<String>>,
    at_least: Option<i64>,
    at_most: Option<i64>,
}

impl Plan {
    /// Reads a mapping file for a target with these fields; all that is wrong with it otherwise.
    pub(super) fn parse(text: &str, target: &str, fields: &'static [Field]) -> Result<Self, Vec<String>> {
        let document: Document = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
        let mut problems = Vec::new();
        if document.target != target {
            problems.push(format!("target: is `{}`; expected `{target}`", document.target));
        }
        let each = document.each.as_deref().and_then(|path| keep(Path::parse(path), "each", &mut problems));
        let mut only = Vec::new();
        for (index, condition) in document.only.into_iter().enumerate() {
            let place = format!("only[{index}]");
            let Some(from) = keep(Path::parse(&condition.from), &format!("{place}.from"), &mut problems)
            else {
                continue;
            };
            let OnlyText { present, one_of, at_least, at_most, .. } = condition;
            if present.is_none() && one_of.is_none() && at_least.is_none() && at_most.is_none() {
                problems.push(format!("{place}: expected `present`, `one_of`, `at_least` or `at_most`"));
            }
            let one_of = one_of.map(|values| values.iter().filter_map(as_text).collect());
            only.push(Only { from, present, one_of, at_least, at_most });
        }
        let rules = compile(document.fields, fields, &document.defaults, "fields", &mut problems);
        if problems.is_empty() { Ok(Self { each, only, rules }) } else { Err(problems) }
    }

    /// The rows of a record.
    pub(super) fn rows<'a>(&self, record: &'a Value) -> Vec<&'a Value> {
        match &self.each {
            None => vec![record],
            Some(path) => {
                let lists = path.find(Scope { record, element: record });
                lists.into_iter().filter_map(Value::as_array).flatten().collect()
            }
        }
    }

    /// Whether all conditions hold.
    pub(super) fn wants(&self, scope: Scope<'_>) -> bool {
        self.only.iter().all(|condition| condition.holds(scope))
    }

    pub(super) fn build(&self, scope: Scope<'_>, findings: &mut Findings) -> Map<String, Value> {
        build(&self.rules, scope, "", findings).unwrap_or_default()
    }
}

impl Only {
    fn holds(&self, scope: Scope<'_>) -> bool {
        let found: Vec<String> =
            self.from.find(scope).into_iter().filter_map(as_text).filter(|text| !text.is_empty()).collect();
        let any_number =
            |fits: &dyn Fn(i64) -> bool| found.iter().filter_map(|text| text.parse::<i64>().ok()).any(fits);
        self.present.is_none_or(|present| present != found.is_empty())
            && self.one_of.as_ref().is_none_or(|values| found.iter().any(|text| values.contains(text)))
            && self.at_least.is_none_or(|least| any_number(&|number| number >= least))
            && self.at_most.is_none_or(|most| any_number(&|number| number <= most))
    }
}

/// The value, or a problem more.
fn keep<T>(result: Result<T, String>, place: &str, problems: &mut Vec<String>) -> Option<T> {
    result.map_err(|message| problems.push(format!("{place}: {message}"))).ok()
}

fn compile(
    mut texts: BTreeMap<String, RuleText>,
    fields: &'static [Field],
    defaults: &Forms,
    place: &str,
    problems: &mut Vec<String>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for field in fields {
        let place = format!("{place}.{}", field.name);
        match texts.remove(field.name) {
            Some(text) => rules.extend(rule(field, text, defaults, &place, problems)),
            None if field.required => problems.push(format!("{place}: is required")),
            None => {}
        }
    }
    let known = fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
    problems
        .extend(texts.keys().map(|name| format!("{place}.{name}: no such field; expected one of {known}")));
    rules
}

fn rule(
    field: &'static Field,
    text: RuleText,
    defaults: &Forms,
    place: &str,
    problems: &mut Vec<String>,
) -> Option<Rule> {
    let time = match field.kind {
        Kind::Time => {
            let format = text.format.as_deref().or(defaults.format.as_deref());
            let zone = text.zone.as_deref().or(defaults.zone.as_deref());
            keep(TimeForm::new(format, zone, text.at.as_deref()), place, problems)
        }
        _ => None,
    };
    let money = match field.kind {
        Kind::Money => keep(money_form(&text, defaults), place, problems),
        _ => None,
    };
    let source = source(field, &text, place, problems);
    let source = match (source, text.each, text.fields) {
        (source, None, None) => source?,
        (None, Some(each), Some(fields)) => {
            let Kind::List(known) = field.kind else {
                problems.push(format!("{place}: is not a list"));
                return None;
            };
            let each = keep(Path::parse(&each), &format!("{place}.each"), problems);
            let rules = compile(fields, known, defaults, &format!("{place}.fields"), problems);
            Source::Each { path: each?, rules, unique: text.unique }
        }
        _ => {
            problems.push(format!("{place}: a list has `each` and `fields`, and nothing else has"));
            return None;
        }
    };
    Some(Rule {
        field,
        source,
        values: text.values,
        otherwise: text.otherwise.unwrap_or(Otherwise::Keep),
        empty: text.empty.iter().filter_map(as_text).collect(),
        time,
        money,
        missing: text.missing.unwrap_or(Severity::Ignore),
        bad: text.bad.unwrap_or(Severity::Refuse),
    })
}

/// Where the value comes from, for everything but lists.
fn source(field: &Field, text: &RuleText, place: &str, problems: &mut Vec<String>) -> Option<Source> {
    let ways = [text.from.is_some(), text.text.is_some(), text.lines.is_some(), text.constant.is_some()];
    let listed = matches!(field.kind, Kind::List(_));
    let named = ways.into_iter().filter(|way| *way).count();
    if named != usize::from(!listed) || (listed && text.each.is_none()) {
        let expected =
            if listed { "`each` and `fields`" } else { "one of `from`, `text`, `lines`, `constant`" };
        problems.push(format!("{place}: expected {expected}"));
        return None;
    }
    let parsed = if let Some(path) = &text.from {
        Path::parse(path).map(Source::Path)
    } else if let Some(template) = &text.text {
        Template::parse(template).map(Source::Text)
    } else if let Some(lines) = &text.lines {
        lines.iter().map(|path| Path::parse(path)).collect::<Result<_, _>>().map(Source::Lines)
    } else {
        text.constant.clone().map(Source::Constant).ok_or_else(String::new)
    };
    if listed { None } else { keep(parsed, place, problems) }
}

fn money_form(text: &RuleText, defaults: &Forms) -> Result<MoneyForm, String> {
    let own = text.currency.is_some() || text.currency_from.is_some();
    let (currency, from) = if own {
        (&text.currency, &text.currency_from)
    } else {
        (&defaults.currency, &defaults.currency_from)
    };
    let currency = match (currency, from) {
        (Some(code), None) => {
            CurrencySource::Fixed(code.parse::<Currency>().map_err(|error| format!("currency: {error}"))?)
        }
        (None, Some(path)) => CurrencySource::Path(Path::parse(path)?),
        _ => return Err("money needs either `currency` or `currency_from`".to_owned()),
    };
    Ok(MoneyForm { unit: text.unit.or(defaults.unit).unwrap_or_default(), currency })
}
