//! Paths into an answer: `case.case_id`, `deadlines[0].deadline_id`, `deadlines[kind=progress].deadline_id`.

use serde_json::Value;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Field(String),
    Index(usize),
    /// The first element whose field reads so.
    Where(String, String),
}

/// The value at `path`, or in words why there is none.
pub(super) fn find<'a>(answer: &'a Value, path: &str) -> Result<&'a Value, String> {
    let mut value = answer;
    let mut walked = String::new();
    for part in parse(path)? {
        let here = if walked.is_empty() { "the answer".to_owned() } else { format!("`{walked}`") };
        value = match (&part, value) {
            (Part::Field(name), Value::Object(fields)) => fields.get(name).ok_or_else(|| {
                let names = fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                format!("{here} has no field `{name}`; it has {names}")
            })?,
            (Part::Index(index), Value::Array(elements)) => elements
                .get(*index)
                .ok_or_else(|| format!("{here} has {} elements, none at {index}", elements.len()))?,
            (Part::Where(field, wanted), Value::Array(elements)) => elements
                .iter()
                .find(|element| reads(element, field, wanted))
                .ok_or_else(|| format!("{here} has no element whose `{field}` is `{wanted}`"))?,
            (_, Value::Null) => return Err(format!("{here} is not set")),
            (Part::Field(name), _) => return Err(format!("{here} has no fields, so no `{name}`")),
            (Part::Index(_) | Part::Where(..), _) => return Err(format!("{here} is no list")),
        };
        walked = match part {
            Part::Field(name) if walked.is_empty() => name,
            Part::Field(name) => format!("{walked}.{name}"),
            Part::Index(index) => format!("{walked}[{index}]"),
            Part::Where(field, wanted) => format!("{walked}[{field}={wanted}]"),
        };
    }
    Ok(value)
}

fn reads(element: &Value, field: &str, wanted: &str) -> bool {
    let mut value = element;
    for name in field.split('.') {
        value = &value[name];
    }
    match value {
        Value::String(text) => text == wanted,
        other => format!("{other}") == wanted,
    }
}

fn parse(path: &str) -> Result<Vec<Part>, String> {
    let refuse =
        || format!("`{path}` is no path; expected something like case.case_id or deadlines[0].deadline_id");
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (inside, after) = after.split_once(']').ok_or_else(refuse)?;
            parts.push(match inside.split_once('=') {
                Some((field, wanted)) => {
                    Part::Where(field.trim().to_owned(), wanted.trim().trim_matches(['"', '\'']).to_owned())
                }
                None => Part::Index(inside.trim().parse().map_err(|_| refuse())?),
            });
            rest = after;
            continue;
        }
        let name = if parts.is_empty() { rest } else { rest.strip_prefix('.').ok_or_else(refuse)? };
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        if name.is_empty() {
            return Err(refuse());
        }
        parts.push(Part::Field(name.to_owned()));
        rest = after;
    }
    if parts.is_empty() { Err(refuse()) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let answer = json!({
            "case": { "case_id": "c" },
            "deadlines": [
                { "kind": "a", "deadline_id": "1", "rule": { "cite": "M2.3a" } },
                { "kind": "b", "deadline_id": "2", "rule": { "cite": "X1" } },
            ],
        });
        let cases = [
            ("case.case_id", json!("c")),
            ("case", json!({ "case_id": "c" })),
            ("deadlines[0].deadline_id", json!("1")),
            ("deadlines[1].kind", json!("b")),
            ("deadlines[kind=b].deadline_id", json!("2")),
            ("deadlines[rule.cite=X1].kind", json!("b")),
        ];
        for (path, expected) in cases {
            assert_eq!(find(&answer, path), Ok(&expected), "{path}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_says_where_it_ends() {
        let answer = json!({ "case": { "case_id": "c", "close_time": null }, "list": [1] });
        let cases = [
            ("case.id", "`case` has no field `id`; it has case_id, close_time"),
            ("cas", "the answer has no field `cas`; it has case, list"),
            ("case.close_time.x", "`case.close_time` is not set"),
            ("list[3]", "`list` has 1 elements, none at 3"),
            ("case[0]", "`case` is no list"),
        ];
        for (path, expected) in cases {
            assert_eq!(find(&answer, path), Err(expected.to_owned()), "{path}");
        }
        for path in ["", ".", "a..b", "a[x]", "a[0", "a.[0]b"] {
            assert!(find(&answer, path).expect_err(path).contains("is no path"), "{path}");
        }
    }
}
