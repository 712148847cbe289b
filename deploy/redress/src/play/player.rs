//! Plays a script, step by step.

use chrono::{DateTime, SecondsFormat};
use redress_connectors::file::MessageRecord;
use serde_json::{Map, Value, json};

use super::{
    Mismatch,
    expect::mismatches,
    failure::{Place, ScriptFailure, StepProblem},
    path,
    script::{Action, CallStep, Caller, MessagesStep, Script, Step},
    variables::Variables,
};
use crate::{
    contract::{CallError, Client, Fields, SERVICES},
    suite::Suite,
};

/// A script that passed.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file.
    pub script: String,
    /// Steps taken.
    pub steps: usize,
    /// Of these, calls.
    pub calls: usize,
    /// How long it took, with starting and stopping the suite, in machine time.
    pub milliseconds: u128,
}

impl Report {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "script": self.script, "steps": self.steps, "calls": self.calls, "milliseconds": self.milliseconds })
    }
}

/// Plays `script` on a suite that has its handbook and stands at its start.
pub(super) async fn play(name: &str, script: &Script, suite: &Suite) -> Result<Report, Box<ScriptFailure>> {
    let mut player = Player { suite, variables: Variables::default() };
    suite.enterprise().orders.put(script.orders.clone()).await.map_err(|error| {
        Box::new(ScriptFailure::Suite {
            script: name.to_owned(),
            error: format!("orders cannot be taken in: {error}"),
        })
    })?;
    for (index, step) in script.steps.iter().enumerate() {
        if let Err(problem) = player.take(step).await {
            let place = Place {
                script: name.to_owned(),
                step: index + 1,
                line: step.line,
                what: what(step),
                at: suite.now().to_rfc3339_opts(SecondsFormat::AutoSi, true),
                notes: player.notes().await,
            };
            return Err(Box::new(ScriptFailure::Step { place: Box::new(place), problem: Box::new(problem) }));
        }
    }
    let calls = script.steps.iter().filter(|step| matches!(step.action, Action::Call(_))).count();
    Ok(Report { script: name.to_owned(), steps: script.steps.len(), calls, milliseconds: 0 })
}

struct Player<'a> {
    suite: &'a Suite,
    variables: Variables,
}

impl Player<'_> {
    async fn take(&mut self, step: &Step) -> Result<(), StepProblem> {
        match &step.action {
            Action::Call(call) => {
                self.call(call).await?;
                self.suite.rest().await.map(drop).map_err(failed)
            }
            Action::Advance(length) => self.suite.advance(*length).await.map_err(failed),
            Action::AdvanceTo(time) => {
                let time = self.fill(time)?;
                let time = time.as_str().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
                let time =
                    time.ok_or_else(|| StepProblem::Impossible("`advance_to` is no instant".to_owned()))?;
                self.suite.advance_to(time.to_utc()).await.map_err(failed)
            }
            Action::Port(port, next) => {
                let pushed = self.suite.enterprise().faults.push(*port, next);
                pushed.map_err(|error| StepProblem::Impossible(error.to_string()))
            }
            Action::Messages(messages) => self.messages(messages).await,
        }
    }

    async fn call(&mut self, step: &CallStep) -> Result<(), StepProblem> {
        let bodies = step.bodies.iter().map(|body| self.fill(body)).collect::<Result<Vec<_>, _>>()?;
        let token = self.token(&step.caller)?;
        let answered = self.ask(step, &bodies, token.as_deref()).await;
        let answer = match (answered, &step.error) {
            (Err(CallError::Body(problem)), _) => {
                return Err(StepProblem::Impossible(format!("the body is {problem}")));
            }
            (Err(CallError::Refused(refusal)), None) => return Err(StepProblem::Refused(refusal.to_json())),
            (Err(CallError::Refused(refusal)), Some(expected)) => {
                return compare(&self.fill(expected)?, refusal.to_json());
            }
            (Ok(answer), Some(expected)) => {
                return Err(StepProblem::Answered { expected: self.fill(expected)?, answer });
            }
            (Ok(answer), None) => answer,
        };
        // Saved first, so that an expectation can name what the same answer brought.
        for (name, path) in &step.save {
            let value = path::find(&answer, path).map_err(|why| {
                StepProblem::Impossible(format!("`save.{name}`: {why}\n  the answer: {answer:#}"))
            })?;
            if value.is_null() {
                return Err(StepProblem::Impossible(format!(
                    "`save.{name}`: `{path}` is not set\n  the answer: {answer:#}"
                )));
            }
            self.variables.set(name, value.clone());
        }
        match &step.expect {
            Some(expected) => compare(&self.fill(expected)?, answer),
            None => Ok(()),
        }
    }

    /// Calls the service of the method. What every service serves is asked of all, unless the step says whom.
    async fn ask(&self, step: &CallStep, bodies: &[Value], token: Option<&str>) -> Result<Value, CallError> {
        let one = step.at.as_deref().or(step.method.owner());
        let services: &[&str] = if one.is_some() { &[] } else { &SERVICES };
        let mut answers = Vec::new();
        let mut refused: Option<CallError> = None;
        for service in one.iter().chain(services) {
            let client = Client::new(self.suite.channel(service), token.map(str::to_owned));
            match client.call(&step.method, bodies).await {
                Ok(answer) => answers.push(answer.to_json(Fields::All)),
                // That others do not know what was asked for is no refusal as long as one does.
                Err(CallError::Refused(refusal)) if refusal.code == "NOT_FOUND" && services.len() > 1 => {
                    refused.get_or_insert(CallError::Refused(refusal));
                }
                Err(error) => return Err(error),
            }
        }
        match (answers.into_iter().reduce(together), refused) {
            (Some(answer), _) => Ok(answer),
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(CallError::Body("asked of nobody".to_owned())),
        }
    }

    fn token(&self, caller: &Caller) -> Result<Option<String>, StepProblem> {
        let impossible = |why: &str| StepProblem::Impossible(why.to_owned());
        match caller {
            Caller::Nobody => Ok(None),
            Caller::Token(token) => {
                let token = self.fill(token)?;
                let token = token.as_str().ok_or_else(|| impossible("`token` is no text"))?;
                Ok(Some(token.to_owned()).filter(|token| !token.is_empty()))
            }
            Caller::Somebody(fields) => {
                let fields = self.fill(&Value::Object(fields.clone()))?;
                let caller = caller_of(&fields).map_err(StepProblem::Impossible)?;
                self.suite.token_for(&caller).map(Some).map_err(failed)
            }
        }
    }

    async fn messages(&mut self, step: &MessagesStep) -> Result<(), StepProblem> {
        let sent = self.suite.enterprise().outbound.messages().await;
        let sent = sent.map_err(|error| StepProblem::Failed(format!("messages cannot be read: {error}")))?;
        let text = |value: &Value| Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let filled = |value: &Option<Value>| value.as_ref().map(|value| text(&self.fill(value)?)).transpose();
        let (to, channel) = (filled(&step.to)?, filled(&step.channel)?);
        let contains =
            step.contains.iter().map(|value| text(&self.fill(value)?)).collect::<Result<Vec<String>, _>>()?;
        let addressed: Vec<&MessageRecord> = sent
            .iter()
            .filter(|record| to.as_deref().is_none_or(|to| goes_to(record, to)))
            .filter(|record| channel.as_deref().is_none_or(|channel| record.message.channel == channel))
            .collect();
        let fits = |record: &&&MessageRecord| contains.iter().all(|part| record.message.body.contains(part));
        let fitting = addressed.iter().filter(fits).count();
        if step.count.map_or(fitting > 0, |count| fitting == count) {
            if let Some(last) = addressed.iter().rfind(fits) {
                for (name, [before, after]) in &step.save {
                    let words = between(&last.message.body, before, after).ok_or_else(|| {
                        let message = format!("`save.{name}`: no words between `{before}` and `{after}`");
                        StepProblem::Impossible(format!("{message}\n  the message: {}", last.message.body))
                    })?;
                    self.variables.set(name, json!(words));
                }
            }
            return Ok(());
        }
        let shown = if addressed.is_empty() { sent.iter().collect() } else { addressed };
        let mismatch = Mismatch {
            path: "messages".to_owned(),
            expected: json!({ "to": to, "channel": channel, "contains": contains, "count": step.count }),
            actual: Some(json!({ "count": fitting })),
        };
        let whole = Value::Array(shown.into_iter().map(show).collect());
        Err(StepProblem::Unexpected { mismatches: vec![mismatch], whole })
    }

    fn fill(&self, value: &Value) -> Result<Value, StepProblem> {
        self.variables.fill(value).map_err(StepProblem::Impossible)
    }

    /// What may explain a failure: events that were set aside because a service's rules reject them.
    async fn notes(&self) -> Vec<String> {
        let Ok(parked) = self.suite.parked().await else { return Vec::new() };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let note = |(service, event): &(&str, Value)| {
            format!(
                "{service} has set aside {} of {}: {} {}",
                text(&event["event"]["type"]),
                text(&event["event"]["source"]),
                text(&event["reason"]),
                text(&event["detail"]),
            )
        };
        parked.iter().filter(|(_, event)| event["rejected"] == true).map(note).collect()
    }
}

fn failed(error: anyhow::Error) -> StepProblem {
    StepProblem::Failed(format!("{error:#}"))
}

fn compare(expected: &Value, actual: Value) -> Result<(), StepProblem> {
    let found = mismatches(expected, &actual);
    if found.is_empty() { Ok(()) } else { Err(StepProblem::Unexpected { mismatches: found, whole: actual }) }
}

/// Two services' answers to the same question: lists one after the other, else what the first one says.
fn together(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        for (name, value) in second {
            match (first.get_mut(&name), value) {
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                (Some(empty), value) if *empty == Value::Null || *empty == json!("") => *empty = value,
                _ => {}
            }
        }
    }
    first
}

/// The words of a text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(words, _)| words)
}

fn goes_to(record: &MessageRecord, to: &str) -> bool {
    record.message.to == to || record.message.case_id.is_some_and(|case_id| case_id.to_string() == to)
}

fn show(record: &MessageRecord) -> Value {
    json!({
        "to": record.message.to,
        "channel": record.message.channel,
        "case_id": record.message.case_id,
        "at": record.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "body": record.message.body,
        "receipt": record.receipt,
    })
}

/// A caller as scripts write it.
fn caller_of(fields: &Value) -> Result<redress_chassis::Caller, String> {
    const KNOWN: [&str; 6] = ["role", "roles", "subject", "department", "regions", "case_id"];
    let empty = Map::new();
    let fields = fields.as_object().unwrap_or(&empty);
    if let Some(unknown) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("`as`: unknown key `{unknown}`; expected one of {}", KNOWN.join(", ")));
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| match fields.get(name) {
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    let mut roles: Vec<String> = list("roles");
    roles.extend(list("role"));
    for role in &roles {
        if redress_proto::role_from_name(role).is_none() {
            return Err(format!("`as`: there is no role `{role}`"));
        }
    }
    let first = roles.first().ok_or("`as` needs a role")?.clone();
    let subject = Some(text("subject")).filter(|subject| !subject.is_empty()).unwrap_or(first);
    Ok(redress_chassis::Caller {
        subject,
        roles,
        department: text("department"),
        regions: list("regions"),
        case_id: text("case_id"),
    })
}

/// A step in a line.
fn what(step: &Step) -> String {
    match &step.action {
        Action::Call(call) => {
            let caller = match &call.caller {
                Caller::Nobody => "without a token".to_owned(),
                Caller::Token(_) => "with a token".to_owned(),
                Caller::Somebody(fields) => {
                    let role = fields.get("role").or(fields.get("roles"));
                    let subject =
                        fields.get("subject").and_then(Value::as_str).map(|subject| format!(" {subject}"));
                    let role = role.map(|role| role.as_str().map_or_else(|| role.to_string(), str::to_owned));
                    format!("as {}{}", role.unwrap_or_default(), subject.unwrap_or_default())
                }
            };
            format!("call {} {caller}", call.method.name())
        }
        Action::Advance(length) => format!("advance by {} s", length.num_seconds()),
        Action::AdvanceTo(time) => format!("advance to {}", time.as_str().unwrap_or_default()),
        Action::Port(port, _) => format!("order behaviour of {port}"),
        Action::Messages(_) => "look at messages".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_several_services_are_put_together() {
        let first = json!({ "deadlines": [1], "next_page_token": "", "deadline": null });
        let second = json!({ "deadlines": [2, 3], "next_page_token": "t", "deadline": { "a": 1 } });
        assert_eq!(
            together(first, second),
            json!({ "deadlines": [1, 2, 3], "next_page_token": "t", "deadline": { "a": 1 } })
        );
    }

    #[test]
    fn words_are_taken_from_the_first_place_that_fits() {
        assert_eq!(between("code: 17, code: 18.", "code: ", ","), Some("17"));
        assert_eq!(between("code: 17", "code: ", "."), None);
        assert_eq!(between("code 17.", "code: ", "."), None);
    }

    #[test]
    fn a_caller_has_a_role_that_exists_and_is_called_after_it() {
        let caller = caller_of(&json!({ "role": "cs-agent" })).expect("a role");
        assert_eq!((caller.subject.as_str(), caller.roles.len()), ("cs-agent", 1));
        let caller =
            caller_of(&json!({ "roles": ["cs-agent", "finance"], "subject": "li", "regions": "CN" }))
                .expect("roles");
        assert_eq!(
            (caller.subject.as_str(), caller.regions.as_slice()),
            ("li", ["CN".to_owned()].as_slice())
        );
        assert!(caller_of(&json!({ "role": "boss" })).expect_err("no role").contains("`boss`"));
        assert!(caller_of(&json!({ "subject": "li" })).is_err());
        assert!(caller_of(&json!({ "role": "admin", "region": "CN" })).is_err());
    }
}
