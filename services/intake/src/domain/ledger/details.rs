//! What an event says beside its name: its fields as text, and the rules in it. Read from the contract's
//! descriptors, so that a new event or field shows by itself. What the contract marks as personal is left out.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, ReflectMessage, Value};
use redress_domain::Money;
use redress_proto::{google::r#type::Money as WireMoney, is_personal, types::v1::RuleRef};

/// Fields shown of one event.
const FIELDS_MAX: usize = 60;
/// Messages of a list that are shown.
const ITEMS_MAX: usize = 5;
/// Characters shown of one value.
const VALUE_MAX: usize = 200;
/// Rules shown of one event.
const RULES_MAX: usize = 16;

/// The fields and rules of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Values by field path, such as `dispatch.mode`.
    pub fields: BTreeMap<String, String>,
    /// Rules, in the order of the contract's fields.
    pub rules: Vec<RuleRef>,
}

impl Details {
    /// Reads the payload of the message `kind`. Nothing where the contract does not know it.
    pub fn of(kind: &str, payload: &[u8]) -> Self {
        let mut details = Self::default();
        let message = redress_proto::pool()
            .get_message_by_name(kind)
            .and_then(|descriptor| DynamicMessage::decode(descriptor, payload).ok());
        if let Some(message) = message {
            details.message(&message, "");
        }
        details
    }

    /// The value of a field; empty where it is not set.
    pub fn get(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    /// Adds rules that are not there yet.
    pub fn add_rules(&mut self, rules: impl IntoIterator<Item = RuleRef>) {
        for rule in rules {
            if !rule.id.is_empty() && self.rules.len() < RULES_MAX && !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
    }

    fn message(&mut self, message: &DynamicMessage, prefix: &str) {
        for field in message.descriptor().fields() {
            if !message.has_field(&field) || is_personal(&field) {
                continue;
            }
            let path = if prefix.is_empty() {
                field.name().to_owned()
            } else {
                format!("{prefix}.{}", field.name())
            };
            self.value(&field, &message.get_field(&field), &path);
        }
    }

    fn value(&mut self, field: &FieldDescriptor, value: &Value, path: &str) {
        match value {
            Value::Message(inner) => self.inner(inner, path),
            Value::List(items) if matches!(field.kind(), Kind::Message(_)) => {
                let listed = items.iter().filter_map(Value::as_message).enumerate();
                for (index, item) in listed.take(ITEMS_MAX) {
                    self.inner(item, &format!("{path}[{index}]"));
                }
            }
            Value::List(items) => {
                let words: Vec<String> =
                    items.iter().filter_map(|item| scalar(&field.kind(), item)).collect();
                self.add(path, words.join(","));
            }
            Value::Map(entries) => {
                for (key, item) in entries {
                    if let (MapKey::String(key), Value::String(text)) = (key, item) {
                        self.add(&format!("{path}.{key}"), text.clone());
                    }
                }
            }
            other => self.add(path, scalar(&field.kind(), other).unwrap_or_default()),
        }
    }

    fn inner(&mut self, message: &DynamicMessage, path: &str) {
        match message.descriptor().full_name() {
            "redress.types.v1.RuleRef" => self.add_rules(message.transcode_to::<RuleRef>().ok()),
            // The entry has the handbook's version.
            "redress.types.v1.Policy" => {}
            "google.protobuf.Timestamp" => {
                let time = message.transcode_to::<prost_types::Timestamp>().ok();
                let time = time.and_then(|time| redress_proto::time_from_wire(&time).ok());
                self.add(path, time.map(|time| time.to_rfc3339()).unwrap_or_default());
            }
            "google.type.Money" => {
                let money = message.transcode_to::<WireMoney>().ok();
                let money = money.and_then(|money| Money::try_from(&money).ok());
                self.add(path, money.map(|money| money.to_string()).unwrap_or_default());
            }
            _ => self.message(message, path),
        }
    }

    fn add(&mut self, path: &str, value: String) {
        if !value.is_empty() && self.fields.len() < FIELDS_MAX {
            let shown = value.char_indices().nth(VALUE_MAX).map_or(value.len(), |(end, _)| end);
            self.fields.insert(path.to_owned(), value[..shown].to_owned());
        }
    }
}

fn scalar(kind: &Kind, value: &Value) -> Option<String> {
    Some(match (kind, value) {
        (Kind::Enum(descriptor), Value::EnumNumber(number)) => word(descriptor, *number)?,
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(flag)) => flag.to_string(),
        (_, Value::I32(number)) => number.to_string(),
        (_, Value::I64(number)) => number.to_string(),
        (_, Value::U32(number)) => number.to_string(),
        (_, Value::U64(number)) => number.to_string(),
        // Hashes are in the log; what is left is no value of the contract.
        _ => return None,
    })
}

/// An enum value as handbooks write it: `PRIORITY_URGENT` is `urgent`.
fn word(descriptor: &EnumDescriptor, number: i32) -> Option<String> {
    let mut prefix = String::new();
    for letter in descriptor.name().chars() {
        if letter.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
    }
    let value = descriptor.get_value(number)?;
    let name = value.name().strip_prefix(prefix.as_str()).unwrap_or(value.name());
    Some(name.trim_start_matches('_').to_ascii_lowercase())
}
