//! What follows low scores (M7.3): somebody gets in touch with the customer.

use redress_domain::{
    DeadlineChange, Decision, RuleRef, Timestamp,
    handbook::{DeadlineKind, NoticeKey, Role},
};
use redress_proto::{fact, survey::v1 as pb, time_to_wire, types::v1 as types};
use serde::{Deserialize, Serialize};

use super::{
    Setting,
    survey::{KEY_PREFIX, Survey, meet},
    words,
};

/// What follows low scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Role that has to act.
    pub role: Role,
    /// Questions with low scores.
    pub question_ids: Vec<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when it has to be done; none where the calendar cannot tell.
    pub due_at: Option<Timestamp>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Rule behind it.
    pub rule: RuleRef,
}

/// Opens the follow-up of an answer, and tells the customer that somebody will get in touch.
pub(super) fn open(
    mut decision: Decision<Survey>,
    question_ids: Vec<String>,
    role: Role,
    rule: RuleRef,
    setting: &Setting<'_>,
) -> Decision<Survey> {
    let id = decision.next.id();
    let deadline = setting.deadline(DeadlineKind::FollowUp, decision.next.priority, setting.now);
    let follow_up = FollowUp {
        role,
        question_ids,
        opened_at: setting.now,
        due_at: deadline.as_ref().map(|(_, due_at)| *due_at),
        done_at: None,
        rule,
    };
    let opened = pb::FollowUpOpened { survey_id: id.to_string(), follow_up: Some(follow_up.to_wire()) };
    let notice = types::NoticeRequested {
        notice_key: format!("{KEY_PREFIX}{id}/follow_up"),
        notice: NoticeKey::FollowUp.as_str().to_owned(),
        audience: Some(types::Audience { customer: true, ..types::Audience::default() }),
        rule: Some(words::rule(&setting.book.notice(NoticeKey::FollowUp).rule_ref())),
        ..types::NoticeRequested::default()
    };
    decision.next.follow_up = Some(follow_up);
    decision.deadlines.extend(deadline.map(|(draft, _)| DeadlineChange::Open(draft)));
    decision.fact(fact(&opened)).fact(fact(&notice))
}

impl Survey {
    /// A message of somebody reached the customer at `at`: what was low is followed up. The announcement of the follow-up
    /// itself is none.
    pub fn followed_up(&self, at: Timestamp) -> Option<Decision<Self>> {
        let open = self.follow_up.as_ref().filter(|open| open.done_at.is_none() && at >= open.opened_at)?;
        let mut next = self.clone();
        next.follow_up = Some(FollowUp { done_at: Some(at), ..open.clone() });
        let done = pb::FollowUpDone { survey_id: self.id().to_string(), done_time: Some(time_to_wire(at)) };
        Some(Decision::new(next).fact(fact(&done)).deadline(meet(DeadlineKind::FollowUp, at)))
    }
}

impl FollowUp {
    /// To the wire.
    pub fn to_wire(&self) -> pb::FollowUp {
        pb::FollowUp {
            role: types::Role::from(self.role).into(),
            question_ids: self.question_ids.clone(),
            open_time: Some(time_to_wire(self.opened_at)),
            due_time: self.due_at.map(time_to_wire),
            done_time: self.done_at.map(time_to_wire),
            rule: Some(words::rule(&self.rule)),
        }
    }
}
