//! The courier manual, adapted to a Brazilian market of those years by replacing some of its text.

use chrono::NaiveDate;
use redress::shipped::{DEFAULT_HANDBOOK, Document, Shelf};
use redress::suite::PolicyChoice;

/// Region of all cases.
pub(super) const REGION: &str = "br";

/// What stands in the handbook, and what stands there instead.
const REPLACED: [(&str, &str); 7] = [
    ("version = \"2026.1\"", "version = \"2016.1\""),
    ("effective_from = 2026-01-01", "effective_from = 2016-01-01"),
    ("calendar = \"cn\"", "calendar = \"br\""),
    ("currency = \"CNY\"", "currency = \"BRL\""),
    // The market's relay tells of delivery; and everything goes through it, since it is all that is known of a customer.
    (
        "en = \"complaint e-mail\" }\nkind = \"async\"",
        "en = \"complaint e-mail\" }\nkind = \"async\"\nreceipts = true",
    ),
    ("channels = [\"sms\", \"hotline\"]", "channels = [\"email\"]"),
    ("channels = [\"sms\"]", "channels = [\"email\"]"),
];

/// Deadlines that every registration starts. Most cases here are only registered: their misses count, but nobody is called
/// about more than a thousand of them for weeks. The ladders have tests of their own.
const WITHOUT_LADDER: [&str; 7] = [
    "first_response",
    "statutory_answer",
    "task_force",
    "contact_person",
    "progress",
    "investigation",
    "evidence_request",
];

/// The handbook and its calendar, for the region.
pub(super) fn policy() -> PolicyChoice {
    let shelf = Shelf::find();
    let day = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a day");
    let shipped = shelf.handbook(DEFAULT_HANDBOOK, day).expect("the handbook is shipped");
    let mut text = shipped.text;
    for (from, to) in REPLACED {
        assert!(text.contains(from), "the handbook does not have `{from}` any more");
        text = text.replace(from, to);
    }
    let text = without_ladders(&text);
    PolicyChoice {
        handbook: Document { file: "courier-manual-br.toml".to_owned(), text },
        calendar: shelf.calendar("br").expect("the calendar is shipped"),
        regions: vec![REGION.to_owned()],
    }
}

fn without_ladders(text: &str) -> String {
    let mut section = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let kind = section.strip_prefix("deadlines.").unwrap_or_default();
        if !(line.starts_with("ladder = ") && WITHOUT_LADDER.contains(&kind)) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}
