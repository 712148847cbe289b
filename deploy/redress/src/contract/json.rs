//! Messages as JSON and back.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions};
use serde_json::Value;

/// Which fields a message shows as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Those that are set.
    Set,
    /// All: unset scalars and lists as their defaults, unset messages as `null`.
    All,
}

/// Reads a message from proto3 JSON. Field names may also be in camel case; unknown ones are refused.
///
/// # Errors
/// What does not fit, in words.
pub fn message_from_json(descriptor: MessageDescriptor, value: &Value) -> Result<DynamicMessage, String> {
    DynamicMessage::deserialize(descriptor, value).map_err(|error| error.to_string())
}

/// Writes a message as JSON.
#[must_use]
pub fn message_to_json(message: &DynamicMessage, fields: Fields) -> Value {
    let options = SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .use_proto_field_name(true)
        .skip_default_fields(fields == Fields::Set);
    let mut value = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("messages of the contract can be written as JSON");
    if fields == Fields::All {
        let null_unset = &mut |object: &mut serde_json::Map<String, Value>, field: &FieldDescriptor| {
            object.entry(field.name()).or_insert(Value::Null);
        };
        visit(&mut value, &prost_reflect::ReflectMessage::descriptor(message), null_unset);
    }
    value
}

/// Replaces what the contract calls personal by `***`, wherever it is not empty.
pub fn mask(value: &mut Value, descriptor: &MessageDescriptor) {
    let hide = &mut |object: &mut serde_json::Map<String, Value>, field: &FieldDescriptor| {
        if !redress_proto::is_personal(field) {
            return;
        }
        match object.get_mut(field.name()) {
            // A message that is personal as a whole is masked field by field, so that its shape stays to be seen.
            Some(Value::Object(_) | Value::Null) | None => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(shown) => *shown = Value::String("***".to_owned()),
        }
    };
    visit(value, descriptor, hide);
}

type Visitor<'a> = &'a mut dyn FnMut(&mut serde_json::Map<String, Value>, &FieldDescriptor);

/// Walks over every message within `value` and shows it to `visitor`, field by field. The well-known types of the protocol
/// have forms of their own and are left alone.
fn visit(value: &mut Value, descriptor: &MessageDescriptor, visitor: Visitor<'_>) {
    let Value::Object(object) = value else { return };
    if descriptor.full_name().starts_with("google.protobuf.") {
        return;
    }
    for field in descriptor.fields() {
        visitor(object, &field);
        let Some(shown) = object.get_mut(field.name()) else { continue };
        let kind = if field.is_map() {
            match field.kind() {
                Kind::Message(entry) => entry.map_entry_value_field().kind(),
                other => other,
            }
        } else {
            field.kind()
        };
        let Kind::Message(inner) = kind else { continue };
        match shown {
            Value::Array(elements) => elements.iter_mut().for_each(|element| visit(element, &inner, visitor)),
            Value::Object(entries) if field.is_map() => {
                entries.values_mut().for_each(|element| visit(element, &inner, visitor));
            }
            _ => visit(shown, &inner, visitor),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn descriptor(name: &str) -> MessageDescriptor {
        redress_proto::pool().get_message_by_name(name).expect("a message of the contract")
    }

    #[test]
    fn what_is_not_set_is_there_as_null_or_default() {
        let case = message_from_json(
            descriptor("redress.intake.v1.Case"),
            &json!({ "caseId": "a", "case_number": "b" }),
        )
        .expect("fits");
        let all = message_to_json(&case, Fields::All);
        assert_eq!(all["case_id"], "a");
        assert_eq!(all["close_time"], Value::Null);
        assert_eq!(all["reopenings"], 0);
        assert_eq!(all["state"], "CASE_STATE_UNSPECIFIED");
        assert_eq!(all["missing_fields"], json!([]));
        assert_eq!(message_to_json(&case, Fields::Set), json!({ "case_id": "a", "case_number": "b" }));
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let problem = message_from_json(descriptor("redress.intake.v1.Case"), &json!({ "case_idd": "a" }))
            .expect_err("no such field");
        assert!(problem.contains("case_idd"), "{problem}");
    }

    #[test]
    fn personal_fields_are_masked_and_the_others_stay() {
        let response = descriptor("redress.intake.v1.RegisterComplaintResponse");
        let mut value = json!({
            "case": {
                "case_id": "a",
                "narrative": "我的包裹丢了",
                "customer": { "name": "王小明", "phone": "", "corporate": true, "customer_ref": "c1" },
                "evidence_leads": [{ "lead_id": "b", "description": "照片" }],
            },
            "customer_token": "t",
        });
        mask(&mut value, &response);
        assert_eq!(
            value,
            json!({
                "case": {
                    "case_id": "a",
                    "narrative": "***",
                    "customer": { "name": "***", "phone": "", "corporate": true, "customer_ref": "c1" },
                    "evidence_leads": [{ "lead_id": "b", "description": "***" }],
                },
                "customer_token": "***",
            })
        );
    }
}
