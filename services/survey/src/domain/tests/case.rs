use redress_domain::handbook::ClosingBasis;
use redress_proto::{
    compensation::v1::{RemedyExecuted, RemedyKind},
    deadlines::v1::{Deadline, DeadlineBasis, DeadlineState},
    google::r#type::Money,
    intake::v1 as intake,
    time_to_wire,
    triage::v1::CaseTriaged,
    types::v1 as types,
};

use super::{at, setting};
use crate::domain::case::{CaseFigures, registered};

const NOW: &str = "2026-04-02T10:00:00+08:00";

fn case() -> CaseFigures {
    let facts = intake::CaseFacts {
        // Half past midnight of 1 April in Shanghai, still March in UTC.
        received_time: Some(time_to_wire(at("2026-03-31T16:30:00Z"))),
        ..intake::CaseFacts::default()
    };
    registered(&facts, &setting(NOW)).next
}

fn deadline(state: DeadlineState, basis: DeadlineBasis) -> Deadline {
    Deadline {
        deadline_id: "01890000-0000-7000-8000-000000000001".into(),
        kind: "first_response".into(),
        basis: basis.into(),
        state: state.into(),
        due_time: Some(time_to_wire(at("2026-03-31T16:00:00Z"))),
        ..Deadline::default()
    }
}

#[test]
fn months_are_local() {
    let case = case();
    assert_eq!(case.month.to_string(), "2026-04");
    let met = case
        .deadline_changed(&deadline(DeadlineState::Met, DeadlineBasis::House), &setting(NOW))
        .expect("counts");
    assert_eq!(
        met.next.deadlines.values().next().map(|ended| ended.month.to_string()).as_deref(),
        Some("2026-04")
    );
}

#[test]
fn a_deadline_counts_once_it_has_ended_and_its_correction_replaces_it() {
    let rules = setting(NOW);
    for (state, basis) in [
        (DeadlineState::Pending, DeadlineBasis::House),
        (DeadlineState::Paused, DeadlineBasis::House),
        (DeadlineState::Cancelled, DeadlineBasis::House),
        (DeadlineState::Met, DeadlineBasis::Action),
    ] {
        assert!(case().deadline_changed(&deadline(state, basis), &rules).is_none(), "{state:?} {basis:?}");
    }
    let missed = case()
        .deadline_changed(&deadline(DeadlineState::Missed, DeadlineBasis::House), &rules)
        .expect("counts")
        .next;
    assert!(
        missed.deadline_changed(&deadline(DeadlineState::Missed, DeadlineBasis::House), &rules).is_none()
    );
    let met = missed
        .deadline_changed(&deadline(DeadlineState::Met, DeadlineBasis::House), &rules)
        .expect("corrected")
        .next;
    assert_eq!(met.deadlines.values().map(|ended| ended.met).collect::<Vec<_>>(), [true]);
    // Its miss was undone by an extension that had been granted in time.
    let undone = missed.deadline_changed(&deadline(DeadlineState::Pending, DeadlineBasis::House), &rules);
    assert_eq!(undone.expect("counts no more").next, case());
}

#[test]
fn only_money_is_paid_and_each_remedy_once() {
    let rules = setting(NOW);
    let remedy = |id: &str, kind: RemedyKind| RemedyExecuted {
        remedy_id: id.into(),
        kind: kind.into(),
        amount: Some(Money { currency_code: "CNY".into(), units: 12, nanos: 340_000_000 }),
        ..RemedyExecuted::default()
    };
    assert!(case().paid(&remedy("a", RemedyKind::Coupon), &rules).is_none());
    let paid = case().paid(&remedy("a", RemedyKind::Cash), &rules).expect("counts").next;
    assert!(paid.paid(&remedy("a", RemedyKind::Cash), &rules).is_none());
    let paid = paid.paid(&remedy("b", RemedyKind::FreightWaiver), &rules).expect("counts").next;
    assert_eq!(paid.payments.values().map(|payment| payment.money.minor).collect::<Vec<_>>(), [1_234, 1_234]);
}

#[test]
fn the_order_in_which_the_logs_are_read_does_not_matter() {
    type Step = fn(&CaseFigures) -> Option<CaseFigures>;
    let steps: [Step; 4] = [
        |case| {
            let triaged = CaseTriaged {
                priority: types::Priority::Urgent.into(),
                category: types::Category::ServiceQuality.into(),
                primary_sub_type: "delay".into(),
                ..CaseTriaged::default()
            };
            case.triaged(&triaged, &setting(NOW)).map(|decision| decision.next)
        },
        |case| {
            let order = types::OrderFacts { line: "SHA-PEK".into(), ..types::OrderFacts::default() };
            case.order_known(&order, &setting(NOW)).map(|decision| decision.next)
        },
        |case| {
            let met = deadline(DeadlineState::Met, DeadlineBasis::Promise);
            case.deadline_changed(&met, &setting(NOW)).map(|decision| decision.next)
        },
        |case| {
            let closed_at = at("2026-04-01T10:00:00+08:00");
            case.closed(closed_at, Some(ClosingBasis::Accepted), &setting(NOW)).map(|decision| decision.next)
        },
    ];
    let take = |order: [usize; 4]| {
        order.iter().fold(case(), |case, step| {
            let next = steps[*step](&case).expect("each changes something");
            // The same fact again changes nothing.
            assert!(steps[*step](&next).is_none());
            next
        })
    };
    let expected = take([0, 1, 2, 3]);
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(take(order), expected, "{order:?}");
    }
}

#[test]
fn a_reopened_case_is_not_closed_and_each_reopening_counts_once() {
    let rules = setting(NOW);
    let closed = case().closed(rules.now, Some(ClosingBasis::Accepted), &rules).expect("changes").next;
    let reopened = closed.reopened(1, rules.now, &rules).expect("changes").next;
    assert_eq!((reopened.closing.is_none(), reopened.reopenings.len()), (true, 1));
    assert!(reopened.reopened(1, rules.now, &rules).is_none());
}
