//! A message to or from a customer, or to staff, and what became of it. The words are kept apart, under a reference.

use redress_domain::{
    Decision, IntentDraft, Rejection, Timestamp,
    handbook::{Channel, NoticeKey},
};
use redress_proto::{fact, intake::v1 as pb, time_to_wire, types::v1 as types};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::domain::{
    case::{EvidenceLead, reference},
    signal::CaseSignal,
};

/// Intent that hands a message to its channel.
pub const SEND: &str = "send_message";
/// Intent that asks the channel what became of a message.
pub const ASK_RECEIPT: &str = "ask_receipt";
/// Failure of a message that has no address to go to.
pub const NO_CONTACT: &str = "NO_CONTACT";

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Which way it goes.
    pub direction: Direction,
    /// Channel; none for staff, who are reached by their own messenger.
    pub channel: Option<Channel>,
    /// What is known of it.
    pub state: State,
    /// Notice of the handbook; empty for a free text.
    pub notice: String,
    /// Service that asked for it; empty when none did.
    pub asked_by: String,
    /// Key of the asker.
    pub notice_key: String,
    /// To whom it goes, or from whom it comes.
    pub audience: Audience,
    /// Stored words.
    pub text_ref: Uuid,
    /// Language of the words.
    pub language: String,
    /// What proves that it arrived.
    pub proof: Option<Proof>,
    /// Signals found in it.
    pub signals: Vec<CaseSignal>,
    /// When it was asked for, or recorded.
    pub created_at: Timestamp,
    /// When the channel took it.
    pub sent_at: Option<Timestamp>,
    /// Whether the channel tells of delivery.
    pub receipt_follows: bool,
    /// When it arrived, or was received from the customer.
    pub delivered_at: Option<Timestamp>,
    /// Why it failed, in the channel's words.
    pub failure: String,
    /// Who wrote it or asked for it.
    pub author: Author,
    /// Machine time from which a customer's token in it is valid: the words stay the same on every attempt.
    pub token_from: Timestamp,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the customer or to staff.
    Outbound,
    /// From the customer.
    Inbound,
}

/// What is known of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits to be handed to the channel.
    Queued,
    /// Whether the channel took it is not known.
    Unknown,
    /// The channel took it.
    Sent,
    /// It arrived.
    Delivered,
    /// It will not arrive.
    Failed,
    /// It came from the customer.
    Received,
}

/// What proves a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The channel confirmed it.
    Receipt,
    /// The channel gives no receipts: it counts as delivered when sent.
    ChannelWithoutReceipt,
    /// A staff member told the customer.
    ToldInPerson,
}

/// Somebody to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// The customer of the case.
    pub customer: bool,
    /// Roles, as in tokens.
    pub roles: Vec<String>,
    /// Department, where it is for one.
    pub department: String,
    /// Staff member, where it is for one.
    pub subject: String,
}

/// Who wrote a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Subject.
    pub subject: String,
    /// Role.
    pub role: String,
}

impl Audience {
    /// The customer of the case.
    pub fn customer() -> Self {
        Self { customer: true, ..Self::default() }
    }

    /// Everybody in a role.
    pub fn role(role: &str) -> Self {
        Self { roles: vec![role.to_owned()], ..Self::default() }
    }

    /// From the wire.
    pub fn from_wire(audience: &types::Audience) -> Self {
        Self {
            customer: audience.customer,
            roles: audience.roles().map(redress_proto::role_name).collect(),
            department: audience.department.clone(),
            subject: audience.subject.clone(),
        }
    }

    /// To the wire.
    pub fn to_wire(&self) -> types::Audience {
        types::Audience {
            customer: self.customer,
            roles: self
                .roles
                .iter()
                .filter_map(|role| redress_proto::role_from_name(role))
                .map(i32::from)
                .collect(),
            department: self.department.clone(),
            subject: self.subject.clone(),
        }
    }

    /// Where staff of this audience are reached in the staff messenger: a person, else a department, else a role.
    pub fn staff_address(&self) -> String {
        match (self.subject.as_str(), self.department.as_str()) {
            ("", "") => self.roles.join(","),
            ("", department) => format!("department:{department}"),
            (subject, _) => format!("subject:{subject}"),
        }
    }
}

impl Proof {
    /// To the wire.
    pub fn to_wire(self) -> types::DeliveryProof {
        match self {
            Self::Receipt => types::DeliveryProof::Receipt,
            Self::ChannelWithoutReceipt => types::DeliveryProof::ChannelWithoutReceipt,
            Self::ToldInPerson => types::DeliveryProof::ToldInPerson,
        }
    }
}

impl State {
    /// To the wire.
    pub fn to_wire(self) -> pb::MessageState {
        match self {
            Self::Queued => pb::MessageState::Queued,
            Self::Unknown => pb::MessageState::Unknown,
            Self::Sent => pb::MessageState::Sent,
            Self::Delivered => pb::MessageState::Delivered,
            Self::Failed => pb::MessageState::Failed,
            Self::Received => pb::MessageState::Received,
        }
    }
}

impl Message {
    /// A new message to somebody, not yet queued.
    pub fn outbound(
        audience: Audience,
        channel: Option<Channel>,
        text_ref: Uuid,
        language: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            direction: Direction::Outbound,
            channel,
            state: State::Queued,
            notice: String::new(),
            asked_by: String::new(),
            notice_key: String::new(),
            audience,
            text_ref,
            language: language.to_owned(),
            proof: None,
            signals: Vec::new(),
            created_at: now,
            sent_at: None,
            receipt_follows: false,
            delivered_at: None,
            failure: String::new(),
            author: Author::default(),
            token_from: now,
        }
    }

    /// The channel on the wire; unspecified for staff.
    pub fn channel_to_wire(&self) -> types::Channel {
        self.channel.map_or(types::Channel::Unspecified, types::Channel::from)
    }

    /// Whether it carries this notice to the customer.
    pub fn tells(&self, notice: NoticeKey) -> bool {
        self.audience.customer && self.notice == notice.as_str()
    }

    /// Whether nothing will change by itself any more.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, State::Delivered | State::Failed | State::Received)
    }

    /// Queues it for its channel.
    pub fn queue(self, id: Uuid) -> Decision<Self> {
        let queued = pb::MessageQueued {
            message_id: id.to_string(),
            asked_by: self.asked_by.clone(),
            notice_key: self.notice_key.clone(),
            notice: self.notice.clone(),
            audience: Some(self.audience.to_wire()),
            channel: self.channel_to_wire().into(),
            text_ref: reference(Some(self.text_ref)),
        };
        let send = IntentDraft {
            kind: SEND.into(),
            key: format!("{SEND}/{id}"),
            payload: json!({ "message_id": id }),
            not_before: None,
        };
        Decision::new(self).fact(fact(&queued)).intent(send)
    }

    /// Records that it cannot go anywhere: nothing is known that reaches the addressee.
    pub fn without_contact(mut self, id: Uuid) -> Decision<Self> {
        self.state = State::Failed;
        NO_CONTACT.clone_into(&mut self.failure);
        let failed = self.failed_fact(id, 0);
        Decision::new(self).fact(fact(&failed))
    }

    /// Records what the customer said.
    pub fn receive(mut self, id: Uuid, leads: &[EvidenceLead]) -> Decision<Self> {
        self.direction = Direction::Inbound;
        self.state = State::Received;
        let received = pb::MessageReceived {
            message_id: id.to_string(),
            channel: self.channel_to_wire().into(),
            text_ref: reference(Some(self.text_ref)),
            received_time: self.delivered_at.map(time_to_wire),
            signals: self.signals.iter().map(CaseSignal::to_wire).collect(),
            evidence_leads: leads.iter().map(EvidenceLead::to_fact).collect(),
        };
        Decision::new(self).fact(fact(&received))
    }

    /// The channel took it. Where it tells of no delivery, the message counts as delivered with that (X6).
    /// None when that is known already.
    pub fn taken(&self, id: Uuid, at: Timestamp, receipt_follows: bool) -> Option<Decision<Self>> {
        if !matches!(self.state, State::Queued | State::Unknown) {
            return None;
        }
        let mut next = self.clone();
        next.state = State::Sent;
        next.sent_at = Some(at);
        next.receipt_follows = receipt_follows;
        let sent = pb::MessageSent {
            message_id: id.to_string(),
            asked_by: self.asked_by.clone(),
            notice_key: self.notice_key.clone(),
            notice: self.notice.clone(),
            audience: Some(self.audience.to_wire()),
            channel: self.channel_to_wire().into(),
            text_ref: reference(Some(self.text_ref)),
            receipt_follows,
            send_time: Some(time_to_wire(at)),
        };
        if receipt_follows {
            let ask = IntentDraft {
                kind: ASK_RECEIPT.into(),
                key: format!("{ASK_RECEIPT}/{id}"),
                payload: json!({ "message_id": id }),
                // The first receipts come within seconds.
                not_before: Some(at + chrono::Duration::seconds(RECEIPT_AFTER_SECONDS)),
            };
            return Some(Decision::new(next).fact(fact(&sent)).intent(ask));
        }
        next.state = State::Delivered;
        next.delivered_at = Some(at);
        next.proof = Some(Proof::ChannelWithoutReceipt);
        let delivered = next.delivered_fact(id, at, Proof::ChannelWithoutReceipt);
        Some(Decision::new(next).fact(fact(&sent)).fact(fact(&delivered)))
    }

    /// Nobody knows whether the channel took it. None when that was known before.
    pub fn unclear(&self, id: Uuid) -> Option<Decision<Self>> {
        if self.state != State::Queued {
            return None;
        }
        let mut next = self.clone();
        next.state = State::Unknown;
        let unknown =
            pb::MessageUnknown { message_id: id.to_string(), channel: self.channel_to_wire().into() };
        Some(Decision::new(next).fact(fact(&unknown)))
    }

    /// It arrived at `at`. A receipt that comes again changes nothing; one that is earlier corrects.
    ///
    /// # Errors
    /// `DELIVERY_CONTRADICTED` when an earlier receipt says that it failed. What a person told the customer
    /// contradicts nothing.
    pub fn delivered(
        &self,
        id: Uuid,
        at: Timestamp,
        proof: Proof,
    ) -> Result<Option<Decision<Self>>, Rejection> {
        match self.state {
            State::Received => return Err(contradicted("it came from the customer")),
            State::Failed if proof != Proof::ToldInPerson => return Err(contradicted("it failed")),
            State::Delivered if self.delivered_at.is_some_and(|known| known <= at) => return Ok(None),
            _ => {}
        }
        let mut next = self.clone();
        next.state = State::Delivered;
        next.delivered_at = Some(at);
        next.proof = Some(proof);
        next.failure = String::new();
        let delivered = next.delivered_fact(id, at, proof);
        Ok(Some(Decision::new(next).fact(fact(&delivered))))
    }

    /// It will not arrive.
    ///
    /// # Errors
    /// `DELIVERY_CONTRADICTED` when it is known to have arrived.
    pub fn failed(
        &self,
        id: Uuid,
        failure: &str,
        attempts: i32,
    ) -> Result<Option<Decision<Self>>, Rejection> {
        match self.state {
            State::Received => return Err(contradicted("it came from the customer")),
            State::Delivered => return Err(contradicted("it arrived")),
            State::Failed => return Ok(None),
            State::Queued | State::Unknown | State::Sent => {}
        }
        let mut next = self.clone();
        next.state = State::Failed;
        failure.clone_into(&mut next.failure);
        let failed = next.failed_fact(id, attempts);
        Ok(Some(Decision::new(next).fact(fact(&failed))))
    }

    fn delivered_fact(&self, id: Uuid, at: Timestamp, proof: Proof) -> pb::MessageDelivered {
        pb::MessageDelivered {
            message_id: id.to_string(),
            asked_by: self.asked_by.clone(),
            notice_key: self.notice_key.clone(),
            notice: self.notice.clone(),
            audience: Some(self.audience.to_wire()),
            channel: self.channel_to_wire().into(),
            delivery_time: Some(time_to_wire(at)),
            proof: proof.to_wire().into(),
        }
    }

    fn failed_fact(&self, id: Uuid, attempts: i32) -> pb::MessageFailed {
        pb::MessageFailed {
            message_id: id.to_string(),
            asked_by: self.asked_by.clone(),
            notice_key: self.notice_key.clone(),
            notice: self.notice.clone(),
            audience: Some(self.audience.to_wire()),
            channel: self.channel_to_wire().into(),
            failure: self.failure.clone(),
            attempts,
        }
    }
}

/// When a channel is first asked for a receipt.
const RECEIPT_AFTER_SECONDS: i64 = 10;

fn contradicted(earlier: &str) -> Rejection {
    Rejection::precondition("DELIVERY_CONTRADICTED", format!("an earlier receipt says that {earlier}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(seconds, 0).expect("a valid time")
    }

    fn message(state: State) -> Message {
        let id = Uuid::from_u128(1);
        let mut message = Message::outbound(Audience::customer(), Some(Channel::Hotline), id, "zh-CN", at(0));
        message.state = state;
        message.delivered_at = (state == State::Delivered).then(|| at(50));
        message
    }

    fn facts(decision: &Decision<Message>) -> Vec<&str> {
        decision.facts.iter().filter_map(|fact| fact.name.rsplit('.').next()).collect()
    }

    #[test]
    fn a_channel_without_receipts_counts_when_it_took_the_message_and_says_so() {
        let taken = message(State::Queued).taken(Uuid::nil(), at(10), false).expect("new");
        assert_eq!(facts(&taken), ["MessageSent", "MessageDelivered"]);
        assert_eq!(
            (taken.next.delivered_at, taken.next.proof),
            (Some(at(10)), Some(Proof::ChannelWithoutReceipt))
        );
        assert!(taken.intents.is_empty());
        let taken = message(State::Unknown).taken(Uuid::nil(), at(10), true).expect("new");
        assert_eq!((facts(&taken), taken.next.delivered_at), (vec!["MessageSent"], None));
        assert_eq!(taken.intents.len(), 1, "the receipt is asked for");
    }

    #[test]
    fn every_state_takes_what_can_follow_and_nothing_else() {
        let id = Uuid::nil();
        use State::{Delivered, Failed, Queued, Received, Sent, Unknown};
        for (state, taken, unclear, delivered, failed) in [
            (Queued, true, true, Ok(true), Ok(true)),
            (Unknown, true, false, Ok(true), Ok(true)),
            (Sent, false, false, Ok(true), Ok(true)),
            (Delivered, false, false, Ok(false), Err(())),
            (Failed, false, false, Err(()), Ok(false)),
            (Received, false, false, Err(()), Err(())),
        ] {
            let message = message(state);
            assert_eq!(message.taken(id, at(60), true).is_some(), taken, "{state:?}");
            assert_eq!(message.unclear(id).is_some(), unclear, "{state:?}");
            let changes = |outcome: Result<Option<Decision<Message>>, Rejection>| {
                outcome.map(|decision| decision.is_some()).map_err(|refused| {
                    assert_eq!(refused.reason, "DELIVERY_CONTRADICTED");
                })
            };
            assert_eq!(changes(message.delivered(id, at(60), Proof::Receipt)), delivered, "{state:?}");
            assert_eq!(changes(message.failed(id, "GONE", 1)), failed, "{state:?}");
        }
        let earlier =
            message(Delivered).delivered(id, at(40), Proof::Receipt).expect("fits").expect("corrects");
        assert_eq!(earlier.next.delivered_at, Some(at(40)));
        let told = message(Failed).delivered(id, at(60), Proof::ToldInPerson).expect("no contradiction");
        assert!(told.is_some());
    }
}
