//! What the courier manual says, on both sides of its limits, and that its figures come from the file.

use std::collections::BTreeMap;

use chrono::{Duration, TimeZone, Utc};

use super::*;
use crate::Limit;

fn limit(text: &str) -> Limit {
    text.parse().unwrap()
}

fn priority(facts: &Facts) -> (Priority, String) {
    let (priority, rule) = courier_manual().priority(facts).unwrap();
    (priority, rule.id)
}

#[test]
fn special_goods_are_urgent_once_the_order_is_known() {
    let mut facts = delay();
    facts.order.goods_category = "fresh".into();
    assert_eq!(priority(&facts).0, Priority::General);
    facts.order.known = true;
    assert_eq!(priority(&facts), (Priority::Urgent, "priority.special_goods".into()));
    facts.order.goods_category = "books".into();
    assert_eq!(priority(&facts), (Priority::General, "priority.default".into()));
}

#[test]
fn media_regulator_and_incident_are_urgent_a_threat_is_important() {
    for (signal, wanted) in [
        (Signal::Media, Priority::Urgent),
        (Signal::Regulator, Priority::Urgent),
        (Signal::RegulatorThreat, Priority::Important),
        (Signal::Group, Priority::General),
        (Signal::DoubtsEvidence, Priority::General),
    ] {
        let mut facts = delay();
        facts.signals.insert(signal);
        assert_eq!(priority(&facts).0, wanted, "{signal}");
    }
    let mut facts = delay();
    facts.incident.recognised = true;
    assert_eq!(priority(&facts), (Priority::Urgent, "priority.group_complaint".into()));
}

#[test]
fn a_further_type_counts_and_the_highest_priority_wins() {
    let mut facts = delay();
    facts.case.types.push("damage".into());
    assert_eq!(priority(&facts), (Priority::Important, "priority.lost_or_damaged".into()));
    facts.signals.insert(Signal::Media);
    assert_eq!(priority(&facts).0, Priority::Urgent);
}

#[test]
fn a_high_insured_value_is_important_from_its_figure_on() {
    let mut facts = about(Category::FeeDispute, "insured_claim_dispute");
    facts.order.known = true;
    facts.order.insured = true;
    facts.order.insured_value_minor = 499_999;
    assert_eq!(priority(&facts).0, Priority::General);
    facts.order.insured_value_minor = 500_000;
    assert_eq!(priority(&facts), (Priority::Important, "priority.high_insured_value".into()));

    let book = load(&changed("high_insured_value_minor = 500000", "high_insured_value_minor = 500001"));
    assert_eq!(book.priority(&facts).unwrap().0, Priority::General);
}

#[test]
fn the_figures_of_the_deadlines_are_those_of_the_manual() {
    let book = courier_manual();
    let limits = |kind| {
        [Priority::Urgent, Priority::Important, Priority::General]
            .map(|priority| book.deadline(kind).limit(priority).to_string())
    };
    assert_eq!(limits(DeadlineKind::FirstResponse), ["1h", "2h", "2h"]);
    assert_eq!(limits(DeadlineKind::Investigation), ["24h", "48h", "72h"]);
    assert_eq!(limits(DeadlineKind::StatutoryAnswer), ["7d", "7d", "7d"]);
    for (kind, wanted) in [
        (DeadlineKind::TaskForce, "2h"),
        (DeadlineKind::ContactPerson, "4h"),
        (DeadlineKind::Progress, "8h"),
        (DeadlineKind::ObjectionReevaluation, "2h"),
        (DeadlineKind::PaymentPromise, "3wd"),
        (DeadlineKind::ObstacleDelay, "1wd"),
        (DeadlineKind::SurveySend, "3d"),
    ] {
        assert_eq!(book.deadline(kind).limit(Priority::General), limit(wanted), "{kind}");
    }
    assert_eq!(book.deadline(DeadlineKind::Investigation).never_past(), Some(DeadlineKind::StatutoryAnswer));
}

/// A calendar in the zone of the courier manual.
fn calendar() -> crate::Calendar {
    let text = include_str!("../../../../../deploy/calendars/cn.toml");
    crate::Calendar::parse(text).unwrap()
}

#[test]
fn a_draft_carries_basis_clause_warning_and_ladder() {
    let start = Utc.with_ymd_and_hms(2026, 3, 2, 1, 0, 0).unwrap();
    let book = courier_manual();
    let draft =
        book.deadline(DeadlineKind::FirstResponse).draft(Priority::Urgent, "", start, &calendar()).unwrap();
    assert_eq!((draft.kind.as_str(), draft.limit), ("first_response", limit("1h")));
    assert_eq!(draft.rule, RuleRef { id: "deadline.first_response".into(), cite: "M2.3a 二(三)1".into() });
    assert_eq!(draft.warn_at_basis_points, Some(7500));
    assert_eq!(draft.warn_audience.as_deref(), Some("cs-agent"));
    assert_eq!(draft.ladder.len(), 2);
    assert_eq!((draft.ladder[0].audience.as_str(), draft.ladder[0].after), ("cs-supervisor", limit("0m")));
    assert_eq!(draft.not_after, None);
}

#[test]
fn a_promise_for_tomorrow_six_o_clock_falls_due_then() {
    // 10:00 in Shanghai on 2 March; tomorrow 18:00 there is 10:00 UTC.
    let start = Utc.with_ymd_and_hms(2026, 3, 2, 2, 0, 0).unwrap();
    let due = Utc.with_ymd_and_hms(2026, 3, 3, 10, 0, 0).unwrap();
    let book = courier_manual();
    let arrival = book.deadline(DeadlineKind::PaymentArrival);
    let draft = arrival.draft(Priority::General, "r1", start, &calendar()).unwrap();
    assert_eq!(draft.not_after, Some(due));
    assert_eq!(start + Duration::minutes(i64::from(draft.limit.amount())), due);
    // Half a minute later the limit is rounded up and the end still holds.
    let draft = arrival.draft(Priority::General, "r1", start + Duration::seconds(30), &calendar()).unwrap();
    assert_eq!((draft.limit, draft.not_after), (limit("1920m"), Some(due)));
}

#[test]
fn dispatch_follows_priority_and_type() {
    let book = courier_manual();
    let to = |facts: &Facts| {
        let (rule, reference) = book.dispatch(facts).unwrap();
        (rule.mode, rule.department.to_string(), rule.deadline, reference.id)
    };
    let mut facts = delay();
    assert_eq!(
        to(&facts),
        (
            DispatchMode::FrontLine,
            "customer_service".into(),
            DeadlineKind::Progress,
            "dispatch.general".into()
        )
    );
    facts.case.priority = Some(Priority::Urgent);
    assert_eq!(to(&facts).0, DispatchMode::TaskForce);
    assert_eq!(book.dispatch(&facts).unwrap().0.lead_roles, [Role::CsSupervisor, Role::OperationsManager]);
    let mut facts = about(Category::CargoDamageLoss, "damage");
    facts.case.priority = Some(Priority::Important);
    assert_eq!(to(&facts).1, "warehouse");
    facts.case.subtype = "parcel_lost".into();
    assert_eq!(to(&facts).1, "transport");
}

#[test]
fn the_incident_and_the_extension_have_their_figures() {
    let book = courier_manual();
    let (incident, rule) = book.incident();
    assert_eq!((incident.people_min.value, incident.window), (5, limit("24h")));
    assert_eq!(incident.same, [IncidentKey::Batch, IncidentKey::Line]);
    assert_eq!(rule.cite, "M3.2 三(二)");
    let (extension, _) = book.extension();
    assert_eq!((extension.times_max, extension.at_most.value), (1, limit("72h")));
    assert_eq!(extension.priorities, [Priority::General]);
}

#[test]
fn the_checklist_depends_on_the_type_and_on_doubts() {
    let book = courier_manual();
    let items = |facts: &Facts| -> Vec<String> {
        book.checklist(facts).unwrap().iter().map(|item| item.id.to_string()).collect()
    };
    let mut facts = about(Category::CargoDamageLoss, "damage");
    assert_eq!(items(&facts), ["warehouse_scans", "warehouse_cctv", "driver_log", "handover_sheets"]);
    facts.signals.insert(Signal::DoubtsEvidence);
    assert!(items(&facts).contains(&"outer_packaging_photos".to_owned()));
    assert!(book.checklist_item("outer_packaging_photos").unwrap().is_from_customer());
    assert_eq!(items(&about(Category::ServiceQuality, "bad_attitude")), ["call_recordings", "chat_logs"]);
    assert_eq!(
        book.deliverables(Priority::Urgent).0,
        [Deliverable::Conclusion, Deliverable::PreliminaryReport]
    );
}

#[test]
fn missing_fields_are_those_that_are_not_there() {
    let book = courier_manual();
    let present = Field::ALL.iter().copied().filter(|field| *field != Field::WaybillNo).collect();
    let missing = book.missing_fields(&present, &delay()).unwrap();
    assert_eq!(missing.iter().map(|rule| rule.id.value).collect::<Vec<_>>(), [Field::WaybillNo]);
    let none = std::collections::BTreeSet::new();
    assert_eq!(book.missing_fields(&none, &delay()).unwrap().len(), 12);
    let mut facts = delay();
    facts.order.known = true;
    facts.order.line = "SHA-PEK".into();
    facts.order.service_type = "express".into();
    assert_eq!(book.missing_fields(&none, &facts).unwrap().len(), 9);
}

#[test]
fn risks_are_a_group_and_the_media() {
    let book = courier_manual();
    assert!(book.risks(&delay()).unwrap().is_empty());
    let mut facts = delay();
    facts.signals.extend([Signal::Group, Signal::Media]);
    let risks: Vec<String> = book.risks(&facts).unwrap().iter().map(|risk| risk.rule_ref().id).collect();
    assert_eq!(risks, ["risk.group_incident", "risk.media_exposure"]);
}

#[test]
fn channels_carry_answers_or_name_those_that_do() {
    let book = courier_manual();
    assert_eq!(book.reply_channels(Channel::Wecom), [Channel::Wecom]);
    assert_eq!(book.reply_channels(Channel::SuggestionBox), [Channel::Sms, Channel::Email]);
    assert!(book.channel(Channel::Sms).unwrap().receipts);
    assert!(!book.channel(Channel::Hotline).unwrap().receipts);
    assert_eq!(Channel::ALL.iter().filter(|channel| book.channel(**channel).is_some()).count(), 12);
}

#[test]
fn closing_asks_for_its_three_conditions_and_silence_is_no_end() {
    let book = courier_manual();
    let gate = |basis| book.closing_gate(basis).map(|(gate, _)| gate.to_vec());
    let all = vec![GateCondition::Acceptance, GateCondition::Execution, GateCondition::Archive];
    assert_eq!(gate(ClosingBasis::Accepted), Some(all));
    assert!(!gate(ClosingBasis::FinalPosition).unwrap().contains(&GateCondition::Acceptance));
    assert_eq!(gate(ClosingBasis::Silent), None);
}

#[test]
fn evidence_is_kept_two_years_and_three_with_a_regulator() {
    let book = courier_manual();
    let mut facts = delay();
    assert_eq!(book.retention_years(&facts).unwrap().0, 2);
    facts.signals.insert(Signal::Regulator);
    assert_eq!(
        book.retention_years(&facts).unwrap(),
        (3, RuleRef { id: "retention.regulator".into(), cite: "X4".into() })
    );
}

#[test]
fn the_survey_and_the_review_have_their_figures() {
    let book = courier_manual();
    assert_eq!(book.questions().len(), 2);
    let question = book.question("solution_reasonable").unwrap();
    assert!(
        question.free_text
            && question.takes(1)
            && question.takes(5)
            && !question.takes(0)
            && !question.takes(6)
    );
    let (review, _) = book.review();
    let target = &review.targets[0];
    assert_eq!(
        (target.priority, target.within, target.share_basis_points_min.value),
        (Priority::Urgent, limit("24h"), 9000)
    );
    assert_eq!(review.low_item_below_hundredths, 400);
    assert_eq!(book.follow_up().0.score_below, 4);
    assert!(book.surveys_after(ClosingBasis::Accepted) && !book.surveys_after(ClosingBasis::Withdrawn));
    let measures: Vec<&str> =
        book.improvements_for("bad_attitude").map(|measure| measure.id.as_str()).collect();
    assert_eq!(measures, ["empathy_training", "process_review"]);
    assert!(book.improvement("empathy_training").unwrap().exam_required);
}

#[test]
fn notices_are_rendered_in_the_language_of_the_customer() {
    let book = courier_manual();
    let notice = book.notice(NoticeKey::PaymentAccepted);
    let mut parameters: BTreeMap<String, String> =
        [("customer_name", "王女士"), ("case_number", "C260302-000427"), ("amount", "500.00元")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let missing = notice.render(Language::ZhCn, &parameters).unwrap_err();
    assert_eq!(missing.placeholder, "due");
    parameters.insert("due".into(), "3月3日18:00".into());
    let text = notice.render(Language::ZhCn, &parameters).unwrap();
    assert!(
        text.contains("王女士") && text.contains("预计3月3日18:00前到账") && !text.contains('{'),
        "{text}"
    );
    assert!(notice.render(Language::En, &parameters).unwrap().contains("expected in your account"));
    assert_eq!(book.language_of("pt-BR"), Language::Pt);
    assert_eq!(book.language_of("fr"), Language::En);
    assert_eq!(book.language_of(""), Language::ZhCn);
    assert_eq!(
        notice.render(Language::Pt, &parameters).unwrap(),
        notice.render(Language::En, &parameters).unwrap()
    );
}

#[test]
fn limits_amounts_and_times_are_said_in_words() {
    let wording = &courier_manual().wording;
    assert_eq!(wording.limit(limit("3wd"), Language::ZhCn), "3个工作日内");
    assert_eq!(wording.limit(limit("3wd"), Language::En), "within 3 working day(s)");
    let money = crate::Money::new(50_000, "CNY".parse().unwrap());
    assert_eq!(wording.money(money, Language::ZhCn), "500.00元");
    assert_eq!(wording.money(money, Language::En), "CNY 500.00");
    let time = chrono::NaiveDate::from_ymd_opt(2026, 11, 25).unwrap().and_hms_opt(18, 0, 0).unwrap();
    assert_eq!(wording.date_time(time, Language::ZhCn), "11月25日18:00");
}

#[test]
fn carriers_are_guessed_and_never_refused() {
    let book = courier_manual();
    assert_eq!(book.guess_carrier("SF1234567890123"), Some("SF"));
    assert_eq!(book.guess_carrier("YT5555508965056"), Some("YTO"));
    assert_eq!(book.guess_carrier(" yt 5555508965056 "), Some("YTO"));
    assert_eq!(book.guess_carrier("RB123456785GB"), Some("UPU"));
    assert_eq!(book.guess_carrier("hello"), None);
}

#[test]
fn facts_survive_the_record_and_leave_out_what_is_empty() {
    let mut facts = delay();
    facts.signals.insert(Signal::Media);
    let json = facts.to_json();
    assert_eq!(json["signals"], serde_json::json!(["media"]));
    assert_eq!(json.get("order"), None);
    assert_eq!(serde_json::from_value::<Facts>(json).unwrap(), facts);
}

#[test]
fn a_condition_tells_the_facts_that_it_names() {
    let book = courier_manual();
    let rule =
        book.triage.priority_rules.iter().find(|rule| rule.id.as_str() == "high_insured_value").unwrap();
    let facts: Vec<String> = rule.when.facts().into_iter().collect();
    let wanted = [
        "case.category",
        "case.types",
        "figures.high_insured_value_minor",
        "order.insured",
        "order.insured_value_minor",
    ];
    assert_eq!(facts, wanted);
}

#[test]
fn the_hash_is_of_the_text() {
    assert_eq!(courier_manual().hash().len(), 64);
    assert_ne!(courier_manual().hash(), load(&changed("people_min = 5", "people_min = 6")).hash());
}

#[test]
fn a_handbook_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Handbook>();
}
