//! Complaints of other systems as registrations.

use redress_connectors::ComplaintRow;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What the rows of a mapping file are: its `target`.
#[must_use]
pub fn target(mapping: &str) -> Option<String> {
    mapping.parse::<toml::Table>().ok()?.get("target")?.as_str().map(str::to_owned)
}

/// The request id of a row: follows from the source and the row's own id, so that a second import finds the first one's.
#[must_use]
pub fn request_id(source: &str, source_id: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("redress:import:{source}:{source_id}").as_bytes())
}

/// The body of `RegisterComplaint` for a row, as JSON. A row that names no region belongs to `region`, if there is one.
#[must_use]
pub fn complaint(source: &str, region: Option<&str>, row: &ComplaintRow) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    let name =
        |prefix: &str, word: &str| json!(format!("{prefix}_{}", word.to_ascii_uppercase().replace('-', "_")));
    set("request_id", Some(json!(request_id(source, &row.source_id))));
    set("channel", Some(name("CHANNEL", &row.channel)));
    set("language", Some(json!(row.language)));
    set("narrative", Some(json!(row.narrative)));
    set("received_time", Some(json!(row.received_at.to_rfc3339())));
    set("external_id", Some(json!(row.source_id)));
    set("region", row.region.as_deref().or(region).map(|region| json!(region)));
    set("waybill_no", row.waybill.as_ref().map(|waybill| json!(waybill)));
    set("problem_type", row.problem_type.as_ref().map(|problem| name("PROBLEM_TYPE", problem)));
    set("desired_solution", row.desired_solution.as_ref().map(|desired| name("DESIRED_SOLUTION", desired)));
    let mut customer = Map::new();
    if let Some(name) = &row.customer_name {
        customer.insert("name".to_owned(), json!(name));
    }
    if let Some(reference) = &row.customer_ref {
        customer.insert("customer_ref".to_owned(), json!(reference));
    }
    if let Some(contact) = &row.contact {
        let field = if contact.contains('@') {
            "email"
        } else if contact.starts_with(|first: char| first.is_ascii_digit() || first == '+') {
            "phone"
        } else {
            "account"
        };
        customer.insert(field.to_owned(), json!(contact));
    }
    set("customer", (!customer.is_empty()).then_some(Value::Object(customer)));
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Method, message_from_json};

    #[test]
    fn a_row_becomes_a_registration_that_the_contract_takes() {
        let row: ComplaintRow = serde_json::from_value(json!({
            "source_id": "r1/o1", "received_at": "2017-03-02T10:00:00Z", "channel": "email", "language": "pt",
            "narrative": "Não recebi", "waybill": "o1", "customer_ref": "c1", "contact": "a@example.com",
            "problem_type": "delay",
        }))
        .expect("a row");
        let body = complaint("olist", Some("br"), &row);
        assert_eq!(body["region"], "br");
        assert_eq!(body["channel"], "CHANNEL_EMAIL");
        assert_eq!(body["customer"], json!({ "customer_ref": "c1", "email": "a@example.com" }));
        assert_eq!(body["request_id"], json!(request_id("olist", "r1/o1")));
        assert_ne!(request_id("olist", "r1/o1"), request_id("other", "r1/o1"));
        let method = Method::find("redress.intake.v1.IntakeService/RegisterComplaint").expect("is there");
        message_from_json(method.input(), &body).expect("fits");
    }

    #[test]
    fn the_target_of_a_mapping_is_read() {
        assert_eq!(target("target = \"order\"\n").as_deref(), Some("order"));
        assert_eq!(target("targe"), None);
    }
}
