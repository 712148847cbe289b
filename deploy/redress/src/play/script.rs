//! A case script as it is written: orders, then steps.

use std::ops::Range;

use chrono::{DateTime, TimeDelta};
use redress_connectors::{
    Order,
    file::{Behaviour, Port},
};
use redress_domain::Timestamp;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::{
    document::{Problem, Source},
    variables::is_name,
};
use crate::{
    contract::{Method, SERVICES},
    duration,
};

/// A script, read and checked as far as it can be without playing it.
#[derive(Clone, Debug)]
pub struct Script {
    /// `id`, `id@version`, or a file beside the script that ends in `.toml`.
    pub handbook: String,
    /// The same for the calendar; none: the one that the handbook names.
    pub calendar: Option<String>,
    /// Region that the handbook is activated for; none: the handbook's own.
    pub region: Option<String>,
    /// When the clock starts.
    pub start: Timestamp,
    /// What the order system knows.
    pub orders: Vec<Order>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line in the file, from 1.
    pub line: usize,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Calls a method and looks at the answer.
    Call(Box<CallStep>),
    /// Moves the clock by so much.
    Advance(TimeDelta),
    /// Moves the clock to a time, which may be a saved one.
    AdvanceTo(Value),
    /// Makes an outside system behave so on its next calls.
    Port(Port, Vec<Behaviour>),
    /// Looks at what was sent.
    Messages(MessagesStep),
}

/// A call.
#[derive(Clone, Debug)]
pub struct CallStep {
    /// The method.
    pub method: Method,
    /// Which service, for the methods that every service serves; none: all, and their answers are put together.
    pub at: Option<String>,
    /// Who calls.
    pub caller: Caller,
    /// One message, or those of a stream.
    pub bodies: Vec<Value>,
    /// Values to keep, each with its path in the answer.
    pub save: Vec<(String, String)>,
    /// What the answer has to be like.
    pub expect: Option<Value>,
    /// What the refusal has to be like; the call has to be refused then.
    pub error: Option<Value>,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Caller {
    /// Nobody in particular: no token is sent.
    Nobody,
    /// Somebody with a role; a table with `role` (or `roles`), `subject`, `department`, `regions`, `case_id`.
    Somebody(Map<String, Value>),
    /// The bearer of a token.
    Token(Value),
}

/// An expectation about messages.
#[derive(Clone, Debug, PartialEq)]
pub struct MessagesStep {
    /// Address of the message, or id of its case.
    pub to: Option<Value>,
    /// Channel id of the handbook.
    pub channel: Option<Value>,
    /// Texts that one message contains, all of them.
    pub contains: Vec<Value>,
    /// How many such messages there are; none: at least one.
    pub count: Option<usize>,
    /// Words of the last of them to keep: a name, and the texts before and after the words.
    pub save: Vec<(String, [String; 2])>,
}

const TOP: [&str; 8] = ["handbook", "calendar", "region", "start", "orders", "steps", "title", "note"];
const ACTIONS: [&str; 5] = ["call", "advance", "advance_to", "port", "messages"];
const CALL: [&str; 11] =
    ["call", "as", "token", "at", "body", "bodies", "save", "expect", "error", "title", "note"];

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let source = Source(text);
        let top = Table { source, fields: &source.parse().map_err(|problem| vec![problem])?, span: 0..0 };
        let mut problems = top.unknown(&TOP);
        let mut take = |result: Result<(), Problem>| problems.extend(result.err());
        let mut script = Self {
            handbook: String::new(),
            calendar: None,
            region: None,
            start: Timestamp::default(),
            orders: Vec::new(),
            steps: Vec::new(),
        };
        take(top.required("handbook").map(|text| script.handbook = text));
        take(top.text("calendar").map(|text| script.calendar = text));
        take(top.text("region").map(|text| script.region = text));
        take(top.required("start").and_then(|text| {
            let start = DateTime::parse_from_rfc3339(&text);
            script.start =
                start.map_err(|error| top.problem("start", format!("no instant: {error}")))?.to_utc();
            Ok(())
        }));
        take(top.tables("orders").and_then(|orders| {
            script.orders = orders.iter().map(Table::order).collect::<Result<_, _>>()?;
            Ok(())
        }));
        match top.tables("steps") {
            Ok(steps) => {
                for step in &steps {
                    match step.step() {
                        Ok(step) => script.steps.push(step),
                        Err(found) => problems.extend(found),
                    }
                }
                if steps.is_empty() {
                    problems.push(top.problem("steps", "a script has at least one of [[steps]]"));
                }
            }
            Err(problem) => problems.push(problem),
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        if problems.is_empty() { Ok(script) } else { Err(problems) }
    }
}

/// A table of the file.
struct Table<'a, 'i> {
    source: Source<'i>,
    fields: &'a DeTable<'i>,
    span: Range<usize>,
}

impl<'a, 'i> Table<'a, 'i> {
    fn get(&self, name: &str) -> Option<&'a toml::Spanned<DeValue<'i>>> {
        self.fields.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
    }

    /// A problem with a key, at its value, or at the table where it has none.
    fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        let span = self.get(key).map_or_else(|| self.span.clone(), toml::Spanned::span);
        self.source.problem(span, format!("`{key}`: {}", message.into()))
    }

    fn unknown(&self, known: &[&str]) -> Vec<Problem> {
        let strange = self.fields.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        let message = |key: &str| format!("unknown key `{key}`; expected one of {}", known.join(", "));
        strange.map(|key| self.source.problem(key.span(), message(key.get_ref()))).collect()
    }

    fn json(&self, key: &str) -> Result<Option<Value>, Problem> {
        self.get(key).map(|value| self.source.json(value)).transpose()
    }

    fn text(&self, key: &str) -> Result<Option<String>, Problem> {
        match self.json(key)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.problem(key, "expected a text")),
        }
    }

    fn required(&self, key: &str) -> Result<String, Problem> {
        self.text(key)?.ok_or_else(|| self.problem(key, "is missing"))
    }

    fn table(&self, key: &str) -> Result<Option<Map<String, Value>>, Problem> {
        match self.json(key)? {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(self.problem(key, "expected a table")),
        }
    }

    /// The tables of an array of tables; none when there is no such key.
    fn tables(&self, key: &str) -> Result<Vec<Table<'a, 'i>>, Problem> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let DeValue::Array(elements) = value.get_ref() else {
            return Err(self.problem(key, format!("expected tables: [[{key}]]")));
        };
        let table = |element: &'a toml::Spanned<DeValue<'i>>| match element.get_ref() {
            DeValue::Table(fields) => Ok(Table { source: self.source, fields, span: element.span() }),
            _ => Err(self.source.problem(element.span(), "expected a table")),
        };
        elements.iter().map(table).collect()
    }

    fn order(&self) -> Result<Order, Problem> {
        let value = self.source.json_table(self.fields)?;
        serde_json::from_value(value)
            .map_err(|error| self.source.problem(self.span.clone(), format!("no order: {error}")))
    }

    fn step(&self) -> Result<Step, Vec<Problem>> {
        let actions: Vec<&str> = ACTIONS.into_iter().filter(|action| self.get(action).is_some()).collect();
        let one = |problem: Problem| vec![problem];
        let action = match actions.as_slice() {
            ["call"] => {
                self.only(&CALL)?;
                Action::Call(Box::new(self.call().map_err(one)?))
            }
            ["advance"] => {
                self.only(&["advance", "title", "note"])?;
                let length = self.required("advance").map_err(one)?;
                Action::Advance(
                    duration::parse(&length).map_err(|message| one(self.problem("advance", message)))?,
                )
            }
            ["advance_to"] => {
                self.only(&["advance_to", "title", "note"])?;
                Action::AdvanceTo(Value::String(self.required("advance_to").map_err(one)?))
            }
            ["port"] => {
                self.only(&["port", "next", "title", "note"])?;
                self.port().map_err(one)?
            }
            ["messages"] => {
                self.only(&["messages", "save", "title", "note"])?;
                Action::Messages(self.messages().map_err(one)?)
            }
            _ => {
                let found = if actions.is_empty() { "none".to_owned() } else { actions.join(" and ") };
                let message =
                    format!("a step has exactly one of {}; this one has {found}", ACTIONS.join(", "));
                return Err(vec![self.source.problem(self.span.clone(), message)]);
            }
        };
        Ok(Step { line: self.source.line(&self.span), action })
    }

    fn only(&self, known: &[&str]) -> Result<(), Vec<Problem>> {
        let unknown = self.unknown(known);
        if unknown.is_empty() { Ok(()) } else { Err(unknown) }
    }

    fn call(&self) -> Result<CallStep, Problem> {
        let name = self.required("call")?;
        let method = Method::find(&name).map_err(|error| self.problem("call", error.to_string()))?;
        let at = self.text("at")?;
        if let Some(at) = at.as_deref()
            && (method.owner().is_some_and(|owner| owner != at) || !SERVICES.contains(&at))
        {
            return Err(self.problem("at", format!("`{}` is not served by `{at}`", method.name())));
        }
        let caller = match (self.json("as")?, self.json("token")?) {
            (None, None) => Caller::Nobody,
            (None, Some(token)) => Caller::Token(token),
            (Some(Value::String(role)), None) => {
                Caller::Somebody(Map::from_iter([("role".to_owned(), Value::String(role))]))
            }
            (Some(Value::Object(fields)), None) => Caller::Somebody(fields),
            (Some(_), None) => return Err(self.problem("as", "expected a role or a table")),
            (Some(_), Some(_)) => return Err(self.problem("token", "a step has `as` or `token`, not both")),
        };
        let bodies = match (self.json("body")?, self.json("bodies")?) {
            (None, None) if method.takes_stream() => Vec::new(),
            (None, None) => vec![Value::Object(Map::new())],
            (Some(body), None) => vec![body],
            (None, Some(Value::Array(bodies))) if method.takes_stream() => bodies,
            (None, Some(_)) if method.takes_stream() => return Err(self.problem("bodies", "expected a list")),
            (None, Some(_)) => return Err(self.problem("bodies", "the method takes no stream; use `body`")),
            (Some(_), Some(_)) => {
                return Err(self.problem("bodies", "a step has `body` or `bodies`, not both"));
            }
        };
        let save = self.saves("a path such as case.case_id", |path| Some(path.to_owned()))?;
        let expect = self.table("expect")?.map(Value::Object);
        let error = self.table("error")?;
        if error.is_some() && (expect.is_some() || !save.is_empty()) {
            return Err(
                self.problem("error", "a call that is refused has no answer to expect or save anything of")
            );
        }
        if let Some(unknown) = error.iter().flat_map(Map::keys).find(|key| !ERROR.contains(&key.as_str())) {
            return Err(self
                .problem("error", format!("unknown key `{unknown}`; expected one of {}", ERROR.join(", "))));
        }
        Ok(CallStep { method, at, caller, bodies, save, expect, error: error.map(Value::Object) })
    }

    /// What a step keeps: names, each with where its value is found.
    fn saves<T>(
        &self,
        expected: &str,
        place: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<(String, T)>, Problem> {
        let mut saves = Vec::new();
        for (name, value) in self.table("save")?.unwrap_or_default() {
            let Some(place) = value.as_str().and_then(&place) else {
                return Err(self.problem("save", format!("`{name}`: expected {expected}")));
            };
            if !is_name(&name) {
                return Err(self.problem("save", format!("`{name}` is no name; use letters, digits and _")));
            }
            saves.push((name, place));
        }
        Ok(saves)
    }

    fn port(&self) -> Result<Action, Problem> {
        let port =
            self.required("port")?.parse().map_err(|error| self.problem("port", format!("{error}")))?;
        let next = match self.json("next")? {
            Some(Value::Array(names)) => names,
            Some(one @ Value::String(_)) => vec![one],
            _ => return Err(self.problem("next", "expected a list such as [\"unknown\", \"paid\"]")),
        };
        let behaviour = |name: Value| {
            let name = name.as_str().unwrap_or_default().to_owned();
            name.parse().map_err(|error| self.problem("next", format!("{error}")))
        };
        Ok(Action::Port(port, next.into_iter().map(behaviour).collect::<Result<_, _>>()?))
    }

    fn messages(&self) -> Result<MessagesStep, Problem> {
        let refuse = |message: String| self.problem("messages", message);
        let mut fields = self.table("messages")?.unwrap_or_default();
        let contains = match fields.remove("contains") {
            None => Vec::new(),
            Some(Value::Array(texts)) => texts,
            Some(text) => vec![text],
        };
        let count = match fields.remove("count") {
            None => None,
            Some(count) => {
                let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
                Some(count.ok_or_else(|| refuse("`count` is a whole number".to_owned()))?)
            }
        };
        let save = self.saves("one `*` between the words around it, such as \"code: *.\"", |pattern| {
            let (before, after) = pattern.split_once('*')?;
            (!before.is_empty() && !after.is_empty()).then(|| [before.to_owned(), after.to_owned()])
        })?;
        if count == Some(0) && !save.is_empty() {
            return Err(self.problem("save", "there is nothing to save of no message"));
        }
        let (to, channel) = (fields.remove("to"), fields.remove("channel"));
        let step = MessagesStep { to, channel, contains, count, save };
        match fields.keys().next() {
            Some(key) => {
                Err(refuse(format!("unknown key `{key}`; expected one of to, channel, contains, count")))
            }
            None => Ok(step),
        }
    }
}

const ERROR: [&str; 6] = ["code", "reason", "domain", "message", "metadata", "violations"];

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "handbook = \"courier-manual\"\nstart = 2026-03-02T09:00:00+08:00\n";

    fn parse(rest: &str) -> Result<Script, String> {
        Script::parse(&format!("{HEAD}{rest}"))
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn the_example_of_the_design_is_read() {
        let script = parse(
            r#"
[[orders]]
waybill = "SF1234567890123"
goods_category = "fresh"
ordered_at = 2026-03-01T09:00:00+08:00
freight = { currency_code = "CNY", units = 23 }
[[steps]]
call = "redress.intake.v1.IntakeService/RegisterComplaint"
as   = "integration"                 # role
body = { request_id = "…", waybill_no = "SF1234567890123" }
save = { case = "case.case_id" }
[[steps]]
advance = "1h1m"
[[steps]]
advance_to = 2026-03-02T10:30:00+08:00
[[steps]]
call   = "redress.triage.v1.TriageService/GetTriage"
as     = { role = "cs-supervisor", subject = "li.na", regions = ["CN"] }
body   = { case_id = "$case" }
expect = { triage = { priority = "PRIORITY_URGENT" } }
[[steps]]
call   = "redress.intake.v1.IntakeService/CloseCase"
token  = "$t"
body   = { case_id = "$case" }
error  = { code = "FAILED_PRECONDITION", reason = "CLOSING_GATE_NOT_MET" }
[[steps]]
port = "payments"
next = ["unknown", "paid"]
[[steps]]
messages = { to = "$customer", contains = "已收到投诉" }
save = { number = "（编号*）" }
[[steps]]
call = "redress.intake.v1.IntakeService/ImportComplaints"
as = "admin"
bodies = [{ options = { source = "a" } }, { row = { row_number = 1 } }]
"#,
        )
        .expect("is read");
        assert_eq!((script.orders.len(), script.steps.len()), (1, 8));
        assert_eq!(
            script.steps.iter().map(|step| step.line).collect::<Vec<_>>(),
            [9, 14, 16, 18, 23, 28, 31, 34]
        );
        assert_eq!(script.start.to_rfc3339(), "2026-03-02T01:00:00+00:00");
        let Action::Call(call) = &script.steps[0].action else { unreachable!("the first step is a call") };
        assert_eq!(call.save, [("case".to_owned(), "case.case_id".to_owned())]);
        assert_eq!(call.method.owner(), Some("intake"));
        let Action::Messages(messages) = &script.steps[6].action else { unreachable!("looks at messages") };
        assert_eq!(messages.save, [("number".to_owned(), ["（编号".to_owned(), "）".to_owned()])]);
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let problems = parse(
            r#"
[[orders]]
waybil = "A"
[[steps]]
call = "redress.intake.v1.IntakeService/Close"
[[steps]]
advance = "3wd"
[[steps]]
call = "GetCase"
exspect = {}
[[steps]]
port = "payments"
next = ["late"]
[[steps]]
advance = "1h"
call = "GetCase"
[[steps]]
messages = { to = "13800000001" }
save = { code = "code" }
[[steps]]
advance_to = 2026-03-02
"#,
        )
        .expect_err("has problems");
        for expected in [
            "4:1: no order: unknown field `waybil`",
            "7:8: `call`: unknown method `redress.intake.v1.IntakeService/Close`; `redress.intake.v1.IntakeService` has",
            "9:11: `advance`: `3wd` is no length of time",
            "12:1: unknown key `exspect`; expected one of call, as,",
            "15:8: `next`: unknown behaviour `late`; expected one of normal,",
            "16:1: a step has exactly one of call, advance, advance_to, port, messages; this one has call and advance",
            "21:8: `save`: `code`: expected one `*` between the words around it",
            "23:14: `2026-03-02` is no instant",
        ] {
            assert!(problems.contains(expected), "missing: {expected}\n{problems}");
        }
    }

    #[test]
    fn a_script_needs_its_head() {
        let problems = Script::parse("region = \"CN\"\n").expect_err("nothing in it");
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(text.contains("`handbook`: is missing") && text.contains("`start`: is missing"), "{text}");
    }
}
