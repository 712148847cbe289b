//! Notices that compensation asks intake to send.

use std::collections::BTreeMap;

use redress_domain::{
    RuleRef,
    handbook::{Channel, Notice, NoticeKey, Role},
};
use redress_proto::{time_to_wire, types::v1 as types};

use super::{standing::rule, state::Promise};

/// A notice in the making.
#[derive(Clone, Debug)]
pub struct Asking(types::NoticeRequested);

impl Asking {
    /// A notice to the customer, through the original channel.
    pub fn customer(notice_key: impl Into<String>, notice: NoticeKey) -> Self {
        let audience = types::Audience { customer: true, ..types::Audience::default() };
        Self::new(notice_key.into(), notice, audience)
    }

    /// A notice to staff in any of these roles.
    pub fn staff(notice_key: impl Into<String>, notice: NoticeKey, roles: &[Role]) -> Self {
        let roles = roles.iter().map(|role| types::Role::from(*role).into()).collect();
        let audience = types::Audience { roles, ..types::Audience::default() };
        Self::new(notice_key.into(), notice, audience)
    }

    fn new(notice_key: String, notice: NoticeKey, audience: types::Audience) -> Self {
        Self(types::NoticeRequested {
            notice_key,
            notice: notice.as_str().to_owned(),
            audience: Some(audience),
            parameters: BTreeMap::new(),
            text_parameters: BTreeMap::new(),
            channels: Vec::new(),
            promises: Vec::new(),
            rule: None,
        })
    }

    /// Fills a placeholder.
    pub fn say(mut self, placeholder: &str, words: impl Into<String>) -> Self {
        self.0.parameters.insert(placeholder.to_owned(), words.into());
        self
    }

    /// Fills a placeholder with a stored text, or with `otherwise` where there is none.
    pub fn say_text(mut self, placeholder: &str, text_ref: &str, otherwise: &str) -> Self {
        if text_ref.is_empty() {
            return self.say(placeholder, otherwise);
        }
        self.0.text_parameters.insert(placeholder.to_owned(), text_ref.to_owned());
        self
    }

    /// Adds a stored text that goes before the handbook's words.
    pub fn begin_with(mut self, text_ref: &str) -> Self {
        if !text_ref.is_empty() {
            self.0.text_parameters.insert(FOREWORD.to_owned(), text_ref.to_owned());
        }
        self
    }

    /// Allows these channels only, best first.
    pub fn through(mut self, channels: impl IntoIterator<Item = Channel>) -> Self {
        self.0.channels = channels.into_iter().map(|channel| types::Channel::from(channel).into()).collect();
        self
    }

    /// States what it promises.
    pub fn promising<'a>(mut self, promises: impl IntoIterator<Item = &'a Promise>) -> Self {
        self.0.promises = promises.into_iter().map(promise).collect();
        self
    }

    /// Names the rule that asks for it.
    pub fn because(mut self, because: &RuleRef) -> Self {
        self.0.rule = Some(rule(because));
        self
    }

    /// The event.
    pub fn event(self, notice: Notice<'_>) -> types::NoticeRequested {
        let mut event = self.0;
        if event.rule.is_none() {
            event.rule = Some(rule(&notice.rule_ref()));
        }
        event
    }
}

/// Name under which a text is handed over that goes before the handbook's words.
pub const FOREWORD: &str = "foreword";

/// A promise as on the wire.
pub fn promise(promise: &Promise) -> types::Promise {
    types::Promise {
        kind: promise.kind.clone(),
        deadline_id: String::new(),
        due_time: Some(time_to_wire(promise.due_at)),
        limit: promise.limit.clone(),
    }
}
