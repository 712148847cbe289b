//! `redress events`

use clap::Args;
use futures::{StreamExt as _, stream::SelectAll};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use redress_proto::eventlog::v1::{Event, SubscribeResponse};
use serde_json::{Value, json};

use super::{
    Failure, case,
    connection::Connection,
    values::{Zone, actor, text},
};
use crate::{
    contract::{Fields, Method, SERVICES, message_to_json},
    output, suite,
};

/// Read the event logs of the services, from the beginning.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  redress events intake --case C261121-000427\n  redress events --follow --json | jq .payload"
)]
pub(super) struct Events {
    /// Services whose logs are read; without any all five.
    services: Vec<String>,
    /// Only this case's: its number or id.
    #[arg(long)]
    case: Option<String>,
    /// Only types whose name contains this, such as `CaseTriaged`.
    #[arg(long = "type", value_name = "TYPE")]
    of_type: Option<String>,
    /// Stay and print new events as they come.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    zone: Zone,
    #[command(flatten)]
    connection: Connection,
}

impl Events {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let services: Vec<&str> = if self.services.is_empty() {
            SERVICES.to_vec()
        } else {
            self.services.iter().map(String::as_str).collect()
        };
        if let Some(unknown) = services.iter().find(|service| !suite::is_service(service)) {
            return Err(Failure::Usage(format!("there is no service `{unknown}`")));
        }
        let case_id = match &self.case {
            Some(case) => Some(text(&case::id_of(&self.connection, case).await?)),
            None => None,
        };
        let method =
            Method::find("redress.eventlog.v1.EventLogService/Subscribe").map_err(anyhow::Error::from)?;
        let mut streams = SelectAll::new();
        for service in services {
            let client = self.connection.client(service, "supervision").await?;
            streams.push(
                client
                    .follow(&method, &json!({ "subscriber": "redress-events", "follow": self.follow }))
                    .await?,
            );
        }
        while let Some(response) = streams.next().await {
            let response = SubscribeResponse::decode(response?.encode_to_vec().as_slice())
                .map_err(anyhow::Error::from)?;
            for event in &response.events {
                let wanted = case_id.as_ref().is_none_or(|case_id| *case_id == event.case_id)
                    && self.of_type.as_ref().is_none_or(|part| event.r#type.contains(part));
                if wanted {
                    self.show(event, as_json);
                }
            }
        }
        Ok(())
    }

    fn show(&self, event: &Event, as_json: bool) {
        let json = to_json(event);
        if as_json {
            output::line(&json.to_string());
            return;
        }
        let short = event.r#type.rsplit('.').next().unwrap_or_default();
        output::line(&format!(
            "{}  {:<13} {:<24} {} {}  {}",
            self.zone.show(&json["time"]),
            event.source,
            short,
            text(&json["subject"]["kind"]),
            text(&json["subject"]["id"]),
            actor(&json["actor"]),
        ));
    }
}

/// An event with its payload in clear. No event holds personal data.
fn to_json(event: &Event) -> Value {
    let message = |name: &str, bytes: &[u8]| {
        let descriptor = redress_proto::pool().get_message_by_name(name)?;
        Some(message_to_json(&DynamicMessage::decode(descriptor, bytes).ok()?, Fields::Set))
    };
    let mut json = message("redress.eventlog.v1.Event", &event.encode_to_vec()).unwrap_or_default();
    if let Some(payload) = message(&event.r#type, &event.payload) {
        json["payload"] = payload;
    }
    json
}
