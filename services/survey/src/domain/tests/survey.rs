use std::collections::BTreeMap;

use redress_domain::{
    DeadlineChange, Rejection,
    handbook::{Channel, ClosingBasis, Priority, Role},
};
use redress_proto::{Payload, survey::v1 as pb, types::v1 as types};
use uuid::Uuid;

use super::{at, setting};
use crate::domain::{
    answers,
    survey::{ClosedCase, State, Survey, of_notice_key, schedule},
};

const CLOSED: &str = "2026-03-02T09:00:00+08:00";

fn closed(basis: ClosingBasis) -> ClosedCase {
    ClosedCase {
        case_id: Uuid::from_u128(7),
        round: 1,
        at: at(CLOSED),
        basis: Some(basis),
        language: "zh-CN".into(),
        priority: Priority::General,
    }
}

fn scheduled() -> Survey {
    schedule(&closed(ClosingBasis::Accepted), &setting(CLOSED)).next
}

fn sent() -> Survey {
    scheduled().sent("text-ref", &[7; 32], &setting(CLOSED)).expect("to be sent").next
}

fn given(scores: &[(&str, i32)]) -> Vec<pb::SurveyAnswer> {
    let answer = |(id, score): &(&str, i32)| pb::SurveyAnswer {
        question_id: (*id).to_owned(),
        score: *score,
        ..pb::SurveyAnswer::default()
    };
    scores.iter().map(answer).collect()
}

fn respond(survey: &Survey, scores: &[(&str, i32)], now: &str) -> Result<Survey, Rejection> {
    survey.respond(&given(scores), &BTreeMap::new(), None, &setting(now)).map(|decision| decision.next)
}

const SATISFIED: &[(&str, i32)] = &[("efficiency", 4), ("solution_reasonable", 5)];

#[test]
fn it_has_to_be_sent_three_days_after_closing_and_can_be_answered_for_fourteen() {
    let survey = sent();
    assert_eq!(survey.send_due_at, Some(at("2026-03-05T09:00:00+08:00")));
    assert_eq!(survey.expires_at, Some(at("2026-03-16T09:00:00+08:00")));
    assert!(respond(&survey, SATISFIED, "2026-03-16T08:59:59.999999+08:00").is_ok());
    let refused = respond(&survey, SATISFIED, "2026-03-16T09:00:00+08:00").expect_err("too late");
    assert_eq!(refused.reason, "SURVEY_EXPIRED");
}

#[test]
fn it_follows_the_ends_that_the_handbook_names_and_no_other() {
    for basis in ClosingBasis::ALL {
        let decision = schedule(&closed(*basis), &setting(CLOSED));
        let named = setting(CLOSED).book.survey.after.contains(basis);
        assert_eq!(decision.next.state, if named { State::Scheduled } else { State::Cancelled }, "{basis}");
        assert_eq!(
            (decision.deadlines.len(), decision.intents.len()),
            (named.into(), named.into()),
            "{basis}"
        );
        assert_eq!(decision.rulings[0].outcome, if named { "scheduled" } else { "not_sent" }, "{basis}");
    }
    assert!(!setting(CLOSED).book.surveys_after(ClosingBasis::Malicious));
}

#[test]
fn it_can_be_answered_in_one_state_only() {
    let with = |state| Survey { state, ..sent() };
    for (state, reason) in [
        (State::Scheduled, "STATE_NOT_ALLOWED"),
        (State::Responded, "ALREADY_RESPONDED"),
        (State::Expired, "SURVEY_EXPIRED"),
        (State::Cancelled, "STATE_NOT_ALLOWED"),
    ] {
        assert_eq!(respond(&with(state), SATISFIED, CLOSED).expect_err("refused").reason, reason);
    }
}

#[test]
fn each_question_has_one_answer_in_its_range() {
    for (scores, reason, violations) in [
        (&[("efficiency", 5), ("speed", 5)][..], "QUESTION_UNKNOWN", 2),
        (&[("efficiency", 5)], "ANSWERS_INCOMPLETE", 1),
        (&[("efficiency", 5), ("efficiency", 5), ("solution_reasonable", 1)], "ANSWERS_INCOMPLETE", 1),
        (&[("efficiency", 0), ("solution_reasonable", 6)], "SCORE_OUT_OF_RANGE", 2),
    ] {
        let refused = respond(&sent(), scores, CLOSED).expect_err("refused");
        assert_eq!((refused.reason, refused.violations.len()), (reason, violations), "{scores:?}");
    }
    let range =
        respond(&sent(), &[("efficiency", 6), ("solution_reasonable", 1)], CLOSED).expect_err("refused");
    assert_eq!((range.metadata["lowest"].as_str(), range.metadata["highest"].as_str()), ("1", "5"));
    let mut words = given(SATISFIED);
    words[0].comment = "quick".into();
    assert_eq!(answers::check(&words, setting(CLOSED).book).expect_err("refused").reason, "INVALID_FIELDS");
}

#[test]
fn a_score_below_four_is_followed_up_and_four_is_not() {
    assert_eq!(respond(&sent(), SATISFIED, CLOSED).expect("taken").follow_up, None);
    let low = respond(&sent(), &[("efficiency", 3), ("solution_reasonable", 4)], CLOSED).expect("taken");
    let follow_up = low.follow_up.clone().expect("followed up");
    assert_eq!((follow_up.role, follow_up.question_ids), (Role::CsSupervisor, vec!["efficiency".to_owned()]));
    assert_eq!(follow_up.due_at, Some(at("2026-03-04T09:00:00+08:00")));
    assert!(low.followed_up(at("2026-03-02T08:59:59+08:00")).is_none());
    let done = low.followed_up(at("2026-03-03T09:00:00+08:00")).expect("done").next;
    assert!(done.followed_up(at("2026-03-03T10:00:00+08:00")).is_none());
}

#[test]
fn a_year_without_notice_holds_no_answer_up() {
    let survey = Survey { expires_at: None, ..sent() };
    let low = respond(&survey, &[("efficiency", 1), ("solution_reasonable", 1)], "2026-12-31T12:00:00+08:00");
    assert_eq!(low.expect("taken").follow_up.expect("followed up").due_at, None);
}

#[test]
fn a_channel_that_fails_is_replaced_by_the_next_until_none_is_left() {
    let survey = sent();
    assert_eq!(survey.channel, Some(Channel::Sms));
    let again = survey.failed(Some(Channel::Sms), &setting(CLOSED)).expect("tried again");
    let notice = types::NoticeRequested::from_event(&redress_proto::eventlog::v1::Event {
        r#type: again.facts[0].name.clone(),
        payload: again.facts[0].payload.clone(),
        ..Default::default()
    });
    let notice = notice.expect("decodes").expect("a notice");
    assert_eq!(notice.channels().collect::<Vec<_>>(), [types::Channel::Hotline]);
    assert_eq!(notice.notice_key, format!("survey/{}/invitation/1", survey.id()));
    assert_eq!(of_notice_key(&notice.notice_key), Some(survey.id()));
    assert!(again.next.failed(Some(Channel::Hotline), &setting(CLOSED)).is_none());
}

#[test]
fn delivery_meets_the_deadline_by_its_own_time() {
    let delivered_at = at("2026-03-05T09:00:00+08:00");
    let delivered =
        sent().delivered(delivered_at, Some(Channel::Sms), types::DeliveryProof::Receipt).expect("told");
    let met = DeadlineChange::Meet { name: "survey_send".into(), at: delivered_at };
    assert_eq!(delivered.deadlines, [met]);
    assert!(delivered.next.delivered(delivered_at, None, types::DeliveryProof::Receipt).is_none());
}
