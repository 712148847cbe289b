use redress_connectors::mapping::{Judged, Mapping, Verdict};
use redress_connectors::{ComplaintRow, Order, OrderStatus};

use crate::world::yuan;

const SHOP: &str = r#"
target = "order"
[defaults]
format = "%Y/%m/%d %H:%M"
zone = "Asia/Shanghai"
currency = "CNY"
unit = "units"
[fields.waybill]
from = "parcel.no"
[fields.corporate]
from = "vip"
values = { Y = "true", N = "false" }
otherwise = "bad"
[fields.ordered_at]
from = "created"
bad = "note"
[fields.promised_at]
from = "promised"
format = "unix_s"
[fields.delivered_at]
from = "signed"
format = "%Y-%m-%dT%H:%M:%S%z"
[fields.goods_value]
from = "worth"
[fields.carrier]
constant = "SF"
[fields.service_type]
from = "service"
values = { "1" = "express" }
otherwise = "missing"
missing = "note"
[fields.status]
from = "state"
[fields.scans]
each = "track"
[fields.scans.fields.at]
from = "t"
bad = "note"
[fields.scans.fields.code]
from = "c"
[fields.scans.fields.text]
text = "{$.parcel.no}: {c}"
"#;

fn one<T>(mut judged: Vec<Judged<T>>) -> Verdict<T> {
    assert_eq!(judged.len(), 1);
    judged.remove(0).verdict
}

fn texts(problems: &[redress_connectors::mapping::Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_foreign_record_becomes_an_order() {
    let mapping = Mapping::<Order>::parse("shop.toml", SHOP).unwrap();
    let line = r#"{"parcel":{"no":" A1 "},"vip":"Y","created":"2026/03/02 09:00","promised":1772600000,
        "signed":"2026-03-01T10:00:00+0800","worth":500.5,"service":7,"state":"delivered",
        "track":[{"t":"2026/03/02 11:00","c":2},{"t":"2026/03/02 10:00","c":1},{"t":"soon","c":3}]}"#;
    let Verdict::Accepted { row, notes } = one(mapping.judge(1, line)) else { panic!("refused") };
    assert_eq!(row.waybill, "A1");
    assert!(row.corporate);
    assert_eq!(row.ordered_at.unwrap().to_rfc3339(), "2026-03-02T01:00:00+00:00");
    assert_eq!(row.promised_at.unwrap().timestamp(), 1_772_600_000);
    assert_eq!(row.goods_value, Some(yuan(50_050)));
    assert_eq!((row.carrier.as_deref(), row.service_type), (Some("SF"), None));
    assert_eq!(row.status, Some(OrderStatus::Delivered));
    let codes: Vec<&str> = row.scans.iter().map(|scan| scan.code.as_str()).collect();
    assert_eq!(codes, ["1", "2"]);
    assert_eq!(row.scans[0].text.as_deref(), Some("A1: 1"));
    assert_eq!(
        texts(&notes),
        [
            "service_type: is missing",
            "scans[2].at: `soon` is not a time; expected `%Y/%m/%d %H:%M`",
            "delivered_at: is before the order was placed",
            "scans: are not in the order of their times; they are sorted",
        ]
    );
}

#[test]
fn a_refused_row_says_all_that_is_wrong_with_it() {
    let mapping = Mapping::<Order>::parse("shop.toml", SHOP).unwrap();
    let line = r#"{"parcel":{"no":""},"vip":"perhaps","created":"never","promised":"x","worth":"1.005",
        "state":"gone","service":1,"track":[{"t":"2026/03/02 11:00"}]}"#;
    let Verdict::Refused { problems } = one(mapping.judge(1, line)) else { panic!("accepted") };
    let texts = texts(&problems);
    let starts = [
        "waybill: is missing",
        "corporate: `perhaps` is not one of",
        "promised_at: `x` is not a time",
        "goods_value: `1.005` is not an amount",
        "status: `gone` is not one of",
        "ordered_at: `never` is not a time",
    ];
    for start in starts {
        assert!(texts.iter().any(|text| text.starts_with(start)), "`{start}` is not in {texts:#?}");
    }

    for (line, expected) in [("{", "not JSON"), ("[]", "not a JSON object")] {
        let Verdict::Refused { problems } = one(mapping.judge(3, line)) else { panic!("accepted") };
        assert!(problems[0].message.starts_with(expected));
    }
    assert_eq!(mapping.judge(4, "  "), []);
    let Verdict::Refused { problems } = one(mapping.judge(5, r#"{"parcel":{"no":"A1"},"worth":-1}"#)) else {
        panic!("accepted")
    };
    assert_eq!(texts_of(&problems, "goods_value"), ["is less than nothing"]);
}

fn texts_of(problems: &[redress_connectors::mapping::Problem], field: &str) -> Vec<String> {
    problems.iter().filter(|problem| problem.field == field).map(|problem| problem.message.clone()).collect()
}

#[test]
fn one_record_may_hold_several_complaints() {
    let mapping = Mapping::<ComplaintRow>::parse(
        "talk.toml",
        r#"
        target = "complaint"
        each = "talks"
        [[only]]
        from = "kind"
        one_of = ["complaint"]
        [[only]]
        from = "stars"
        at_least = 1
        at_most = 2
        [fields.source_id]
        from = "id"
        [fields.received_at]
        from = "at"
        [fields.channel]
        constant = "web"
        [fields.language]
        constant = "zh-CN"
        [fields.narrative]
        lines = ["title", "text"]
        [fields.waybill]
        from = "$.no"
        "#,
    )
    .unwrap();
    let judged = mapping.judge(
        9,
        r#"{"no":"A1","talks":[
            {"id":1,"kind":"complaint","stars":2,"at":"2026-03-02T09:00:00+08:00","title":"慢","text":"太慢了"},
            {"id":2,"kind":"praise","stars":2},
            {"id":3,"kind":"complaint","stars":3},
            {"id":4,"kind":"complaint","stars":1,"title":" "}]}"#,
    );
    assert_eq!(
        judged.iter().map(|row| (row.line, row.element)).collect::<Vec<_>>(),
        [(9, 0), (9, 1), (9, 2), (9, 3)]
    );
    let Verdict::Accepted { row, .. } = &judged[0].verdict else { panic!("refused") };
    assert_eq!((row.narrative.as_str(), row.waybill.as_deref()), ("慢\n太慢了", Some("A1")));
    assert!(!format!("{row:?}").contains('慢'));
    assert_eq!(judged[1].verdict, Verdict::PassedOver);
    assert_eq!(judged[2].verdict, Verdict::PassedOver);
    let Verdict::Refused { problems } = &judged[3].verdict else { panic!("accepted") };
    assert_eq!(texts(problems), ["received_at: is missing", "narrative: is missing"]);
}

#[test]
fn a_mapping_file_says_all_that_is_wrong_with_it() {
    let error = Mapping::<Order>::parse(
        "bad.toml",
        r#"
        target = "complaint"
        each = "a..b"
        [[only]]
        from = "x"
        [fields.order_no]
        from = "a"
        constant = "b"
        [fields.ordered_at]
        from = "t"
        format = "%Y"
        [fields.freight]
        from = "f"
        [fields.scans]
        from = "s"
        [fields.legs]
        each = "l"
        fields = { via = { from = "v" } }
        [fields.colour]
        from = "c"
        "#,
    );
    let Err(error) = error else { panic!("accepted") };
    let starts = [
        "target:",
        "each:",
        "only[0]:",
        "fields.waybill: is required",
        "fields.order_no: expected one of",
        "fields.ordered_at: zone:",
        "fields.freight: money needs",
        "fields.scans: expected `each`",
        "fields.legs.fields.via: no such field",
        "fields.colour: no such field",
    ];
    for start in starts {
        assert!(error.problems.iter().any(|text| text.starts_with(start)), "`{start}` is not in {error}");
    }
    assert_eq!(error.problems.len(), starts.len(), "{error}");

    let Err(syntax) = Mapping::<Order>::parse("bad.toml", "target = \"order\"\n[fields") else {
        panic!("accepted")
    };
    assert!(syntax.to_string().contains("line 2"), "{syntax}");
}
