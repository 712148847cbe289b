//! The data through the mapping files that are shipped.

use std::fs::File;
use std::io::{BufRead as _, BufReader};

use flate2::read::GzDecoder;
use redress_connectors::ComplaintRow;
use redress_connectors::mapping::{Mapping, Target, Verdict};
use serde_json::Value;

use crate::harness::root;

/// Mapping file of the orders.
pub(super) const ORDERS: &str = "olist-orders.toml";
const COMPLAINTS: &str = "olist-complaints.toml";

/// What the data set itself does not have: the market's relay address of a customer, and the region that we call it.
const BESIDE: &str = r#"
[fields.contact]
text = "{$.customer_id}@example.com"

[fields.region]
constant = "br"
"#;

/// All rows of a kind, each with its verdict.
#[derive(Debug)]
pub(super) struct Judged<T> {
    pub(super) accepted: Vec<T>,
    noted: usize,
    refused: usize,
    passed_over: usize,
}

impl<T> Judged<T> {
    pub(super) fn judged(&self) -> usize {
        self.accepted.len() + self.refused + self.passed_over
    }

    pub(super) fn summary(&self) -> String {
        format!(
            "{} accepted ({} with notes on their dirt), {} refused, {} passed over",
            self.accepted.len(),
            self.noted,
            self.refused,
            self.passed_over
        )
    }
}

/// The lines of the data, where they are at hand.
pub(super) fn lines() -> Option<Vec<String>> {
    let file = File::open(root().join("../shared/data/olist_orders.jsonl.gz")).ok()?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    Some(lines.map(|line| line.expect("the data can be read")).collect())
}

/// How many reviews there are, and how many of them are complaints: counted without any mapping.
pub(super) fn count_reviews(lines: &[String]) -> (usize, usize) {
    let orders = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let reviews: Vec<Value> =
        orders.flat_map(|order| order["reviews"].as_array().cloned().unwrap_or_default()).collect();
    let has_text = |review: &Value| review["text"].as_str().is_some_and(|text| !text.trim().is_empty());
    let is_bad =
        |review: &&Value| review["score"].as_i64().is_some_and(|score| score <= 2) && has_text(review);
    (reviews.len(), reviews.iter().filter(is_bad).count())
}

/// Judges all lines by a mapping file.
pub(super) fn judge<T: Target>(mapping: &str, lines: &[String]) -> Judged<T> {
    judge_by(mapping, "", lines)
}

/// Judges all reviews.
pub(super) fn judge_complaints(lines: &[String]) -> Judged<ComplaintRow> {
    judge_by(COMPLAINTS, BESIDE, lines)
}

fn judge_by<T: Target>(name: &str, beside: &str, lines: &[String]) -> Judged<T> {
    let path = root().join("deploy/connectors").join(name);
    let text = std::fs::read_to_string(path).expect("the mapping file is shipped") + beside;
    let mapping = Mapping::<T>::parse(name, &text).unwrap_or_else(|error| panic!("{error}"));
    let mut judged = Judged { accepted: Vec::new(), noted: 0, refused: 0, passed_over: 0 };
    for row in (1..).zip(lines).flat_map(|(number, line)| mapping.judge(number, line)) {
        match row.verdict {
            Verdict::Accepted { row, notes } => {
                judged.noted += usize::from(!notes.is_empty());
                judged.accepted.push(row);
            }
            Verdict::Refused { problems } => {
                assert!(!problems.is_empty(), "line {} is refused without a reason", row.line);
                judged.refused += 1;
            }
            Verdict::PassedOver => judged.passed_over += 1,
        }
    }
    judged
}
