//! ReceiveMessage: the customer said something.

use redress_chassis::{Begin, Call, Result};
use redress_domain::handbook::Channel;
use redress_proto::intake::v1 as pb;
use uuid::Uuid;

use crate::{
    Intake,
    app::{messaging, register_complaint::store_texts, registration::NewText, view},
    domain::{
        amend::{add_from_message, merge_leads},
        case::Case,
        message::{Audience, Author, Message},
        signal::CaseSignal,
    },
    grpc::convert::{self, Checks},
};

/// Records a message from the customer, and the signals that the handbook finds in it.
pub async fn receive_message(
    app: &Intake,
    call: &Call,
    request: pb::ReceiveMessageRequest,
) -> Result<pb::ReceiveMessageResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    let policy = unit.policy(&case).await?;
    let now = unit.now();
    let mut checks = Checks::default();
    let received_at = checks.past("received_time", request.received_time.as_ref(), now).unwrap_or(now);
    checks.finish()?;
    let channel = Channel::try_from(request.channel()).unwrap_or(case.state.channel);
    // A channel that brings the same message again under another request brings it once.
    let message_id = match request.external_id.as_str() {
        "" => unit.new_id(),
        external => Uuid::new_v5(&case_id, format!("received/{channel}/{external}").as_bytes()),
    };
    if let Some(known) = unit.find::<Message>(message_id).await? {
        let answer =
            unit.commit(pb::ReceiveMessageResponse { message: Some(convert::message(&known)) }).await?;
        return complete(app, call, answer).await;
    }

    let text_ref = unit.new_id();
    let language = case.state.language.clone();
    let signals = CaseSignal::found_in(&policy.handbook, &language, &request.text, text_ref, received_at);
    let mut leads = Vec::new();
    let described = merge_leads(&mut leads, &request.evidence_leads, || unit.new_id())?;
    let mut texts =
        vec![NewText { text_ref, purpose: pb::TextPurpose::Message, words: request.text.clone() }];
    texts.extend(described.into_iter().map(|(text_ref, words)| NewText {
        text_ref,
        purpose: pb::TextPurpose::Evidence,
        words,
    }));
    store_texts(&unit, case_id, case.region(), &language, texts).await?;

    let mut message = Message::outbound(Audience::customer(), Some(channel), text_ref, &language, now);
    message.signals.clone_from(&signals);
    message.delivered_at = Some(received_at);
    message.author = Author { subject: unit.actor().subject.clone(), role: unit.actor().role.clone() };
    let place = messaging::place(&case, message_id);
    let message = unit.create(place, message.receive(message_id, &leads)).await?;
    let hashes = (policy.handbook_hash.as_str(), policy.calendar_hash.as_str());
    let added =
        add_from_message(&case.state, &signals, &leads, &policy.handbook, hashes, now, || unit.new_id())?;
    if let Some((decision, reports)) = added {
        let case = unit.save(case, decision).await?;
        messaging::send_reports(&mut unit, &case, &policy, &reports).await?;
    }
    let answer =
        unit.commit(pb::ReceiveMessageResponse { message: Some(convert::message(&message)) }).await?;
    complete(app, call, answer).await
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::ReceiveMessageResponse,
) -> Result<pb::ReceiveMessageResponse> {
    let message = view::complete_message(app, &call.caller, answer.message.unwrap_or_default()).await?;
    Ok(pb::ReceiveMessageResponse { message: Some(message) })
}
