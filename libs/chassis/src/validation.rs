//! Enforces the limits that the contract states with `buf.validate`.
//!
//! The crates that do this need `protoc` when they are built, which a fresh machine does not have; the contract
//! uses a small part of the rules, and a test holds that it uses no rule that is not enforced here.

use std::{collections::HashMap, sync::Mutex};

use prost_reflect::{DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, ReflectMessage, Value};
use redress_domain::Violation;

/// Checks messages against the contract. Reads each field's rules once.
pub struct Validator {
    extension: Option<ExtensionDescriptor>,
    rules: Mutex<HashMap<String, Option<DynamicMessage>>>,
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Validator")
    }
}

impl Default for Validator {
    fn default() -> Self {
        Self {
            extension: redress_proto::pool().get_extension_by_name("buf.validate.field"),
            rules: Mutex::default(),
        }
    }
}

impl Validator {
    /// Everything that is wrong with `message`, each with its field path.
    pub fn validate(&self, message: &DynamicMessage) -> Vec<Violation> {
        let mut violations = Vec::new();
        self.message(message, "", &mut violations);
        violations
    }

    fn rules_of(&self, field: &FieldDescriptor) -> Option<DynamicMessage> {
        let mut known = self.rules.lock().ok()?;
        known
            .entry(field.full_name().to_owned())
            .or_insert_with(|| {
                let options = field.options();
                let extension = self.extension.as_ref()?;
                options
                    .has_extension(extension)
                    .then(|| options.get_extension(extension).as_message().cloned())?
            })
            .clone()
    }

    fn message(&self, message: &DynamicMessage, prefix: &str, violations: &mut Vec<Violation>) {
        for field in message.descriptor().fields() {
            let path = if prefix.is_empty() {
                field.name().to_owned()
            } else {
                format!("{prefix}.{}", field.name())
            };
            let set = message.has_field(&field);
            let value = message.get_field(&field);
            if let Some(rules) = self.rules_of(&field) {
                let required = flag(&rules, "required");
                if required && !set {
                    push(violations, &path, "is required", "REQUIRED");
                    continue;
                }
                // IGNORE_IF_ZERO_VALUE is 1, IGNORE_ALWAYS 3 in buf.validate; unset message and optional fields
                // have no value to check.
                let ignore =
                    rules.get_field_by_name("ignore").and_then(|value| value.as_enum_number()).unwrap_or(0);
                if ignore == 3 {
                    continue;
                }
                let skip = !set && (ignore == 1 || field.supports_presence());
                if !skip {
                    check(&rules, &field, &value, &path, violations);
                }
            }
            if set {
                self.inside(&value, &path, violations);
            }
        }
    }

    fn inside(&self, value: &Value, path: &str, violations: &mut Vec<Violation>) {
        match value {
            Value::String(text)
                if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) =>
            {
                push(
                    violations,
                    path,
                    "must not contain control characters other than line breaks and tabs",
                    "CONTROL_CHARACTER",
                );
            }
            Value::Message(inner) if inner.descriptor().full_name() == "google.protobuf.Timestamp" => {
                timestamp(inner, path, violations);
            }
            Value::Message(inner) if inner.descriptor().full_name() == "google.type.Money" => {
                money(inner, path, violations);
            }
            Value::Message(inner) => self.message(inner, path, violations),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.inside(item, &format!("{path}[{index}]"), violations);
                }
            }
            Value::Map(entries) => {
                for (key, item) in entries {
                    self.inside(item, &format!("{path}[{key:?}]"), violations);
                }
            }
            _ => {}
        }
    }
}

fn check(
    rules: &DynamicMessage,
    field: &FieldDescriptor,
    value: &Value,
    path: &str,
    out: &mut Vec<Violation>,
) {
    for (kind, rule) in rules.fields() {
        let Some(rule) = rule.as_message() else { continue };
        match kind.name() {
            "string" => {
                if let Some(text) = value.as_str() {
                    string(rule, text, path, out);
                }
            }
            "bytes" => {
                if let Some(bytes) = value.as_bytes() {
                    length(rule, number_of(bytes.len()), "bytes", path, out);
                }
            }
            "int32" | "int64" | "uint32" | "uint64" => {
                if let Some(number) = integer(value) {
                    bounds(rule, number, path, out);
                }
            }
            "enum" => {
                if let (Some(number), Kind::Enum(values)) = (value.as_enum_number(), field.kind()) {
                    if flag(rule, "defined_only") && values.get_value(number).is_none() {
                        push(
                            out,
                            path,
                            format!("`{number}` is no value of {}", values.name()),
                            "UNKNOWN_VALUE",
                        );
                    }
                    if integers(rule, "not_in").contains(&i64::from(number)) {
                        push(out, path, "must be one of the named values", "REQUIRED");
                    }
                }
            }
            "repeated" => {
                let Some(items) = value.as_list() else { continue };
                let count = number_of(items.len());
                if bound(rule, "min_items").is_some_and(|least| count < least) {
                    push(out, path, format!("has {count} items, fewer than allowed"), "TOO_FEW");
                }
                if let Some(most) = bound(rule, "max_items").filter(|most| count > *most) {
                    push(out, path, format!("has {count} items; at most {most} are allowed"), "TOO_MANY");
                }
                if let Some(each) = nested(rule, "items") {
                    for (index, item) in items.iter().enumerate() {
                        check(&each, field, item, &format!("{path}[{index}]"), out);
                    }
                }
            }
            "map" => {
                let Some(entries) = value.as_map() else { continue };
                if let Some(most) = bound(rule, "max_pairs").filter(|most| number_of(entries.len()) > *most) {
                    push(out, path, format!("has more than {most} entries"), "TOO_MANY");
                }
                for (key, item) in entries {
                    let entry = format!("{path}[{}]", key.as_str().unwrap_or_default());
                    if let (Some(rule), Some(text)) = (nested(rule, "keys"), key.as_str()) {
                        check(&rule, field, &Value::String(text.to_owned()), &entry, out);
                    }
                    if let Some(rule) = nested(rule, "values") {
                        check(&rule, field, item, &entry, out);
                    }
                }
            }
            _ => {}
        }
    }
}

fn string(rule: &DynamicMessage, text: &str, path: &str, out: &mut Vec<Violation>) {
    length(rule, number_of(text.chars().count()), "characters", path, out);
    if flag(rule, "uuid") && uuid::Uuid::try_parse(text).map(|id| id.to_string()) != Ok(text.to_lowercase()) {
        push(out, path, "must be a UUID such as 0192f0c1-2d3e-7a4b-8c5d-6e7f80912a3b", "NOT_A_UUID");
    }
    if let Some(pattern) = rule.get_field_by_name("pattern").filter(|_| rule.has_field_by_name("pattern"))
        && let Some(pattern) = pattern.as_str()
        && regex::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
    {
        push(out, path, format!("must match {pattern}"), "PATTERN");
    }
}

fn length(rule: &DynamicMessage, count: i64, unit: &str, path: &str, out: &mut Vec<Violation>) {
    match bound(rule, "len") {
        Some(exact) if count != exact => {
            push(out, path, format!("has {count} {unit}; exactly {exact} are expected"), "WRONG_LENGTH");
        }
        _ => {}
    }
    if let Some(least) = bound(rule, "min_len").filter(|least| count < *least) {
        let (what, reason) =
            if count == 0 { ("is required", "REQUIRED") } else { ("is too short", "TOO_SHORT") };
        push(out, path, format!("{what}; at least {least} {unit}"), reason);
    }
    if let Some(most) = bound(rule, "max_len").filter(|most| count > *most) {
        push(out, path, format!("has {count} {unit}; at most {most} are allowed"), "TOO_LONG");
    }
}

fn bounds(rule: &DynamicMessage, number: i64, path: &str, out: &mut Vec<Violation>) {
    let refuse = |wanted: String, out: &mut Vec<Violation>| {
        push(out, path, format!("is {number}; must be {wanted}"), "OUT_OF_RANGE");
    };
    if let Some(least) = bound(rule, "gte").filter(|least| number < *least) {
        refuse(format!("at least {least}"), out);
    }
    if let Some(least) = bound(rule, "gt").filter(|least| number <= *least) {
        refuse(format!("more than {least}"), out);
    }
    if let Some(most) = bound(rule, "lte").filter(|most| number > *most) {
        refuse(format!("at most {most}"), out);
    }
    if let Some(most) = bound(rule, "lt").filter(|most| number >= *most) {
        refuse(format!("less than {most}"), out);
    }
    if integers(rule, "not_in").contains(&number) {
        refuse("another number".into(), out);
    }
}

/// Years 1 to 9999, as protobuf defines a timestamp.
fn timestamp(message: &DynamicMessage, path: &str, out: &mut Vec<Violation>) {
    let seconds = message.get_field_by_name("seconds").and_then(|value| value.as_i64()).unwrap_or_default();
    let nanos = message.get_field_by_name("nanos").and_then(|value| value.as_i32()).unwrap_or_default();
    let wire = prost_types::Timestamp { seconds, nanos };
    if redress_proto::time_from_wire(&wire).is_err() {
        push(out, path, "is no time between the years 1 and 9999", "NOT_A_TIME");
    }
}

/// The sign and size rules of `google.type.Money`; which currency and how many digits is the service's to check.
fn money(message: &DynamicMessage, path: &str, out: &mut Vec<Violation>) {
    let code = message.get_field_by_name("currency_code");
    let code = code.as_deref().and_then(Value::as_str).unwrap_or_default();
    let units = message.get_field_by_name("units").and_then(|value| value.as_i64()).unwrap_or_default();
    let nanos = message.get_field_by_name("nanos").and_then(|value| value.as_i32()).unwrap_or_default();
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
        push(out, &format!("{path}.currency_code"), "must be three capital letters such as CNY", "CURRENCY");
    }
    if !(-999_999_999..=999_999_999).contains(&nanos) || (units > 0 && nanos < 0) || (units < 0 && nanos > 0)
    {
        push(out, &format!("{path}.nanos"), "must be below a unit and of the sign of `units`", "NANOS");
    }
}

fn flag(rule: &DynamicMessage, name: &str) -> bool {
    rule.get_field_by_name(name).and_then(|value| value.as_bool()).unwrap_or(false)
}

fn nested(rule: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    if !rule.has_field_by_name(name) {
        return None;
    }
    rule.get_field_by_name(name)?.as_message().cloned()
}

fn bound(rule: &DynamicMessage, name: &str) -> Option<i64> {
    if !rule.has_field_by_name(name) {
        return None;
    }
    rule.get_field_by_name(name).as_deref().and_then(integer)
}

fn integers(rule: &DynamicMessage, name: &str) -> Vec<i64> {
    rule.get_field_by_name(name)
        .as_deref()
        .and_then(Value::as_list)
        .map(|items| items.iter().filter_map(integer).collect())
        .unwrap_or_default()
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::I32(number) => Some(i64::from(*number)),
        Value::I64(number) => Some(*number),
        Value::U32(number) => Some(i64::from(*number)),
        Value::U64(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

fn number_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn push(out: &mut Vec<Violation>, path: &str, description: impl Into<String>, reason: &str) {
    out.push(Violation {
        field: path.to_owned(),
        description: description.into(),
        reason: reason.to_owned(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every rule that the contract uses is one that `check` enforces.
    #[test]
    fn the_contract_uses_no_rule_that_is_not_enforced() {
        let enforced: &[(&str, &[&str])] = &[
            ("string", &["min_len", "max_len", "len", "uuid", "pattern"]),
            ("bytes", &["min_len", "max_len", "len"]),
            ("int32", &["gte", "gt", "lte", "lt", "not_in"]),
            ("int64", &["gte", "gt", "lte", "lt", "not_in"]),
            ("uint32", &["gte", "gt", "lte", "lt", "not_in"]),
            ("uint64", &["gte", "gt", "lte", "lt", "not_in"]),
            ("enum", &["defined_only", "not_in"]),
            ("repeated", &["min_items", "max_items", "items"]),
            ("map", &["max_pairs", "keys", "values"]),
        ];
        let validator = Validator::default();
        let mut unknown = Vec::new();
        let mut fields = 0;
        for message in redress_proto::pool().all_messages().filter(|m| m.full_name().starts_with("redress."))
        {
            for field in message.fields() {
                let Some(rules) = validator.rules_of(&field) else { continue };
                fields += 1;
                for (kind, rule) in rules.fields() {
                    if matches!(kind.name(), "required" | "ignore") {
                        continue;
                    }
                    let names: Vec<String> = rule
                        .as_message()
                        .map(|rule| rule.fields().map(|(name, _)| name.name().to_owned()).collect())
                        .unwrap_or_default();
                    let known =
                        enforced.iter().find(|(name, _)| *name == kind.name()).map(|(_, names)| *names);
                    for name in names {
                        if !known.is_some_and(|known| known.contains(&name.as_str())) {
                            unknown.push(format!("{}: {}.{name}", field.full_name(), kind.name()));
                        }
                    }
                }
            }
        }
        assert!(fields > 20, "only {fields} fields have rules; are the options read at all?");
        assert!(unknown.is_empty(), "rules that nothing enforces:\n{}", unknown.join("\n"));
    }
}
