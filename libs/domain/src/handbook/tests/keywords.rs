//! Suggestions and signals from texts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

fn suggested(language: Language, text: &str) -> Vec<String> {
    let book = courier_manual();
    book.suggest_types(Some(language), text).iter().map(|found| found.subtype.id.to_string()).collect()
}

#[test]
fn a_text_points_to_its_types_the_strongest_first() {
    assert_eq!(suggested(Language::ZhCn, "箱子破了，还漏液，而且晚了两天"), ["damage", "delay"]);
    assert_eq!(
        suggested(Language::En, "The box was crushed and leaking, and it came LATE."),
        ["damage", "delay"]
    );
    assert_eq!(suggested(Language::Pt, "O produto veio QUEBRADO e a entrega atrasou"), ["damage", "delay"]);
    assert_eq!(suggested(Language::ZhCn, "显示已签收，可是没有任何东西"), ["false_sign_off"]);
    assert_eq!(suggested(Language::ZhCn, "未经同意放到了丰巢快递柜"), ["locker_without_consent"]);
    assert!(suggested(Language::ZhCn, "").is_empty());
}

#[test]
fn an_excepted_phrase_does_not_count() {
    assert!(suggested(Language::ZhCn, "收到了，没有破损").is_empty());
    assert_eq!(suggested(Language::ZhCn, "外箱没有破损，里面碎了"), ["damage"]);
}

#[test]
fn words_of_other_languages_are_whole_words() {
    assert!(suggested(Language::En, "The chocolate plates were lovely").is_empty());
    assert_eq!(suggested(Language::En, "delayed again"), ["delay"]);
}

#[test]
fn offsets_count_characters() {
    let book = courier_manual();
    let found = book.suggest_types(Some(Language::ZhCn), "东西压坏了");
    assert_eq!(found[0].subtype.id.as_str(), "damage");
    assert_eq!(found[0].matches[0], Place { from: 2, until: 4 });
}

#[test]
fn another_language_is_tried_where_the_stated_one_finds_nothing() {
    assert_eq!(suggested(Language::ZhCn, "the parcel is damaged"), ["damage"]);
}

#[test]
fn signals_are_found_and_a_threat_is_not_an_involvement() {
    let book = courier_manual();
    let signals = |text: &str| -> Vec<Signal> {
        book.detect_signals(Some(Language::ZhCn), text).iter().map(|found| found.signal).collect()
    };
    assert_eq!(signals("再不处理我就打12305投诉"), [Signal::RegulatorThreat]);
    assert_eq!(signals("我已向12305投诉，申诉已受理"), [Signal::Regulator]);
    assert_eq!(signals("我是记者，准备曝光"), [Signal::Media]);
    assert_eq!(signals("我们这一批货全部延误"), [Signal::Group]);
    assert_eq!(signals("我要看监控"), [Signal::DoubtsEvidence]);
    assert_eq!(signals("快递员很好"), []);
    let found = &book.detect_signals(Some(Language::ZhCn), "我是记者")[0];
    assert_eq!(found.rule, RuleRef { id: "signal.media".into(), cite: "M8.1 八(一)".into() });
    assert_eq!(found.matches, [Place { from: 2, until: 4 }]);
}

/// The labels of the gold file, as sub-types. Labels that are no complaint about logistics have none.
fn subtypes_of(label: &str) -> &'static [&'static str] {
    match label {
        "DELAY" => &["delay"],
        "DELIVERY_CONDUCT" => &["irregular_delivery", "locker_without_consent"],
        "ATTITUDE" => &["bad_attitude"],
        "DAMAGE" => &["damage"],
        "LOSS_SHORTAGE" => &["contents_lost", "parcel_lost"],
        "WRONG_ITEM" => &["weight_or_quantity_mismatch"],
        "FEE" => &["freight_miscalculated", "unreasonable_charge", "insured_claim_dispute"],
        "FALSE_SIGN_OFF" => &["false_sign_off"],
        "TRACKING_INFO" => &["tracking_abnormal", "query_failed"],
        _ => &[],
    }
}

/// On hand-labelled real texts, the strongest suggestion must beat the crude guess that the labels came with, which
/// has any right label for 74 % of them. Skipped where the data are not there.
#[test]
fn suggestions_beat_the_crude_guess_on_real_texts() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let (Ok(texts), Ok(labels)) = (
        std::fs::read_to_string(data.join("zh_texts.jsonl")),
        std::fs::read_to_string(data.join("zh_gold_labels.csv")),
    ) else {
        return;
    };
    let texts: BTreeMap<String, String> = texts
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            (row["id"].as_str().unwrap().to_owned(), row["text"].as_str().unwrap().to_owned())
        })
        .collect();
    let book = courier_manual();
    let (mut labelled, mut right) = (0, 0);
    for row in labels.lines().skip(1) {
        let columns: Vec<&str> = row.split(',').collect();
        let wanted: Vec<&str> = columns[2].split(';').flat_map(subtypes_of).copied().collect();
        if !subtypes_of(columns[1]).is_empty() {
            labelled += 1;
            let found = book.suggest_types(Some(Language::ZhCn), &texts[columns[0]]);
            right +=
                usize::from(found.first().is_some_and(|found| wanted.contains(&found.subtype.id.as_str())));
        }
    }
    assert!(labelled > 100, "only {labelled} rows are labelled");
    assert!(right * 100 >= labelled * 85, "only {right} of {labelled} are right");
}
