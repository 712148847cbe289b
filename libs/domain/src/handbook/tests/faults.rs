//! Every kind of fault is refused at its line and column, and all of them at once.

use proptest::prelude::*;

use super::*;

/// Where `needle`, which must stand in the text once, begins.
fn place(text: &str, needle: &str) -> (u32, u32) {
    assert_eq!(text.matches(needle).count(), 1, "`{needle}` must stand in the text once");
    let before = &text[..text.find(needle).unwrap()];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (u32::try_from(line).unwrap(), u32::try_from(column).unwrap())
}

fn problems(text: &str) -> Vec<Problem> {
    Handbook::parse("book.toml", text).expect_err("the handbook has a fault").problems
}

/// The handbook with `from` replaced by `to` has one problem, at `needle`, and says `wrong` and `expected` of it.
#[track_caller]
fn refused(from: &str, to: &str, needle: &str, wrong: &str, expected: &str) {
    let text = changed(from, to);
    let problems = problems(&text);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let (line, column) = place(&text, needle);
    let problem = &problems[0];
    assert_eq!((problem.line, problem.column), (line, column), "{problem}");
    assert!(problem.wrong.contains(wrong), "{problem}");
    assert!(problem.expected.contains(expected), "{problem}");
}

#[test]
fn a_syntax_error() {
    let text = changed("people_min = 5", "people_min = ");
    let errors = Handbook::parse("book.toml", &text).unwrap_err();
    let line = place(&text, "people_min = ").0;
    assert_eq!(errors.problems.len(), 1);
    assert!(errors.to_string().starts_with(&format!("book.toml:{line}:14: ")), "{errors}");
}

#[test]
fn every_syntax_error_is_reported() {
    let text = changed("people_min = 5", "people_min = ").replace("rounds_max = 3", "rounds_max = ");
    assert_eq!(problems(&text).len(), 2);
}

#[test]
fn an_unknown_key() {
    refused(
        "people_min = 5",
        "people_min = 5\npeople_mim = 5",
        "people_mim",
        "unknown key `people_mim`",
        "`people_min`",
    );
}

#[test]
fn a_missing_key() {
    let text = changed("people_min = 5\n", "");
    let problem = &problems(&text)[0];
    assert_eq!((problem.line, problem.column), place(&text, "[triage.incident]"));
    assert_eq!(problem.wrong, "missing key `people_min`");
}

#[test]
fn a_rule_without_cite() {
    let text = changed("id = \"special_goods\"\ncite = \"M3.2 三(二)\"\n", "id = \"special_goods\"\n");
    let problem = &problems(&text)[0];
    let (line, _) = place(&text, "id = \"special_goods\"");
    assert_eq!((problem.line, problem.column), (line - 1, 1), "{problem}");
    assert_eq!(problem.wrong, "missing key `cite`");
    assert!(problem.expected.contains("clause"));
}

#[test]
fn an_empty_cite() {
    refused("cite = \"M3.2 三(二)\"\npeople_min", "cite = \" \"\npeople_min", "\" \"", "empty", "clause");
}

#[test]
fn a_wrong_type() {
    refused("people_min = 5", "people_min = \"five\"", "\"five\"", "of type string", "whole number");
}

#[test]
fn a_number_out_of_range() {
    refused("people_min = 5", "people_min = -5", "-5\nwindow", "out of range", "from 0");
}

#[test]
fn a_duplicate_name() {
    let text = changed("id = \"group_complaint\"", "id = \"special_goods\"");
    let problem = &problems(&text)[0];
    let second = text.rfind("\"special_goods\"").unwrap();
    let line = text[..second].matches('\n').count() + 1;
    assert_eq!((problem.line, problem.column), (u32::try_from(line).unwrap(), 6));
    assert!(problem.wrong.contains("duplicate priority rule `special_goods`"), "{problem}");
}

#[test]
fn an_unknown_reference() {
    refused(
        "rung = \"gm_meeting\"",
        "rung = \"gm_meetin\"",
        "\"gm_meetin\"",
        "unknown rung `gm_meetin`",
        "`gm_meeting`",
    );
    refused(
        "unclassified = \"other_service\"",
        "unclassified = \"none_such\"",
        "\"none_such\"",
        "unknown sub-type",
        "delay",
    );
    refused(
        "audience = \"finance\"",
        "audience = \"finanze\"",
        "\"finanze\"",
        "unknown role `finanze`",
        "`finance`",
    )
}

#[test]
fn an_unknown_role_deadline_and_channel() {
    refused("role = \"gm-office\"", "role = \"gm-ofice\"", "\"gm-ofice\"", "unknown role", "`gm-office`");
    refused(
        "deadline = \"progress\"",
        "deadline = \"progres\"",
        "\"progres\"",
        "unknown deadline kind",
        "`progress`",
    );
    refused("\"sms\", \"hotline\"", "\"sms\", \"telex\"", "\"telex\"", "unknown channel", "one of hotline");
}

#[test]
fn a_missing_deadline_kind() {
    let text = changed("[deadlines.follow_up]", "[deadlines.folow_up]");
    let problems = problems(&text);
    assert!(
        problems.iter().any(|problem| problem.wrong == "unknown deadline kind `folow_up`"),
        "{problems:#?}"
    );
    assert!(
        problems.iter().any(|problem| problem.wrong == "there is nothing for the deadline kind `follow_up`"),
        "{problems:#?}"
    );
}

#[test]
fn a_limit_that_is_none() {
    refused("window = \"24h\"", "window = \"24 hours\"", "\"24 hours\"", "`24 hours` is no limit", "\"90m\"");
}

#[test]
fn a_missing_chinese_text() {
    let text = changed("name = { zh-CN = \"财务部\", en = \"finance\" }", "name = { en = \"finance\" }");
    let problem = &problems(&text)[0];
    assert_eq!((problem.line, problem.column), place(&text, "{ en = \"finance\" }"));
    assert_eq!(problem.wrong, "missing zh-CN text");
}

#[test]
fn an_unknown_fact() {
    refused(
        "when = 'signals.media'\naudience",
        "when = 'signals.medai'\naudience",
        "medai'",
        "unknown fact `signals.medai`",
        "`signals.media`",
    );
    refused(
        "when = 'incident.recognised'",
        "when = 'incidents.recognised'",
        "incidents.recognised",
        "unknown group of facts `incidents`",
        "`incident`",
    );
    refused(
        "suggest_when = 'customer.corporate'\n[[resolution.remedies.parts]]\nkind = \"vip_card\"",
        "suggest_when = 'corporate'\n[[resolution.remedies.parts]]\nkind = \"vip_card\"",
        "corporate'\n[[resolution.remedies.parts]]\nkind = \"vip_card\"",
        "unknown name `corporate`",
        "a fact such as",
    );
}

#[test]
fn an_unknown_figure() {
    refused(
        ">= figures.high_insured_value_minor",
        ">= figures.high_insured_value",
        "high_insured_value\n",
        "unknown fact `figures.high_insured_value`",
        "figures.high_insured_value_minor",
    );
}

#[test]
fn an_unknown_value_of_a_fact() {
    refused(
        "id = \"urgent\"\ncite = \"M3.3 三(三)\"\nwhen = 'case.priority == \"urgent\"'",
        "id = \"urgent\"\ncite = \"M3.3 三(三)\"\nwhen = 'case.priority == \"urgnet\"'",
        "\"urgnet\"",
        "unknown priority `urgnet`",
        "`urgent`",
    );
    refused(
        "t in [\"damage\", \"parcel_lost\", \"contents_lost\"]",
        "t in [\"damage\", \"parcel_losst\", \"contents_lost\"]",
        "\"parcel_losst\"",
        "unknown sub-type `parcel_losst`",
        "`parcel_lost`",
    );
}

#[test]
fn a_comparison_of_two_types() {
    refused(
        "order.days_late <= 1 ? 500 : order.days_late <= 3 ? 1000 : 2000'  # within",
        "order.days_late <= \"1\" ? 500 : 2000'  # within",
        "\"1\" ?",
        "this is a text",
        "only numbers have an order",
    );
    refused(
        "when = 'incident.recognised'",
        "when = 'incident.people == \"5\"'",
        "== \"5\"",
        "a whole number is compared with a text",
        "same type",
    );
}

#[test]
fn a_condition_that_is_no_condition() {
    refused(
        "when = 'incident.recognised'",
        "when = 'incident.people'",
        "incident.people'",
        "this expression gives a whole number",
        "true or false",
    );
    refused(
        "suggest_basis_points = '10000'",
        "suggest_basis_points = 'order.known'",
        "order.known'\n\n[[resolution.remedies]]",
        "this expression gives true or false",
        "a whole number",
    );
}

#[test]
fn an_unknown_function() {
    refused(
        "when = 'incident.recognised'",
        "when = 'order.line.startWith(\"SHA\")'",
        "startWith",
        "unknown function `startWith`",
        "`startsWith`",
    );
}

#[test]
fn a_decimal_number_and_a_division_by_a_fact() {
    refused(
        "suggest_basis_points = '10000'",
        "suggest_basis_points = '99.5'",
        "99.5",
        "decimal numbers are not used",
        "basis points",
    );
    refused(
        "suggest_basis_points = '10000'",
        "suggest_basis_points = '10000 / order.days_late'",
        "order.days_late'\n\n[[resolution.remedies]]",
        "a divisor that could be 0",
        "other than 0",
    );
}

#[test]
fn a_condition_that_cannot_be_read() {
    refused(
        "when = 'incident.recognised'",
        "when = 'incident.recognised && || order.known'",
        "|| order.known",
        "extraneous input '||'",
        "a value",
    );
}

#[test]
fn places_are_right_after_escapes_and_line_breaks() {
    refused(
        "when = 'incident.recognised'",
        "when = \"order.line == \\\"\\u4E0A海\\\" && order.freigt_minor > 0\"",
        "freigt_minor",
        "unknown fact `order.freigt_minor`",
        "`order.freight_minor`",
    );
    refused(
        "when = '''\norder.insured && ",
        "when = '''\norder.insured &&\n\n  order.insurd && ",
        "insurd &&",
        "unknown fact `order.insurd`",
        "`order.insured`",
    );
}

#[test]
fn a_gap_between_rungs() {
    // The gap of the source itself: up to 2,000 yuan, and from 5,000 on.
    refused(
        "above_minor = 200000",
        "above_minor = 500000",
        "500000\nmeeting",
        "gap: amounts above 200000 up to 500000 have no rung",
        "above_minor = 200000",
    );
    refused(
        "above_minor = 0\n",
        "above_minor = 1\n",
        "1\nup_to_minor = 50000",
        "gap: amounts above 0 up to 1",
        "above_minor = 0",
    );
    refused(
        "above_minor = 200000\n",
        "above_minor = 200000\nup_to_minor = 900000\n",
        "900000",
        "gap: amounts above 900000 have no rung",
        "without `up_to_minor`",
    );
}

#[test]
fn an_overlap_of_rungs() {
    refused(
        "above_minor = 50000",
        "above_minor = 40000",
        "40000",
        "overlap: amounts above 40000 up to 50000 have two rungs",
        "above_minor = 50000",
    );
}

#[test]
fn a_limit_beyond_the_law() {
    refused(
        "limit = { urgent = \"24h\", important = \"48h\", general = \"72h\" }\npaused",
        "limit = { urgent = \"24h\", important = \"48h\", general = \"169h\" }\npaused",
        "{ urgent = \"24h\", important = \"48h\", general = \"169h\" }",
        "`169h` is longer than the statutory 7d",
        "at most 7d",
    );
    refused(
        "at_most = \"72h\"",
        "at_most = \"8d\"",
        "\"8d\"",
        "`8d` is longer than the statutory 7d",
        "at most 7d",
    );
}

#[test]
fn a_deadline_that_leans_on_no_law() {
    refused(
        "granted_by = [\"cs-supervisor\", \"operations-manager\"]\nnever_past = \"statutory_answer\"",
        "granted_by = [\"cs-supervisor\", \"operations-manager\"]\nnever_past = \"progress\"",
        "\"progress\"\n\n[investigation.evidence]",
        "the deadline `progress` is not statutory",
        "basis = \"statute\"",
    );
}

#[test]
fn dispatch_that_leaves_cases_to_nobody() {
    refused(
        "id = \"general\"\ncite = \"M3.3 三(三)\"\n",
        "id = \"general\"\ncite = \"M3.3 三(三)\"\nwhen = 'order.known'\n",
        "\"general\"\ncite = \"M3.3 三(三)\"\nwhen",
        "go to nobody",
        "without `when`",
    );
}

#[test]
fn a_band_upside_down() {
    let text = COURIER_MANUAL.replacen("basis_points_min = 500", "basis_points_min = 2001", 1);
    let problem = &problems(&text)[0];
    assert_eq!((problem.line, problem.column), place(&text, "2001"));
    assert!(problem.wrong.contains("2001 is above the greatest, 2000"));
}

#[test]
fn a_notice_with_an_unknown_placeholder() {
    refused("{missing}。", "{misssing}。", "misssing}", "unknown placeholder `misssing`", "`missing`");
}

#[test]
fn a_notice_that_does_not_say_what_it_must() {
    let text = COURIER_MANUAL.replace("或拨打12315由市场监管部门调解", "或请市场监管部门调解");
    let problem = &problems(&text)[0];
    assert!(problem.wrong.contains("the zh-CN text of `final_position` does not say `12315`"), "{problem}");
}

#[test]
fn a_mechanical_phrase() {
    let text = COURIER_MANUAL.replace("有新的情况会马上告诉您", "请耐心等待");
    let problem = &problems(&text)[0];
    assert!(problem.wrong.contains("mechanical phrase `请耐心等待`"), "{problem}");
    let text = COURIER_MANUAL.replace("We stay on it and tell", "Please be patient, we tell");
    let problem = &problems(&text)[0];
    assert!(problem.wrong.contains("mechanical phrase `please be patient`"), "{problem}");
}

#[test]
fn a_statutory_deadline_without_its_law() {
    let start = COURIER_MANUAL.find("[deadlines.statutory_answer.law]").unwrap();
    let end = COURIER_MANUAL.find("[deadlines.regulator_answer]").unwrap();
    let text = format!("{}{}", &COURIER_MANUAL[..start], &COURIER_MANUAL[end..]);
    let problem = &problems(&text)[0];
    assert_eq!((problem.line, problem.column), place(&text, "\"statute\""));
    assert!(problem.wrong.contains("without its law"));
}

#[test]
fn all_faults_are_reported_in_the_order_of_the_file() {
    let text = changed("people_min = 5", "people_min = \"five\"")
        .replace("above_minor = 200000", "above_minor = 500000")
        .replace("when = 'incident.recognised'", "when = 'incident.peple > 4'")
        .replace("id = \"special_goods\"\ncite = \"M3.2 三(二)\"\n", "id = \"special_goods\"\n")
        .replace("window = \"24h\"", "windw = \"24h\"");
    let problems = problems(&text);
    let wrong: Vec<&str> = problems.iter().map(|problem| problem.wrong.as_str()).collect();
    assert_eq!(
        wrong,
        [
            "missing key `cite`",
            "unknown fact `incident.peple`",
            "missing key `window`",
            "this is of type string",
            "unknown key `windw`",
            "gap: amounts above 200000 up to 500000 have no rung",
        ]
    );
    assert!(problems.is_sorted_by_key(|problem| (problem.line, problem.column)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_spoilt_file_is_refused_or_read_but_never_panics(
        at in 0_usize..COURIER_MANUAL.len(),
        cut in 0_usize..200,
        inserted in "[\\[\\]{}'\"=.,#&|?:a-z0-9 \n\\\\]{0,8}",
    ) {
        let begin = (0..=at).rev().find(|byte| COURIER_MANUAL.is_char_boundary(*byte)).unwrap();
        let end = (begin + cut..).find(|byte| COURIER_MANUAL.is_char_boundary(*byte) || *byte >= COURIER_MANUAL.len());
        let end = end.unwrap().min(COURIER_MANUAL.len());
        let text = format!("{}{inserted}{}", &COURIER_MANUAL[..begin], &COURIER_MANUAL[end..]);
        if let Err(errors) = Handbook::parse("book.toml", &text) {
            prop_assert!(!errors.problems.is_empty());
        }
    }
}

#[test]
fn an_empty_file_and_one_that_is_too_large() {
    assert!(problems("").iter().any(|problem| problem.wrong == "missing key `id`"));
    let large = " ".repeat(HANDBOOK_BYTES_MAX + 1);
    assert_eq!(problems(&large).len(), 1);
}
