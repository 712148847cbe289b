//! The survey on a closed case.

use redress_proto::{
    deadlines::v1::{DeadlineChange, DeadlineChanged},
    intake::v1::{CaseReopened, MessageDelivered, TextPurpose},
    survey::v1 as pb,
    time_to_wire,
    types::v1 as types,
};
use tonic::Code;
use uuid::Uuid;

use crate::harness::{World, answers, at, refusal};

const MONDAY: &str = "2026-03-02T09:00:00+08:00";

fn response(case_id: Uuid, token: &str, answers: Vec<pb::SurveyAnswer>) -> pb::SubmitResponseRequest {
    pb::SubmitResponseRequest {
        request_id: Uuid::from_u128(1).to_string(),
        case_id: if case_id.is_nil() { String::new() } else { case_id.to_string() },
        survey_token: token.to_owned(),
        answers,
        channel: types::Channel::Unspecified.into(),
    }
}

async fn closed_case(world: &World) -> Uuid {
    let case = world.register("SHA-PEK").await;
    world.close(case).await;
    case
}

#[tokio::test]
async fn it_goes_out_at_closing_and_counts_when_delivered_within_three_days() {
    let world = World::at(MONDAY).await;
    let (in_time, late) = (closed_case(&world).await, closed_case(&world).await);
    let survey = world.survey(in_time).await;
    assert_eq!(survey.state(), pb::SurveyState::Sent);
    assert_eq!(survey.send_due_time, Some(time_to_wire(at("2026-03-05T09:00:00+08:00"))));
    let notice = world.notices(in_time, "survey_invitation").await.remove(0);
    assert_eq!(notice.parameters["due"], "16 Mar 2026, 09:00");
    assert!(notice.text_parameters.contains_key("link"));
    assert_eq!(notice.channels().collect::<Vec<_>>(), [types::Channel::Sms, types::Channel::Hotline]);

    world.advance_to("2026-03-05T09:00:01+08:00").await;
    world.deliver(in_time, at("2026-03-05T09:00:00+08:00")).await;
    world.deliver(late, at("2026-03-05T09:00:01+08:00")).await;

    let last_change = async |case| {
        let changes = world.logged::<DeadlineChanged>(case).await;
        let mut of_sending = changes
            .iter()
            .filter(|change| change.deadline.as_ref().is_some_and(|deadline| deadline.kind == "survey_send"));
        of_sending.next_back().expect("it has one").change()
    };
    assert_eq!(last_change(in_time).await, DeadlineChange::Corrected);
    assert_eq!(last_change(late).await, DeadlineChange::MetLate);
    let review = world.review("2026-03").await;
    let figures = review.figures.expect("set");
    let sending = figures.in_time.iter().find(|figure| figure.figure_id == "survey_send").expect("counted");
    assert_eq!((sending.total, sending.in_time, sending.share), (2, 1, 5_000));
    assert_eq!((figures.surveys_sent, figures.surveys_responded), (2, 0));
}

#[tokio::test]
async fn the_token_opens_it_once() {
    let world = World::at(MONDAY).await;
    let case = closed_case(&world).await;
    let token = world.token(case);
    let page = |token: &str| world.by("integration", None, response(Uuid::nil(), token, answers(5, 4, "")));

    for wrong in ["", "guessed", &token[1..]] {
        let refused = world.submit(page(wrong)).await.expect_err("refused");
        assert_eq!(refusal(&refused), (Code::PermissionDenied, "SURVEY_TOKEN_INVALID".into()), "{wrong}");
    }
    let other = closed_case(&world).await;
    let of_another = world.by("integration", None, response(other, &token, answers(5, 4, "")));
    let refused = world.submit(of_another).await.expect_err("refused");
    assert_eq!(refusal(&refused).1, "SURVEY_TOKEN_INVALID");

    let opened = pb::GetSurveyRequest { case_id: String::new(), survey_token: token.clone() };
    let opened =
        world.client().get_survey(world.by("integration", None, opened)).await.expect("found").into_inner();
    assert_eq!(opened.survey.map(|survey| survey.questions.len()), Some(2));

    let answered = world.submit(page(&token)).await.expect("taken");
    assert_eq!((answered.state(), answered.low), (pb::SurveyState::Responded, false));
    assert_eq!(world.submit(page(&token)).await.expect("a repeat"), answered);
    let mut again = response(Uuid::nil(), &token, answers(5, 4, ""));
    again.request_id = String::new();
    let refused = world.submit(world.by("integration", None, again)).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "ALREADY_RESPONDED".into()));
    let other_body = world.by("integration", None, response(Uuid::nil(), &token, answers(1, 1, "")));
    let refused = world.submit(other_body).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    world.assert_replayable().await;
}

#[tokio::test]
async fn answers_are_checked_and_nothing_of_a_refused_one_is_kept() {
    let world = World::at(MONDAY).await;
    let case = closed_case(&world).await;
    let by = |role: &str, opens: Option<Uuid>, answers| world.by(role, opens, response(case, "", answers));

    let refused = world.submit(by("cs-agent", None, answers(6, 4, "word"))).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::InvalidArgument, "SCORE_OUT_OF_RANGE".into()));
    assert!(world.intake.stored(case, TextPurpose::SurveyAnswer).is_empty());
    let refused = world.submit(by("finance", None, answers(5, 4, ""))).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::PermissionDenied, "ROLE_NOT_ALLOWED".into()));
    let stranger = Some(Uuid::from_u128(99));
    let refused = world.submit(by("customer", stranger, answers(5, 4, ""))).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::PermissionDenied, "CASE_NOT_ALLOWED".into()));
    let unknown = world.by("cs-agent", None, response(Uuid::from_u128(98), "", answers(5, 4, "")));
    let refused = world.submit(unknown).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::NotFound, "CASE_NOT_FOUND".into()));

    let answered = world.submit(by("customer", Some(case), answers(5, 4, ""))).await.expect("taken");
    assert_eq!(answered.state(), pb::SurveyState::Responded);
}

#[tokio::test]
async fn a_low_score_said_by_phone_is_followed_up_by_somebody() {
    let world = World::at(MONDAY).await;
    let case = closed_case(&world).await;
    let mut request = response(case, "", answers(2, 4, "it took weeks"));
    request.channel = types::Channel::Hotline.into();
    let answered = world.submit(world.by("cs-agent", None, request)).await.expect("taken");
    assert_eq!((answered.low, answered.response_channel()), (true, types::Channel::Hotline));
    let follow_up = answered.follow_up.expect("opened");
    assert_eq!(
        (follow_up.role(), follow_up.question_ids),
        (types::Role::CsSupervisor, vec!["efficiency".to_owned()])
    );
    assert_eq!(follow_up.due_time, Some(time_to_wire(at("2026-03-04T09:00:00+08:00"))));

    // The words are with intake, and shown to those who handle the case.
    assert_eq!(world.intake.stored(case, TextPurpose::SurveyAnswer), ["it took weeks"]);
    assert_eq!(world.survey(case).await.answers[1].comment, "it took weeks");
    let pool = world.runtime.engine().database().pool();
    let events = redress_storage::log::of_case(pool, "survey", case).await.expect("reads");
    let token = world.token(case);
    for secret in ["it took weeks", token.as_str()] {
        assert!(!format!("{events:?}").contains(secret));
        let bytes = secret.as_bytes();
        assert!(
            !events.iter().any(|event| event.event.payload.windows(bytes.len()).any(|part| part == bytes))
        );
    }

    let told = |asked_by: &str, notice: &str| MessageDelivered {
        asked_by: asked_by.into(),
        notice: notice.into(),
        audience: Some(types::Audience { customer: true, ..types::Audience::default() }),
        delivery_time: Some(time_to_wire(at("2026-03-03T09:00:00+08:00"))),
        ..MessageDelivered::default()
    };
    assert_eq!(world.notices(case, "follow_up").await.len(), 1);
    world.advance_to("2026-03-03T09:00:00+08:00").await;
    world.happen("intake", Some(case), &told("survey", "follow_up")).await;
    assert_eq!(world.survey(case).await.follow_up.expect("set").done_time, None);
    world.happen("intake", Some(case), &told("", "")).await;
    let done_time = world.survey(case).await.follow_up.expect("set").done_time;
    assert_eq!(done_time, Some(time_to_wire(at("2026-03-03T09:00:00+08:00"))));

    let request = pb::ListDecisionsRequest { case_id: case.to_string(), ..Default::default() };
    let decisions =
        world.client().list_decisions(world.by("supervision", None, request)).await.expect("listed");
    let decisions = decisions.into_inner().decisions;
    let told: Vec<_> =
        decisions.iter().map(|decision| (decision.question.as_str(), decision.outcome.as_str())).collect();
    assert_eq!(told, [("survey", "scheduled"), ("low_score", "follow_up")]);
    world.assert_replayable().await;
}

#[tokio::test]
async fn it_expires_after_fourteen_days() {
    let world = World::at(MONDAY).await;
    let (quick, slow) = (closed_case(&world).await, closed_case(&world).await);
    let answer = |case, id: u128| {
        let mut request = response(case, &world.token(case), answers(5, 5, ""));
        request.request_id = Uuid::from_u128(id).to_string();
        world.by("integration", None, request)
    };
    world.advance_to("2026-03-16T08:59:59+08:00").await;
    world.submit(answer(quick, 1)).await.expect("taken");
    world.advance_to("2026-03-16T09:00:00+08:00").await;
    let refused = world.submit(answer(slow, 2)).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "SURVEY_EXPIRED".into()));
    assert_eq!(world.survey(slow).await.state(), pb::SurveyState::Expired);
    assert_eq!(world.survey(quick).await.state(), pb::SurveyState::Responded);
}

#[tokio::test]
async fn a_reopened_case_gets_another_one_at_its_next_end() {
    let world = World::at(MONDAY).await;
    let case = closed_case(&world).await;
    let first = world.token(case);
    world.happen("intake", Some(case), &CaseReopened { reopenings: 1, ..CaseReopened::default() }).await;
    assert_eq!(world.survey(case).await.state(), pb::SurveyState::Cancelled);
    let old = world.by("integration", None, response(Uuid::nil(), &first, answers(5, 5, "")));
    let refused = world.submit(old).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "STATE_NOT_ALLOWED".into()));
    let figures = world.review("2026-03").await.figures.expect("set");
    assert_eq!((figures.received, figures.open, figures.closed, figures.reopened), (1, 1, 0, 1));

    world.advance_to("2026-03-03T09:00:00+08:00").await;
    world.close(case).await;
    let second = world.survey(case).await;
    assert_eq!((second.round, second.state()), (2, pb::SurveyState::Sent));
    assert_eq!(world.intake.stored(case, TextPurpose::SurveyToken).len(), 2);
}
