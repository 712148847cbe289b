//! The mapping files of `deploy/connectors` over the real files, where those are at hand; else nothing is tested here.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use redress_connectors::mapping::{Judged, Mapping, Problem, Target, Verdict};
use redress_connectors::{ComplaintRow, Order, OrderDirectory as _};

use crate::world::{World, counts};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn lines(name: &str) -> Option<Vec<String>> {
    let file = File::open(root().join("../shared/data").join(name)).ok()?;
    Some(BufReader::new(GzDecoder::new(file)).lines().map(Result::unwrap).collect())
}

fn mapping<T: Target>(name: &str) -> Mapping<T> {
    let text = std::fs::read_to_string(root().join("deploy/connectors").join(name)).unwrap();
    Mapping::parse(name, &text).unwrap_or_else(|error| panic!("{error}"))
}

fn judge<T: Target>(mapping: &Mapping<T>, lines: &[String]) -> Vec<Judged<T>> {
    (1..).zip(lines).flat_map(|(number, line)| mapping.judge(number, line)).collect()
}

fn count<'a>(counts: &mut BTreeMap<String, usize>, problems: impl IntoIterator<Item = &'a Problem>) {
    for problem in problems {
        *counts.entry(problem.to_string()).or_default() += 1;
    }
}

#[test]
fn the_mapping_files_are_sound() {
    mapping::<Order>("olist-orders.toml");
    mapping::<ComplaintRow>("olist-complaints.toml");
}

#[tokio::test]
async fn every_order_ends_accepted_or_refused_with_its_reasons() {
    let Some(lines) = lines("olist_orders.jsonl.gz") else { return };
    let judged = judge(&mapping::<Order>("olist-orders.toml"), &lines);
    assert_eq!(judged.len(), 5_259);

    let mut notes_seen = BTreeMap::new();
    let mut orders = Vec::new();
    for row in judged {
        match row.verdict {
            Verdict::Accepted { row, notes } => {
                count(&mut notes_seen, &notes);
                orders.push(row);
            }
            Verdict::Refused { problems } => panic!("line {}: {problems:?}", row.line),
            Verdict::PassedOver => panic!("line {} was passed over", row.line),
        }
    }
    // The dirt that the data's own description counts.
    let expected = [
        ("delivered_at: is missing on an order that is delivered", 6),
        ("goods_value: is missing", 521),
        ("line: is missing", 521),
        ("scans: are not in the order of their times; they are sorted", 42),
        ("status: says that it is not delivered, and yet there is a time of delivery", 3),
    ];
    let expected = expected.map(|(note, times)| (note.to_owned(), times));
    assert_eq!(notes_seen.into_iter().collect::<Vec<_>>(), expected);

    let first = orders.iter().find(|order| order.waybill == "a4591c265e18cb1dcee52889e2d8acc3").unwrap();
    assert_eq!(first.line.as_deref(), Some("SP→PR"));
    assert_eq!(first.goods_value.unwrap().to_string(), "147.90 BRL");
    assert_eq!(first.ordered_at.unwrap().to_rfc3339(), "2017-07-10T00:57:05+00:00");
    assert_eq!(first.promised_at.unwrap().to_rfc3339(), "2017-08-02T02:59:59+00:00");
    assert_eq!(first.scans.len(), 4);

    let world = World::quiet("real-orders");
    let count = orders.len();
    let put = world.enterprise.orders.put(orders.clone()).await;
    assert_eq!(put.map(counts), Ok((count, 0, 0)));
    assert_eq!(world.enterprise.orders.put(orders).await.map(counts), Ok((0, 0, count)));
    let found = world.again().orders.lookup("a4591c265e18cb1dcee52889e2d8acc3").await.unwrap();
    assert_eq!(found.unwrap().goods_category.as_deref(), Some("auto"));
}

#[test]
fn every_bad_review_with_a_text_becomes_a_complaint() {
    let Some(lines) = lines("olist_orders.jsonl.gz") else { return };
    let judged = judge(&mapping::<ComplaintRow>("olist-complaints.toml"), &lines);
    assert_eq!(judged.len(), 5_320);
    let mut ids = HashSet::new();
    let mut passed_over = 0;
    for row in judged {
        match row.verdict {
            Verdict::Accepted { row, .. } => {
                assert!(!row.narrative.trim().is_empty() && row.waybill.is_some() && row.language == "pt");
                assert!(ids.insert(row.source_id));
            }
            Verdict::Refused { problems } => panic!("line {}: {problems:?}", row.line),
            Verdict::PassedOver => passed_over += 1,
        }
    }
    assert_eq!((ids.len(), passed_over), (1_437, 3_883));
}

/// Another shape of records through the same code: nothing here is made for one data set.
#[test]
fn records_of_another_shape_take_another_file_and_no_code() {
    let Some(lines) = lines("dataco_shipments.jsonl.gz") else { return };
    let mapping = Mapping::<Order>::parse(
        "dataco.toml",
        r#"
        target = "order"
        [defaults]
        format = "%Y-%m-%dT%H:%M:%S"
        zone = "UTC"
        currency = "USD"
        [fields.waybill]
        from = "order_id"
        [fields.customer_ref]
        from = "customer_id"
        [fields.corporate]
        from = "customer_segment"
        values = { Corporate = "true", Consumer = "false", "Home Office" = "false" }
        [fields.ordered_at]
        from = "ordered_at"
        [fields.service_type]
        from = "service_level"
        values = { "Same Day" = "express", "First Class" = "express" }
        [fields.line]
        text = "{store_state}→{dest_region}"
        [fields.destination]
        from = "dest_city"
        [fields.goods_category]
        from = "items[].category"
        [fields.goods_value]
        from = "items[0].total_cents"
        "#,
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let judged = judge(&mapping, &lines);
    assert_eq!(judged.len(), 3_750);
    let accepted = judged.iter().filter(|row| matches!(row.verdict, Verdict::Accepted { .. })).count();
    assert_eq!(accepted, 3_750);
}
