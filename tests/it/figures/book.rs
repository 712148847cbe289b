//! The figures in a handbook's text, and copies of it in which one of them is another.

use toml::{Table, Value};

/// Keys whose texts are conditions and formulas.
const FORMULAS: [&str; 4] = ["when", "suggest_when", "suggest_basis_points", "exposure_minor"];
/// Lists whose length the manual tells.
const COUNTED: [&str; 4] = [
    "closing.gates.accepted.requires",
    "resolution.execution.ask_after",
    "resolution.execution.retry_after",
    "survey.questions",
];
/// Keys by which an element of a list is called, before its place.
const NAMES: [&str; 4] = ["id", "basis", "kind", "code"];

/// A figure of the handbook.
#[derive(Debug)]
pub(super) struct Figure {
    /// Where it stands: `closing.retention.general.years`; `…#2` is the third number of a formula, and `….count` how many
    /// the list has.
    pub(super) path: String,
    /// The nearest `cite`.
    pub(super) cite: String,
}

/// All figures: numbers, limits, times of the day, dates, numbers in conditions and formulas, and the lengths of some lists.
pub(super) fn figures(book: &str) -> Vec<Figure> {
    let book = Value::Table(book.parse::<Table>().expect("the handbook is TOML"));
    let mut found = Vec::new();
    walk(&book, "", "", &mut found);
    found
}

fn walk(value: &Value, path: &str, cite: &str, found: &mut Vec<Figure>) {
    let mut add = |path: String| found.push(Figure { path, cite: cite.to_owned() });
    match value {
        Value::Integer(_) | Value::Datetime(_) => add(path.to_owned()),
        Value::String(text) if is_figure(text) => add(path.to_owned()),
        Value::String(text) if FORMULAS.contains(&last(path)) => {
            (0..numbers(text).len()).for_each(|place| add(format!("{path}#{place}")));
        }
        Value::Table(table) => {
            let cite = table.get("cite").and_then(Value::as_str).unwrap_or(cite);
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(value, &path, cite, found);
            }
        }
        Value::Array(elements) => {
            if COUNTED.contains(&path) {
                add(format!("{path}.count"));
            }
            for (place, element) in elements.iter().enumerate() {
                walk(element, &format!("{path}.{}", name(place, element)), cite, found);
            }
        }
        Value::String(_) | Value::Float(_) | Value::Boolean(_) => {}
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn name(place: usize, element: &Value) -> String {
    let named = NAMES.iter().find_map(|key| element.get(key)?.as_str());
    named.map_or_else(|| place.to_string(), str::to_owned)
}

/// Whether a text is a limit such as `3wd`, or a time of the day such as `18:00`.
fn is_figure(text: &str) -> bool {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let limit = unit.len() < text.len() && ["m", "h", "d", "wd", "wh"].contains(&unit);
    let time = text.split_once(':').is_some_and(|(hour, minute)| {
        [hour, minute].iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    limit || time
}

/// Where the numbers of a formula stand. Those in its texts and names are none.
fn numbers(formula: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let (mut quote, mut in_word) = (None, false);
    for (at, letter) in formula.char_indices() {
        if quote.is_some() {
            quote = quote.filter(|open| *open != letter);
            continue;
        }
        if letter == '"' || letter == '\'' {
            (quote, in_word) = (Some(letter), false);
        } else if letter.is_ascii_digit() && !in_word {
            match found.last_mut().filter(|number| number.end == at) {
                Some(number) => number.end += 1,
                None => found.push(at..at + 1),
            }
        } else {
            in_word = letter.is_alphanumeric() || "_.".contains(letter);
        }
    }
    found
}

/// A copy of the handbook in which the figures at `paths` are `becomes`, as TOML writes it, and nothing else is changed but
/// the version. A list that is counted loses its last elements.
pub(super) fn copy(book: &str, version: &str, paths: &[&str], becomes: &str) -> String {
    let mut copy = book.parse::<Table>().expect("the handbook is TOML");
    copy.insert("version".to_owned(), Value::String(version.to_owned()));
    let mut copy = Value::Table(copy);
    let mut becomes = format!("value = {becomes}").parse::<Table>().expect("the table gives a TOML value");
    let becomes = becomes.remove("value").expect("just written");
    for path in paths {
        set(&mut copy, path, &becomes);
    }
    toml::to_string(&copy).expect("what was read can be written")
}

fn set(book: &mut Value, path: &str, becomes: &Value) {
    let (list, counted) = path.strip_suffix(".count").map_or((path, false), |list| (list, true));
    let (leaf, place) = list.rsplit_once('#').map_or((list, None), |(leaf, place)| (leaf, Some(place)));
    let found = find(book, leaf).unwrap_or_else(|| panic!("the handbook has no `{path}`"));
    if counted {
        let count = becomes.as_integer().and_then(|count| usize::try_from(count).ok());
        found.as_array_mut().expect("a list").truncate(count.expect("a number of elements"));
        return;
    }
    let Some(place) = place else {
        assert_eq!(found.type_str(), becomes.type_str(), "`{path}` becomes something else");
        *found = becomes.clone();
        return;
    };
    let formula = found.as_str().expect("a formula").to_owned();
    let number = numbers(&formula)[place.parse::<usize>().expect("a place")].clone();
    *found = Value::String(format!("{}{becomes}{}", &formula[..number.start], &formula[number.end..]));
}

fn find<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    let found = match value {
        Value::Table(table) => table.get_mut(key)?,
        Value::Array(elements) => {
            let place =
                elements.iter().enumerate().position(|(place, element)| name(place, element) == key)?;
            &mut elements[place]
        }
        _ => return None,
    };
    match rest {
        Some(rest) => find(found, rest),
        None => Some(found),
    }
}

#[test]
fn figures_are_found_in_formulas_and_lists() {
    let book = r#"
        cite = "M9"
        share = 3
        limit = { urgent = "1h", general = "90m" }
        at = "18:00"
        [resolution.execution]
        cite = "M6"
        ask_after = ["1m", "1h"]
        [[rules]]
        id = "late"
        cite = "X1 1"
        when = 'order.days_90d <= 10 ? "in 5 days" == x1 : 2000 > 3'
    "#;
    let found: Vec<String> =
        figures(book).iter().map(|figure| format!("{} {}", figure.cite, figure.path)).collect();
    let expected = [
        "M9 at",
        "M9 limit.general",
        "M9 limit.urgent",
        "M6 resolution.execution.ask_after.count",
        "M6 resolution.execution.ask_after.0",
        "M6 resolution.execution.ask_after.1",
        "X1 1 rules.late.when#0",
        "X1 1 rules.late.when#1",
        "X1 1 rules.late.when#2",
        "M9 share",
    ];
    assert_eq!(found, expected);
    let copied = copy(book, "2", &["rules.late.when#1"], "7").parse::<Table>().expect("TOML");
    let formula = copied["rules"][0]["when"].as_str();
    assert_eq!(formula, Some(r#"order.days_90d <= 10 ? "in 5 days" == x1 : 7 > 3"#));
    let copied =
        copy(book, "2", &["resolution.execution.ask_after.count"], "1").parse::<Table>().expect("TOML");
    assert_eq!(copied["resolution"]["execution"]["ask_after"].as_array().map(Vec::len), Some(1));
}
