//! What a script has saved, and `$name` in its strings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Saved values by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The value with every `$name` and `${name}` in its strings filled in. A string that is nothing but one name becomes
    /// the saved value itself, whatever its type. `$$` is a dollar sign; one before anything but a name stays as it is.
    pub(super) fn fill(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill_text(text)?,
            Value::Array(elements) => {
                Value::Array(elements.iter().map(|element| self.fill(element)).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, value)| Ok((name.clone(), self.fill(value)?)));
                Value::Object(filled.collect::<Result<Map<_, _>, String>>()?)
            }
            other => other.clone(),
        })
    }

    fn fill_text(&self, text: &str) -> Result<Value, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, after) = (&rest[..dollar], &rest[dollar + 1..]);
            filled.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                rest = after;
                continue;
            }
            let Some((name, after)) = name(after) else {
                filled.push('$');
                rest = after;
                continue;
            };
            let value = self.0.get(name).ok_or_else(|| self.unknown(name))?;
            if rest.len() == text.len() && dollar == 0 && after.is_empty() {
                return Ok(value.clone());
            }
            match value {
                Value::String(text) => filled.push_str(text),
                other => filled.push_str(&other.to_string()),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(Value::String(filled))
    }

    fn unknown(&self, name: &str) -> String {
        if self.0.is_empty() {
            return format!("`${name}` was never saved; no step before has a `save`");
        }
        let names = self.0.keys().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ");
        format!("`${name}` was never saved; there is {names}")
    }
}

/// The name at the beginning of what follows a dollar sign, and the rest.
fn name(after: &str) -> Option<(&str, &str)> {
    if let Some(braced) = after.strip_prefix('{') {
        let (name, rest) = braced.split_once('}')?;
        return is_name(name).then_some((name, rest));
    }
    let end =
        after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    is_name(name).then_some((name, rest))
}

/// Letters, digits and underscores, not beginning with a digit.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        variables.set("case", json!("c1"));
        variables.set("count", json!(5));
        variables.set("money", json!({ "units": 1 }));
        variables
    }

    #[test]
    fn names_are_filled_in_wherever_they_stand() {
        let script = json!({
            "case_id": "$case", "n": "$count", "amount": "$money",
            "text": "case $case, ${count}x, $$5 or $5", "list": ["$case", { "deep": "${case}0" }], "number": 7,
        });
        assert_eq!(
            variables().fill(&script),
            Ok(json!({
                "case_id": "c1", "n": 5, "amount": { "units": 1 },
                "text": "case c1, 5x, $5 or $5", "list": ["c1", { "deep": "c10" }], "number": 7,
            }))
        );
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_what_there_is() {
        let problem = variables().fill(&json!({ "a": "x $other" })).expect_err("never saved");
        assert_eq!(problem, "`$other` was never saved; there is $case, $count, $money");
    }

    #[test]
    fn two_names_in_a_row_are_a_text() {
        assert_eq!(variables().fill(&json!("$case$count")), Ok(json!("c15")));
        assert_eq!(variables().fill(&json!("$$$case")), Ok(json!("$c1")));
    }
}
