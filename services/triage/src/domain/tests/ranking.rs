//! Classification and priority (M3.1, M3.2, X2, X3).

use redress_domain::handbook::{Priority, Signal};
use redress_proto::types::v1::{ProblemType, SignalKind};

use super::*;
use crate::domain::{
    case::Classifier,
    classify,
    commands::{self, NewClassification, Person},
};

#[test]
fn priorities_follow_the_handbook_on_both_sides_of_its_figures() {
    let world = World::new();
    let goods = |category: &str| with_order("delay", |order| order.goods_category = category.into());
    let insured =
        |sub_type: &str, units, nanos| with_order(sub_type, |order| order.insured_value = yuan(units, nanos));
    let cases = [
        ("ordinary delay", complaint("delay"), "general", "priority.default"),
        ("attitude", complaint("bad_attitude"), "general", "priority.default"),
        ("tracking", complaint("tracking_abnormal"), "general", "priority.default"),
        ("false sign-off", complaint("false_sign_off"), "general", "priority.default"),
        ("fresh", goods("fresh"), "urgent", "priority.special_goods"),
        ("medicine", goods("medicine"), "urgent", "priority.special_goods"),
        ("not so fresh", goods("freshener"), "general", "priority.default"),
        ("damage", complaint("damage"), "important", "priority.lost_or_damaged"),
        ("lost", complaint("parcel_lost"), "important", "priority.lost_or_damaged"),
        ("weight", complaint("weight_or_quantity_mismatch"), "general", "priority.default"),
        (
            "4,999.99 insured",
            insured("insured_claim_dispute", 4999, 990_000_000),
            "general",
            "priority.default",
        ),
        (
            "5,000.00 insured",
            insured("insured_claim_dispute", 5000, 0),
            "important",
            "priority.high_insured_value",
        ),
        ("insured, but late", insured("delay", 9000, 0), "general", "priority.default"),
        ("media", with_signal("delay", SignalKind::Media), "urgent", "priority.media_or_regulator"),
        ("regulator", with_signal("delay", SignalKind::Regulator), "urgent", "priority.media_or_regulator"),
        (
            "threat",
            with_signal("delay", SignalKind::RegulatorThreat),
            "important",
            "priority.regulator_threat",
        ),
        ("doubts", with_signal("delay", SignalKind::DoubtsEvidence), "general", "priority.default"),
    ];
    for (what, facts, priority, rule) in cases {
        let case = world.register(&facts, None).next;
        assert_eq!((case.priority.as_str(), case.priority_rule.id.as_str()), (priority, rule), "{what}");
    }
}

#[test]
fn a_figure_of_a_copied_handbook_moves_the_outcome() {
    let facts = with_order("insured_claim_dispute", |order| order.insured_value = yuan(4999, 990_000_000));
    let lower = World::changed(&[("high_insured_value_minor = 500000", "high_insured_value_minor = 499999")]);
    assert_eq!(World::new().register(&facts, None).next.priority, Priority::General);
    assert_eq!(lower.register(&facts, None).next.priority, Priority::Important);
}

#[test]
fn what_the_order_does_not_tell_raises_nothing_until_it_does() {
    let world = World::new();
    let pending = with_order("delay", |order| {
        order.knowledge = redress_proto::types::v1::OrderKnowledge::Pending.into();
        order.goods_category = "fresh".into();
    });
    let case = world.register(&pending, None).next;
    assert_eq!(case.priority, Priority::General);
    let order = with_order("delay", |order| order.goods_category = "fresh".into()).order.unwrap_or_default();
    let at = start() + hours(1);
    let revision = turns::order_known(&case, &order, &world.setting(1, at)).expect("changes");
    let decision = world.revise(&case, revision, at);
    assert_eq!((decision.next.priority, decision.next.round), (Priority::Urgent, 2));
    assert_eq!(facts_of(&decision), ["CaseTriaged", "CaseDispatched"]);
}

#[test]
fn what_is_registered_stands_and_the_text_suggests() {
    let world = World::new();
    let text = "快递员虚假签收，而且包裹破损";
    let read = classify::read_text(&world.book, "zh-CN", text, "t1").expect("the text points somewhere");
    assert!(
        read.reasons.iter().all(|reason| reason.until <= text.chars().count() && reason.text_ref == "t1")
    );

    let stated = world.register(&complaint("delay"), Some(read.clone())).next;
    assert_eq!(
        (stated.classification.primary.as_str(), stated.classification.by),
        ("delay", Classifier::Registration)
    );
    let suggestion = stated.suggestion.as_ref().expect("it says more");
    assert!(!classify::is_adopted(suggestion, &stated.classification));

    let silent = world.register(&complaint(""), Some(read.clone())).next;
    assert_eq!(
        (silent.classification.primary.as_str(), silent.classification.by),
        (&*read.primary, Classifier::Text)
    );
    assert_eq!(silent.classification.further, read.further);
    assert!(silent.suggestion.is_some());

    let problem = intake::CaseFacts { problem_type: ProblemType::Loss.into(), ..complaint("") };
    assert_eq!(world.register(&problem, None).next.classification.primary, "parcel_lost");
    let nothing = world.register(&complaint(""), None).next;
    assert_eq!(nothing.classification.primary, world.book.unclassified().id.as_str());
}

#[test]
fn further_types_count_and_are_kept_once() {
    let facts = intake::CaseFacts {
        further_sub_types: vec!["damage".into(), "delay".into(), "damage".into(), "no_such".into()],
        ..complaint("delay")
    };
    let case = World::new().register(&facts, None).next;
    assert_eq!(case.classification.further, ["damage"]);
    assert_eq!(case.priority, Priority::Important);
}

#[test]
fn a_priority_is_lowered_by_a_supervisor_only() {
    let world = World::new();
    let case = world.register(&complaint("damage"), None).next;
    let command = NewClassification {
        category: None,
        primary: "bad_attitude".into(),
        further: Vec::new(),
        text_ref: "t".into(),
    };
    let at = start() + hours(1);
    for (role, expected) in [
        (redress_domain::handbook::Role::CsAgent, Priority::Important),
        (redress_domain::handbook::Role::CsSupervisor, Priority::General),
    ] {
        let by = Person { subject: "li.na".into(), roles: vec![role], department: String::new() };
        let revision = commands::reclassify(&case, &command, &by, &world.setting(1, at)).expect("allowed");
        let next = world.revise(&case, revision, at).next;
        assert_eq!(
            (next.priority, next.classification.primary.as_str()),
            (expected, "bad_attitude"),
            "{role}"
        );
    }
    let unknown = NewClassification { primary: "no_such".into(), ..command.clone() };
    let refused = commands::reclassify(&case, &unknown, &Person::default(), &world.setting(1, at));
    assert_eq!(refused.expect_err("unknown").reason, "SUB_TYPE_UNKNOWN");
    let ended = turns::ended(&case, None, false).expect("ends").next;
    let refused = commands::reclassify(&ended, &command, &Person::default(), &world.setting(1, at));
    assert_eq!(refused.expect_err("ended").reason, "STATE_NOT_ALLOWED");
}

#[test]
fn a_signal_counts_once_and_its_risk_is_reported() {
    let world = World::new();
    let case = world.register(&complaint("delay"), None).next;
    let at = start() + hours(1);
    let setting = world.setting(1, at);
    let revision =
        commands::raise_signal(&case, Signal::Media, at, "t", &setting).expect("allowed").expect("new");
    let decision = world.revise(&case, revision, at);
    assert_eq!(facts_of(&decision), ["SignalRaised", "CaseTriaged", "CaseDispatched", "NoticeRequested"]);
    assert_eq!(decision.next.priority, Priority::Urgent);
    assert!(
        commands::raise_signal(&decision.next, Signal::Media, at, "t", &setting).expect("allowed").is_none()
    );
    let again = [types::Signal { kind: SignalKind::Media.into(), ..Default::default() }];
    assert!(turns::message_received(&decision.next, &again, &setting).is_none());

    let by_rules_only = World::changed(&[("by_hand = true", "by_hand = false")]);
    let refused = commands::raise_signal(&case, Signal::Media, at, "t", &by_rules_only.setting(1, at));
    assert_eq!(refused.expect_err("by rules only").reason, "SIGNAL_NOT_ALLOWED");

    // Intake reports what it sees first: at registration, and in what the customer says later.
    let registered = world.register(&with_signal("delay", SignalKind::Media), None);
    assert_eq!(facts_of(&registered), ["CaseTriaged", "CaseDispatched"]);
    let said = turns::message_received(&case, &again, &setting).expect("new");
    assert_eq!(facts_of(&world.revise(&case, said, at)), ["SignalRaised", "CaseTriaged", "CaseDispatched"]);
}

#[test]
fn findings_correct_the_type_and_a_later_amendment_leaves_it() {
    let world = World::new();
    let case = world.register(&complaint("delay"), None).next;
    let at = start() + hours(5);
    let revision = turns::concluded(&case, "parcel_lost", &world.setting(1, at)).expect("corrects");
    let next = world.revise(&case, revision, at).next;
    assert_eq!((next.classification.primary.as_str(), next.priority), ("parcel_lost", Priority::Important));
    assert!(turns::concluded(&next, "parcel_lost", &world.setting(1, at)).is_none());
    assert!(turns::concluded(&next, "", &world.setting(1, at)).is_none());
    let revision =
        turns::amended(&next, &complaint("bad_attitude"), None, &world.setting(1, at)).expect("amends");
    assert_eq!(world.revise(&next, revision, at).next.classification.primary, "parcel_lost");
}
