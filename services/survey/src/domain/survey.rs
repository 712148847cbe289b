//! The satisfaction survey on a closed case (M7.2), from closing to answer, and what follows a low one.

use std::collections::BTreeMap;

use redress_domain::{
    DeadlineChange, Decision, IntentDraft, Rejection, Ruling, Timestamp,
    handbook::{Channel, ClosingBasis, DeadlineKind, NoticeKey, Priority},
};
use redress_proto::{fact, survey::v1 as pb, time_to_wire, types::v1 as types};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Setting, answers, count,
    follow_up::{self, FollowUp},
    month::Month,
    words,
};

/// Intent that stores the one-time token with intake, after which the survey can be sent.
pub const SEND: &str = "send_survey";

/// A survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Case.
    pub case_id: Uuid,
    /// Which survey of the case this is, from 1.
    pub round: u32,
    /// State.
    pub state: State,
    /// Language of the customer, a BCP 47 tag.
    pub language: String,
    /// Priority of the case when it was closed.
    pub priority: Priority,
    /// Channel that it goes by, or went by.
    pub channel: Option<Channel>,
    /// Channels that did not reach the customer.
    #[serde(default)]
    pub failed_channels: Vec<Channel>,
    /// When the case was closed.
    pub closed_at: Timestamp,
    /// Until when it has to be sent; none where the calendar cannot tell.
    pub send_due_at: Option<Timestamp>,
    /// When it was handed to intake.
    #[serde(default)]
    pub sent_at: Option<Timestamp>,
    /// The month of that.
    #[serde(default)]
    pub sent_month: Option<Month>,
    /// When it reached the customer.
    #[serde(default)]
    pub delivered_at: Option<Timestamp>,
    /// Until when it can be answered.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The one-time token, as text reference.
    #[serde(default)]
    pub token_ref: String,
    /// SHA-256 of the token, hexadecimal; empty before it is sent.
    #[serde(default)]
    pub token_hash: String,
    /// The answer.
    #[serde(default)]
    pub response: Option<Response>,
    /// What follows low scores.
    #[serde(default)]
    pub follow_up: Option<FollowUp>,
}

/// State of a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be sent.
    Scheduled,
    /// Sent; can be answered.
    Sent,
    /// Answered.
    Responded,
    /// The time for answering passed.
    Expired,
    /// Not wanted any more.
    Cancelled,
}

/// What the customer answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// When.
    pub at: Timestamp,
    /// Month that it counts in.
    pub month: Month,
    /// Through which channel.
    pub channel: Option<Channel>,
    /// The answers, in the order of the handbook's questions.
    pub answers: Vec<Answer>,
    /// Whether one of them is low.
    pub low: bool,
}

/// An answer without its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Question.
    pub question_id: String,
    /// Score.
    pub score: u32,
    /// What was added, as text reference; empty where nothing was.
    pub text_ref: String,
}

/// A case that was closed.
#[derive(Clone, Debug)]
pub struct ClosedCase {
    /// Case.
    pub case_id: Uuid,
    /// How often it had been closed, this time included.
    pub round: u32,
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub basis: Option<ClosingBasis>,
    /// Language of the customer.
    pub language: String,
    /// Priority.
    pub priority: Priority,
}

/// The id of a case's survey; the same whenever it is computed.
pub fn id_of(case_id: Uuid, round: u32) -> Uuid {
    Uuid::new_v5(&case_id, format!("survey/{round}").as_bytes())
}

/// The survey that a notice of ours belongs to, by its key.
pub fn of_notice_key(key: &str) -> Option<Uuid> {
    let (id, _) = key.strip_prefix(KEY_PREFIX)?.split_once('/')?;
    Uuid::parse_str(id).ok()
}

pub(super) const KEY_PREFIX: &str = "survey/";

/// A case was closed: its survey is to be sent, where the handbook asks after such an end.
pub fn schedule(closed: &ClosedCase, setting: &Setting<'_>) -> Decision<Survey> {
    if closed.basis.is_some_and(|basis| setting.book.surveys_after(basis)) {
        send_later(closed, setting)
    } else {
        not_wanted(closed, setting)
    }
}

fn send_later(closed: &ClosedCase, setting: &Setting<'_>) -> Decision<Survey> {
    let send = setting.deadline(DeadlineKind::SurveySend, closed.priority, closed.at);
    let mut survey = Survey::of(closed, State::Scheduled);
    survey.channel = setting.book.survey.channels.first().map(|channel| channel.value);
    survey.send_due_at = send.as_ref().map(|(_, due_at)| *due_at);
    let id = survey.id();
    let scheduled = pb::SurveyScheduled {
        survey_id: id.to_string(),
        round: count(closed.round),
        close_time: Some(time_to_wire(closed.at)),
        send_due_time: survey.send_due_at.map(time_to_wire),
    };
    let intent =
        IntentDraft { kind: SEND.into(), key: format!("{SEND}/{id}"), payload: json!({}), not_before: None };
    let mut decision = Decision::new(survey)
        .fact(fact(&scheduled))
        .ruling(ruling(closed, "scheduled", setting))
        .intent(intent);
    decision.deadlines.extend(send.map(|(draft, _)| DeadlineChange::Open(draft)));
    decision
}

fn not_wanted(closed: &ClosedCase, setting: &Setting<'_>) -> Decision<Survey> {
    let survey = Survey::of(closed, State::Cancelled);
    let cancelled = pb::SurveyCancelled { survey_id: survey.id().to_string(), reopened: false };
    Decision::new(survey).fact(fact(&cancelled)).ruling(ruling(closed, "not_sent", setting))
}

fn ruling(closed: &ClosedCase, outcome: &str, setting: &Setting<'_>) -> Ruling {
    let rule = setting.book.deadline(DeadlineKind::SurveySend).rule_ref();
    let facts = json!({ "basis": closed.basis, "round": closed.round, "closed_at": closed.at });
    Ruling::new("survey", rule, outcome, facts)
}

impl Survey {
    fn of(closed: &ClosedCase, state: State) -> Self {
        Self {
            case_id: closed.case_id,
            round: closed.round,
            state,
            language: closed.language.clone(),
            priority: closed.priority,
            channel: None,
            failed_channels: Vec::new(),
            closed_at: closed.at,
            send_due_at: None,
            sent_at: None,
            sent_month: None,
            delivered_at: None,
            expires_at: None,
            token_ref: String::new(),
            token_hash: String::new(),
            response: None,
            follow_up: None,
        }
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        id_of(self.case_id, self.round)
    }

    /// The token is stored: the invitation goes out. None when the survey is not to be sent any more.
    pub fn sent(&self, token_ref: &str, token_hash: &[u8], setting: &Setting<'_>) -> Option<Decision<Self>> {
        if self.state != State::Scheduled {
            return None;
        }
        let expiry = setting.deadline(DeadlineKind::SurveyExpiry, self.priority, setting.now);
        let mut next = self.clone();
        next.state = State::Sent;
        next.sent_at = Some(setting.now);
        next.sent_month = Some(setting.month(setting.now));
        next.expires_at = expiry.as_ref().map(|(_, due_at)| *due_at);
        token_ref.clone_into(&mut next.token_ref);
        next.token_hash = hex::encode(token_hash);
        let notice = next.invitation(setting);
        let sent = pb::SurveySent {
            survey_id: self.id().to_string(),
            notice_key: notice.notice_key.clone(),
            expire_time: next.expires_at.map(time_to_wire),
            token_hash: token_hash.to_vec(),
            channel: words::channel_to_wire(next.channel).into(),
        };
        let mut decision = Decision::new(next).fact(fact(&sent)).fact(fact(&notice));
        decision.deadlines.extend(expiry.map(|(draft, _)| DeadlineChange::Open(draft)));
        Some(decision)
    }

    /// The invitation, by the channels that have not failed.
    fn invitation(&self, setting: &Setting<'_>) -> types::NoticeRequested {
        let language = setting.book.language_of(&self.language);
        let due = self
            .expires_at
            .map(|at| setting.book.wording.date_time(setting.calendar.local(at), language))
            .unwrap_or_default();
        types::NoticeRequested {
            notice_key: format!("{KEY_PREFIX}{}/invitation/{}", self.id(), self.failed_channels.len()),
            notice: NoticeKey::SurveyInvitation.as_str().to_owned(),
            audience: Some(types::Audience { customer: true, ..types::Audience::default() }),
            parameters: BTreeMap::from([("due".to_owned(), due)]),
            text_parameters: BTreeMap::from([("link".to_owned(), self.token_ref.clone())]),
            channels: self
                .channels_left(setting)
                .into_iter()
                .map(|channel| types::Channel::from(channel).into())
                .collect(),
            promises: Vec::new(),
            rule: Some(words::rule(&setting.book.notice(NoticeKey::SurveyInvitation).rule_ref())),
        }
    }

    fn channels_left(&self, setting: &Setting<'_>) -> Vec<Channel> {
        let channels = setting.book.survey.channels.iter().map(|channel| channel.value);
        channels.filter(|channel| !self.failed_channels.contains(channel)).collect()
    }

    /// The invitation reached the customer: the survey is sent in the sense of M7.2 (X6).
    pub fn delivered(
        &self,
        at: Timestamp,
        channel: Option<Channel>,
        proof: types::DeliveryProof,
    ) -> Option<Decision<Self>> {
        if matches!(self.state, State::Scheduled | State::Cancelled)
            || self.delivered_at.is_some_and(|known| known <= at)
        {
            return None;
        }
        let mut next = self.clone();
        next.delivered_at = Some(at);
        next.channel = channel.or(self.channel);
        let delivered = pb::SurveyDelivered {
            survey_id: self.id().to_string(),
            delivery_time: Some(time_to_wire(at)),
            proof: proof.into(),
        };
        Some(Decision::new(next).fact(fact(&delivered)).deadline(meet(DeadlineKind::SurveySend, at)))
    }

    /// The invitation will not arrive by this channel: the next one is tried. None when there is no other, so that the
    /// deadline tells people.
    pub fn failed(&self, channel: Option<Channel>, setting: &Setting<'_>) -> Option<Decision<Self>> {
        let failed = channel.or(self.channel)?;
        if self.state != State::Sent || self.delivered_at.is_some() || self.failed_channels.contains(&failed)
        {
            return None;
        }
        let mut next = self.clone();
        next.failed_channels.push(failed);
        next.channel = Some(*next.channels_left(setting).first()?);
        let notice = next.invitation(setting);
        Some(Decision::new(next).fact(fact(&notice)))
    }

    /// The case was reopened: nobody is asked about an end that is none.
    pub fn reopened(&self) -> Option<Decision<Self>> {
        if !matches!(self.state, State::Scheduled | State::Sent) {
            return None;
        }
        let mut next = self.clone();
        next.state = State::Cancelled;
        let cancelled = pb::SurveyCancelled { survey_id: self.id().to_string(), reopened: true };
        Some(
            Decision::new(next)
                .fact(fact(&cancelled))
                .deadline(cancel(DeadlineKind::SurveySend))
                .deadline(cancel(DeadlineKind::SurveyExpiry)),
        )
    }

    /// The time for answering passed at `due_at`.
    pub fn expired(&self, due_at: Timestamp) -> Option<Decision<Self>> {
        if self.state != State::Sent {
            return None;
        }
        let mut next = self.clone();
        next.state = State::Expired;
        let expired = pb::SurveyExpired { survey_id: self.id().to_string() };
        Some(Decision::new(next).fact(fact(&expired)).deadline(meet(DeadlineKind::SurveyExpiry, due_at)))
    }

    /// The customer answers. `text_refs` holds the stored words, by question.
    ///
    /// # Errors
    /// Those of [`answers::check`]; `ALREADY_RESPONDED`, `SURVEY_EXPIRED`, `STATE_NOT_ALLOWED`.
    pub fn respond(
        &self,
        given: &[pb::SurveyAnswer],
        text_refs: &BTreeMap<String, String>,
        channel: Option<Channel>,
        setting: &Setting<'_>,
    ) -> Result<Decision<Self>, Rejection> {
        self.expect_open(setting.now)?;
        answers::check(given, setting.book)?;
        let (rule, rule_ref) = setting.book.follow_up();
        let answers: Vec<Answer> = setting
            .book
            .questions()
            .iter()
            .filter_map(|question| given.iter().find(|answer| answer.question_id == question.id.as_str()))
            .map(|answer| Answer {
                question_id: answer.question_id.clone(),
                score: u32::try_from(answer.score).unwrap_or_default(),
                text_ref: text_refs.get(&answer.question_id).cloned().unwrap_or_default(),
            })
            .collect();
        let scores: BTreeMap<&str, u32> =
            answers.iter().map(|answer| (answer.question_id.as_str(), answer.score)).collect();
        let low_items: Vec<String> = answers
            .iter()
            .filter(|answer| answer.score < rule.score_below)
            .map(|answer| answer.question_id.clone())
            .collect();
        let low = !low_items.is_empty();
        let ruling = Ruling::new(
            "low_score",
            rule_ref.clone(),
            if low { "follow_up" } else { "satisfied" },
            json!({ "scores": scores, "score_below": rule.score_below }),
        );
        let month = setting.month(setting.now);
        let channel = channel.or(self.channel);
        let responded = pb::SurveyResponded {
            survey_id: self.id().to_string(),
            scores: answers.iter().map(Answer::to_wire).collect(),
            low,
            channel: words::channel_to_wire(channel).into(),
            month: month.to_string(),
        };
        let mut next = self.clone();
        next.state = State::Responded;
        next.response = Some(Response { at: setting.now, month, channel, answers, low });
        let mut decision = Decision::new(next)
            .fact(fact(&responded))
            .ruling(ruling)
            .deadline(cancel(DeadlineKind::SurveyExpiry));
        if self.delivered_at.is_none() {
            // Whoever answers has been asked.
            decision.next.delivered_at = Some(setting.now);
            decision = decision.deadline(meet(DeadlineKind::SurveySend, setting.now));
        }
        Ok(if low { follow_up::open(decision, low_items, rule.role, rule_ref, setting) } else { decision })
    }

    /// Whether it can be answered now.
    fn expect_open(&self, now: Timestamp) -> Result<(), Rejection> {
        let reason = match self.state {
            State::Sent if self.expires_at.is_none_or(|expires_at| now < expires_at) => return Ok(()),
            State::Sent | State::Expired => "SURVEY_EXPIRED",
            State::Responded => "ALREADY_RESPONDED",
            State::Scheduled | State::Cancelled => "STATE_NOT_ALLOWED",
        };
        Err(Rejection::state(reason, self.state.as_str(), &[State::Sent.as_str()]))
    }
}

impl State {
    /// As shown in refusals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Sent => "SENT",
            Self::Responded => "RESPONDED",
            Self::Expired => "EXPIRED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl Answer {
    fn to_wire(&self) -> pb::SurveyScore {
        pb::SurveyScore {
            question_id: self.question_id.clone(),
            score: count(self.score),
            text_ref: self.text_ref.clone(),
        }
    }
}

pub(super) fn meet(kind: DeadlineKind, at: Timestamp) -> DeadlineChange {
    DeadlineChange::Meet { name: kind.as_str().to_owned(), at }
}

fn cancel(kind: DeadlineKind) -> DeadlineChange {
    DeadlineChange::Cancel { name: kind.as_str().to_owned() }
}
