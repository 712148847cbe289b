//! RecordDelivery: what became of a message, by a channel's receipt or a person's word.

use redress_chassis::{Begin, Call, Loaded, Result, Unit};
use redress_domain::Decision;
use redress_proto::{intake::v1 as pb, types::v1::DeliveryProof};

use crate::{
    Intake,
    app::view,
    domain::{
        answer,
        case::Case,
        message::{Message, Proof},
    },
    grpc::convert::{self, Checks},
};

/// Records what became of a message. Coming again it changes nothing; coming late it counts by its own time (X6).
pub async fn record_delivery(
    app: &Intake,
    call: &Call,
    request: pb::RecordDeliveryRequest,
) -> Result<pb::RecordDeliveryResponse> {
    let message_id = convert::id("message_id", &request.message_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let message = unit.load::<Message>(message_id).await?;
    call.caller.may_see(message.region(), message.case_id())?;
    let mut checks = Checks::default();
    let now = unit.now();
    let at = checks.past("time", request.time.as_ref(), now).unwrap_or(now);
    checks.finish()?;
    let proof = match request.proof() {
        DeliveryProof::Unspecified | DeliveryProof::Receipt => Proof::Receipt,
        DeliveryProof::ChannelWithoutReceipt => Proof::ChannelWithoutReceipt,
        DeliveryProof::ToldInPerson => Proof::ToldInPerson,
    };
    let decision = match request.outcome() {
        pb::DeliveryOutcome::Delivered => message.state.delivered(message_id, at, proof)?,
        _ => message.state.failed(message_id, &request.failure, 1)?,
    };
    let message = settle(&mut unit, message, decision).await?;
    let answer =
        unit.commit(pb::RecordDeliveryResponse { message: Some(convert::message(&message)) }).await?;
    complete(app, call, answer).await
}

/// Stores what became of a message, and what that means for its case. The message is locked before its case, everywhere.
pub async fn settle(
    unit: &mut Unit,
    message: Loaded<Message>,
    decision: Option<Decision<Message>>,
) -> Result<Loaded<Message>> {
    let Some(decision) = decision else { return Ok(message) };
    let message = unit.save(message, decision).await?;
    let Some(case_id) = message.case_id().filter(|_| message.state.audience.customer) else {
        return Ok(message);
    };
    if message.state.notice.is_empty() || message.state.delivered_at.is_none() {
        return Ok(message);
    }
    if let Some(case) = unit.find::<Case>(case_id).await?
        && let Some(decision) = answer::delivered(&case.state, message.id(), &message.state)
    {
        unit.save(case, decision).await?;
    }
    Ok(message)
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::RecordDeliveryResponse,
) -> Result<pb::RecordDeliveryResponse> {
    let message = view::complete_message(app, &call.caller, answer.message.unwrap_or_default()).await?;
    Ok(pb::RecordDeliveryResponse { message: Some(message) })
}
