//! Where a value stands in a foreign record: `order_id`, `items[0].price`, `items[].origin_state`, `$.order_id`.

use serde_json::Value;

/// What paths are looked up in: the row, and the whole record it is part of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) record: &'a Value,
    pub(super) element: &'a Value,
}

/// A path; `$.` makes it start at the record instead of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    from_record: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Element(usize),
    Each,
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a path; expected such as `items[0].price` or `$.order_id`");
        let (from_record, rest) = match text.strip_prefix("$.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut steps = Vec::new();
        for part in rest.split('.') {
            let (name, mut brackets) = part.split_at(part.find('[').unwrap_or(part.len()));
            if name.is_empty() {
                return Err(wrong());
            }
            steps.push(Step::Field(name.to_owned()));
            while !brackets.is_empty() {
                let (inside, rest) =
                    brackets.strip_prefix('[').and_then(|text| text.split_once(']')).ok_or_else(wrong)?;
                steps.push(match inside {
                    "" => Step::Each,
                    index => Step::Element(index.parse().map_err(|_| wrong())?),
                });
                brackets = rest;
            }
        }
        Ok(Self { from_record, steps })
    }

    /// All values there; nothing and `null` are left out.
    pub(super) fn find<'a>(&self, scope: Scope<'a>) -> Vec<&'a Value> {
        let mut found = vec![if self.from_record { scope.record } else { scope.element }];
        for step in &self.steps {
            found = match step {
                Step::Field(name) => found.into_iter().filter_map(|value| value.get(name)).collect(),
                Step::Element(index) => found.into_iter().filter_map(|value| value.get(*index)).collect(),
                Step::Each => found.into_iter().filter_map(Value::as_array).flatten().collect(),
            };
        }
        found.retain(|value| !value.is_null());
        found
    }
}

/// A text with paths in it: `{origin}→{dest}`.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone)]
pub(super) enum Part {
    Literal(String),
    Path(Path),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (path, after) =
                after.split_once('}').ok_or_else(|| format!("`{text}` has a `{{` without its `}}`"))?;
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(Part::Path(Path::parse(path)?));
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_find_fields_elements_and_all_of_a_list() {
        let record = json!({ "a": { "b": [ { "c": 1 }, { "c": null }, { "c": 3 } ] }, "d": "x" });
        let element = json!({ "e": 5 });
        let scope = Scope { record: &record, element: &element };
        let find =
            |path: &str| Path::parse(path).unwrap().find(scope).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(find("e"), [json!(5)]);
        assert_eq!(find("d"), Vec::<Value>::new());
        assert_eq!(find("$.d"), [json!("x")]);
        assert_eq!(find("$.a.b[0].c"), [json!(1)]);
        assert_eq!(find("$.a.b[].c"), [json!(1), json!(3)]);
        assert_eq!(find("$.a.b[7].c"), Vec::<Value>::new());
    }

    #[test]
    fn a_malformed_path_is_refused() {
        for path in ["", "a..b", "a[", "a[x]", "a[0]b", "$."] {
            assert!(Path::parse(path).is_err(), "`{path}`");
        }
        assert!(Template::parse("{a").is_err());
    }
}
