//! `redress call`

use std::io::Read as _;

use clap::Args;
use futures::StreamExt as _;
use serde_json::{Map, Value, json};

use super::{Failure, connection::Connection};
use crate::{
    contract::{self, Answer, Client, Fields, Method, mask, message_to_json},
    output, suite,
};

/// Call any method of the contract, with JSON in and out.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  redress call GetCase --as cs-agent '{\"case_number\": \"C261121-000427\"}'\n  \
                        redress call ListDeadlines --at triage --as cs-supervisor '{}'\n  \
                        redress call WatchCase --as cs-agent '{\"case_id\": \"…\"}'\n  redress call --list"
)]
pub(super) struct Call {
    /// Method: redress.intake.v1.IntakeService/GetCase, or any end of it that says enough.
    #[arg(required_unless_present = "list")]
    method: Option<String>,
    /// The request as JSON with the contract's field names; `@FILE` reads a file, `-` standard input. A method that takes a
    /// stream takes a list.
    #[arg(default_value = "{}")]
    body: String,
    /// Which service, for what every service serves (deadlines, event log).
    #[arg(long, value_name = "SERVICE")]
    at: Option<String>,
    /// Show personal data, which is masked otherwise.
    #[arg(long)]
    personal: bool,
    /// List all methods with their roles.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Call {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let Some(name) = self.method.as_deref().filter(|_| !self.list) else {
            list(as_json);
            return Ok(());
        };
        let method = Method::find(name).map_err(|error| Failure::Usage(error.to_string()))?;
        let service = match (method.owner(), self.at.as_deref()) {
            (Some(owner), None) => owner,
            (Some(owner), Some(at)) if owner == at => owner,
            (None, Some(at)) if suite::is_service(at) => at,
            (_, Some(at)) => {
                return Err(Failure::Usage(format!("`{}` is not served by `{at}`", method.name())));
            }
            (None, None) => {
                return Err(Failure::Usage(format!(
                    "every service serves `{}`; say which with --at",
                    method.name()
                )));
            }
        };
        let bodies = match read(&self.body)? {
            Value::Array(bodies) if method.takes_stream() => bodies,
            body => vec![body],
        };
        let client = self.connection.client(service, "admin").await?;
        if method.answers_stream() && !method.takes_stream() {
            return self.follow(&client, &method, bodies.first().unwrap_or(&Value::Null)).await;
        }
        match client.call(&method, &bodies).await? {
            Answer::One(message) => self.show(&method, message_to_json(&message, Fields::Set)),
            Answer::Stream(messages) => {
                for message in messages {
                    self.show(&method, message_to_json(&message, Fields::Set));
                }
            }
        }
        Ok(())
    }

    async fn follow(&self, client: &Client, method: &Method, body: &Value) -> Result<(), Failure> {
        let mut stream = client.follow(method, body).await?;
        while let Some(message) = stream.next().await {
            self.show(method, message_to_json(&message?, Fields::Set));
        }
        Ok(())
    }

    fn show(&self, method: &Method, mut answer: Value) {
        if !self.personal {
            mask(&mut answer, &method.output());
        }
        output::json(&answer);
    }
}

fn read(body: &str) -> Result<Value, Failure> {
    let text = match body.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Failure::Usage(format!("cannot read {file}: {error}")))?,
        None if body == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        None => body.to_owned(),
    };
    let value = serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("the request is not JSON: {error}")))?;
    Ok(if value == Value::Null { Value::Object(Map::new()) } else { value })
}

fn list(as_json: bool) {
    let methods = contract::all().map(|method| (method.name(), method.roles()));
    if as_json {
        let methods: Vec<_> =
            methods.map(|(method, roles)| json!({ "method": method, "roles": roles })).collect();
        output::json(&json!({ "methods": methods }));
        return;
    }
    let rows: Vec<_> = methods.map(|(method, roles)| vec![method, roles.join(" ")]).collect();
    output::line(&output::table(&["method", "roles"], &rows));
}
