//! Between state and wire.

use std::collections::BTreeMap;

use redress_chassis::{Loaded, Policy, wire};
use redress_domain::Timestamp;
use redress_proto::{survey::v1 as pb, time_to_wire, types::v1 as types};
use uuid::Uuid;

use crate::{
    app::reviews::Standing,
    domain::{
        count,
        follow_up::FollowUp,
        improvement::Improvement,
        survey::{self as on_case, State},
        words,
    },
    store::decisions::Recorded,
};

fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(time_to_wire)
}

fn policy_to_wire(policy: &Policy) -> types::Policy {
    types::Policy {
        handbook_id: policy.handbook.id.clone(),
        handbook_version: policy.handbook.version.clone(),
        handbook_hash: policy.handbook_hash.clone(),
        calendar_id: policy.calendar.id().to_owned(),
        calendar_hash: policy.calendar_hash.clone(),
    }
}

/// A survey. `comments` holds the words that this caller may read, by question.
pub(crate) fn survey(
    loaded: &Loaded<on_case::Survey>,
    policy: &Policy,
    comments: &BTreeMap<String, String>,
) -> pb::Survey {
    let survey = &loaded.state;
    let response = survey.response.as_ref();
    let answers = response.iter().flat_map(|response| &response.answers).map(|answer| pb::SurveyAnswer {
        question_id: answer.question_id.clone(),
        score: count(answer.score),
        comment: comments.get(&answer.question_id).cloned().unwrap_or_default(),
        comment_ref: answer.text_ref.clone(),
    });
    let questions = policy.handbook.questions().iter().map(|question| pb::SurveyQuestion {
        question_id: question.id.to_string(),
        text: Some(words::text(&question.text)),
        lowest_score: count(question.score_min.value),
        highest_score: count(question.score_max.value),
        free_text: question.free_text,
    });
    pb::Survey {
        survey_id: loaded.id().to_string(),
        case_id: survey.case_id.to_string(),
        state: state_to_wire(survey.state).into(),
        etag: loaded.etag(),
        round: count(survey.round),
        questions: questions.collect(),
        answers: answers.collect(),
        low: response.is_some_and(|response| response.low),
        follow_up: survey.follow_up.as_ref().map(FollowUp::to_wire),
        channel: words::channel_to_wire(survey.channel).into(),
        response_channel: words::channel_to_wire(response.and_then(|response| response.channel)).into(),
        close_time: time(Some(survey.closed_at)),
        send_due_time: time(survey.send_due_at),
        send_time: time(survey.sent_at),
        expire_time: time(survey.expires_at),
        respond_time: time(response.map(|response| response.at)),
        policy: Some(policy_to_wire(policy)),
        region: loaded.region().to_owned(),
    }
}

fn state_to_wire(state: State) -> pb::SurveyState {
    match state {
        State::Scheduled => pb::SurveyState::Scheduled,
        State::Sent => pb::SurveyState::Sent,
        State::Responded => pb::SurveyState::Responded,
        State::Expired => pb::SurveyState::Expired,
        State::Cancelled => pb::SurveyState::Cancelled,
    }
}

/// A month's review.
pub(crate) fn review(standing: Standing, improvements: &[Loaded<Improvement>]) -> pb::MonthlyReview {
    let state = match standing.published_at {
        None => pb::ReviewState::Provisional,
        Some(_) => pb::ReviewState::Published,
    };
    pb::MonthlyReview {
        region: standing.region,
        month: standing.month.to_string(),
        state: state.into(),
        figures: Some(standing.figures),
        problems: standing.problems,
        improvements: improvements.iter().map(improvement).collect(),
        publish_time: time(standing.published_at),
        compute_time: time(Some(standing.computed_at)),
        policy: Some(policy_to_wire(&standing.policy)),
    }
}

/// An improvement.
pub(crate) fn improvement(loaded: &Loaded<Improvement>) -> pb::Improvement {
    loaded.state.to_wire(loaded.id(), loaded.region(), &loaded.etag())
}

/// A stored decision.
pub(crate) fn decision(case_id: Uuid, recorded: Recorded, policy: &Policy) -> types::Decision {
    let Recorded { event_id, ordinal, at, ruling, subject, actor, position, .. } = recorded;
    let mut facts = Vec::new();
    flatten("", &ruling.facts, &mut facts);
    types::Decision {
        decision_id: Uuid::new_v5(&event_id, ordinal.to_string().as_bytes()).to_string(),
        case_id: case_id.to_string(),
        subject: Some(types::Subject { kind: subject.0, id: subject.1.to_string() }),
        service: "survey".to_owned(),
        question: ruling.subject,
        outcome: ruling.outcome,
        rules: vec![words::rule(&ruling.rule)],
        policy: Some(policy_to_wire(policy)),
        facts,
        decide_time: Some(time_to_wire(at)),
        actor: Some(wire::actor(&actor)),
        position: Some(types::Position {
            generation: position.generation,
            partition: position.partition,
            n: position.n,
        }),
    }
}

/// Facts by their names, such as `scores.efficiency`.
fn flatten(name: &str, value: &serde_json::Value, facts: &mut Vec<types::DecisionFact>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, facts);
            }
        }
        value => facts.push(types::DecisionFact { name: name.to_owned(), value: value.to_string() }),
    }
}
