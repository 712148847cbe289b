//! `redress import`: a verdict a row, sums, exit codes; against running services.

use std::path::Path;
use std::process::Output;

use redress::suite::Suite;
use serde_json::{Value, json};

use crate::command::{redress, told};
use crate::suite::{environment, suite};

const ORDERS: &str = r#"
target = "order"
[fields.waybill]
from = "no"
[fields.goods_value]
from = "worth"
unit = "units"
currency = "CNY"
missing = "note"
"#;

const COMPLAINTS: &str = r#"
target = "complaint"
[[only]]
from = "words"
present = true
[fields.source_id]
from = "id"
[fields.received_at]
from = "at"
[fields.channel]
constant = "sms"
[fields.language]
constant = "zh-CN"
[fields.narrative]
from = "words"
[fields.contact]
from = "who"
"#;

/// Two complaints, one whose time cannot be read, one from the future, and one without words.
const ROWS: &str = r#"{"id":"a-1","at":"2026-03-01T10:00:00+08:00","words":"包裹还没到","who":"13800000001"}
{"id":"a-2","at":"2026-03-01T11:00:00+08:00","words":"外包装破损"}
{"id":"a-3","at":"last week","words":"态度恶劣"}
{"id":"a-4","at":"2026-03-09T11:00:00+08:00","words":"运费多收"}
{"id":"a-5","at":"2026-03-01T12:00:00+08:00","words":" "}
"#;

fn written(directory: &redress_testkit::Home, name: &str, text: &str) -> std::path::PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).expect("there is room for temporary files");
    path
}

fn run(file: &Path, mapping: &Path, more: &[&str]) -> Output {
    let path = |path: &Path| path.to_str().expect("a name").to_owned();
    let (file, mapping) = (path(file), path(mapping));
    redress(&[&["import", &file, "--mapping", &mapping], more].concat())
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON value on standard output")
}

#[test]
fn orders_are_taken_in_once() {
    let home = redress_testkit::Home::temporary().expect("a directory");
    let mapping = written(&home, "orders.toml", ORDERS);
    let file =
        written(&home, "orders.jsonl", "{\"no\":\"SF1\",\"worth\":\"12.50\"}\n{\"no\":\"SF2\"}\nnonsense\n");
    let system = home.path().join("outside");
    let system = ["--json", "--connectors", system.to_str().expect("a name")];

    let judged = run(&file, &mapping, &[&system[..], &["--dry-run"]].concat());
    assert_eq!(judged.status.code(), Some(1), "{}", told(&judged));
    for (run, accepted, repeated) in
        [(judged, 2, 0), (run(&file, &mapping, &system), 2, 0), (run(&file, &mapping, &system), 0, 2)]
    {
        let told = json_of(&run);
        assert_eq!((&told["accepted"], &told["repeated"]), (&json!(accepted), &json!(repeated)), "{told:#}");
        assert_eq!((&told["refused"], &told["with_notes"]), (&json!(1), &json!(1)), "{told:#}");
        let verdicts = told["verdicts"].as_array().expect("a verdict a row");
        assert_eq!(verdicts.len(), 3);
        assert_eq!(verdicts[1]["notes"], json!(["goods_value: is missing"]));
        let expected = if repeated > 0 { "repeated" } else { "accepted" };
        let each: Vec<&Value> = verdicts.iter().map(|verdict| &verdict["verdict"]).collect();
        assert_eq!(each, [&json!(expected), &json!(expected), &json!("refused")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn complaints_are_judged_registered_and_known_again() {
    let mut environment = environment().await;
    let suite = suite(&mut environment, "2026-03-02T09:00:00+08:00").await;
    let home = redress_testkit::Home::temporary().expect("a directory");
    let (mapping, file) = (written(&home, "complaints.toml", COMPLAINTS), written(&home, "rows.jsonl", ROWS));
    let address = format!("intake={}", suite.addresses()["intake"]);
    let token = suite.token("integration", "importer", "", &[]).expect("is signed");
    let import = async |more: &'static [&'static str]| {
        let (file, mapping, address, token) = (file.clone(), mapping.clone(), address.clone(), token.clone());
        let run = move || {
            let common = ["--source", "test", "--address", &address, "--token", &token];
            run(&file, &mapping, &[&common[..], more].concat())
        };
        tokio::task::spawn_blocking(run).await.expect("runs")
    };

    let dry = import(&["--json", "--dry-run"]).await;
    assert_eq!(dry.status.code(), Some(1), "{}", told(&dry));
    assert_eq!(cases(&suite).await, 0, "a dry run registers nothing");
    let told_dry = json_of(&dry);
    assert_eq!(
        (&told_dry["accepted"], &told_dry["refused"], &told_dry["passed_over"]),
        (&json!(2), &json!(2), &json!(1))
    );
    let verdicts = told_dry["verdicts"].as_array().expect("a verdict a row");
    let of = |line: u64| verdicts.iter().find(|verdict| verdict["line"] == line).expect("every line has one");
    assert_eq!((&of(1)["verdict"], &of(5)["verdict"]), (&json!("accepted"), &json!("passed_over")));
    assert!(of(3)["problems"].to_string().contains("received_at"), "{:#}", of(3));
    assert!(of(4)["problems"].to_string().contains("complaint.received_time"), "{:#}", of(4));
    assert!(of(2)["missing_fields"].to_string().contains("customer.phone"), "{:#}", of(2));

    let real = import(&[]).await;
    assert_eq!(real.status.code(), Some(1), "{}", told(&real));
    let text = told(&real);
    assert!(text.contains("line 3, element 0: refused: received_at"), "{text}");
    assert!(
        text.contains("complaints: 2 accepted (0 with notes), 0 repeated, 2 refused, 1 passed over"),
        "{text}"
    );
    assert_eq!(cases(&suite).await, 2);

    let again = json_of(&import(&["--json"]).await);
    assert_eq!((&again["accepted"], &again["repeated"]), (&json!(0), &json!(2)), "{again:#}");
    assert_eq!(cases(&suite).await, 2, "importing again changes nothing");
    let case_id = |told: &Value| {
        told["verdicts"]
            .as_array()
            .expect("verdicts")
            .iter()
            .filter(|verdict| verdict["case_id"].is_string())
            .count()
    };
    assert_eq!(case_id(&again), 2);
    suite.stop().await.expect("ends well");
}

async fn cases(suite: &Suite) -> usize {
    suite.rest().await.expect("comes to rest");
    let client = suite.client("intake", "supervision").expect("a client");
    client.list("IntakeService/ListCases", json!({}), "cases", 100).await.expect("a list").len()
}
