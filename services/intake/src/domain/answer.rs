//! What follows when a message has reached the customer: the first response, and the answer that the law asks for (X6).

use redress_domain::{
    Decision, Timestamp,
    handbook::{DeadlineKind, NoticeKey},
};
use redress_proto::{fact, intake::v1 as pb, time_to_wire};
use uuid::Uuid;

use crate::domain::{
    case::Case,
    clocks,
    message::{Message, Proof},
};

/// Notices that tell the customer how the matter ends, or is proposed to end: with one of them the complaint is answered.
const OUTCOMES: [NoticeKey; 7] = [
    NoticeKey::Offer,
    NoticeKey::Findings,
    NoticeKey::FinalPosition,
    NoticeKey::Refusal,
    NoticeKey::WithdrawalConfirmed,
    NoticeKey::HandlingNotice,
    NoticeKey::Closed,
];

/// What a delivered message means for its case; none when it means nothing new.
pub fn delivered(case: &Case, message_id: Uuid, message: &Message) -> Option<Decision<Case>> {
    let (at, proof) = (message.delivered_at?, message.proof?);
    let earlier = |known: Option<Timestamp>| known.is_none_or(|known| at < known);
    if message.tells(NoticeKey::Acknowledgement) && earlier(case.acknowledged_at) {
        return Some(acknowledged(case, message_id, message, at, proof));
    }
    if OUTCOMES.iter().any(|notice| message.tells(*notice)) && earlier(case.answered_at) {
        let mut next = case.clone();
        next.answered_at = Some(at);
        let answered = pb::CaseAnswered {
            message_id: message_id.to_string(),
            notice: message.notice.clone(),
            delivery_time: Some(time_to_wire(at)),
            proof: proof.to_wire().into(),
        };
        let met = clocks::meet(DeadlineKind::StatutoryAnswer, at);
        return Some(Decision::new(next).fact(fact(&answered)).deadline(met));
    }
    None
}

fn acknowledged(
    case: &Case,
    message_id: Uuid,
    message: &Message,
    at: Timestamp,
    proof: Proof,
) -> Decision<Case> {
    let mut next = case.clone();
    next.acknowledged_at = Some(at);
    let acknowledged = pb::CaseAcknowledged {
        message_id: message_id.to_string(),
        channel: message.channel_to_wire().into(),
        send_time: message.sent_at.map(time_to_wire),
        delivery_time: Some(time_to_wire(at)),
        proof: proof.to_wire().into(),
    };
    Decision::new(next).fact(fact(&acknowledged)).deadline(clocks::meet(DeadlineKind::FirstResponse, at))
}
