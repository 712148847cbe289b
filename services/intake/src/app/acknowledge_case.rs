//! AcknowledgeCase: "complaint received, investigation starts", through the original channel (M2.3a, X6).

use redress_chassis::{Begin, Call, Result};
use redress_domain::{Rejection, handbook::NoticeKey};
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::{
        messaging::{self, ToCustomer, Words},
        view,
    },
    domain::case::{Case, Stage},
    grpc::convert::{self, Checks},
    store::{customer, message},
};

/// Sends the acknowledgement. It counts when it is delivered, not when it is sent.
pub async fn acknowledge_case(
    app: &Intake,
    call: &Call,
    request: pb::AcknowledgeCaseRequest,
) -> Result<pb::AcknowledgeCaseResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    // The lock keeps two agents from acknowledging at once.
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    case.expect_etag(&request.etag)?;
    case.state.expect_stage(&[Stage::Open])?;
    if message::is_told(unit.transaction(), case_id, NoticeKey::Acknowledgement).await? {
        return Err(
            Rejection::precondition("ALREADY_ACKNOWLEDGED", "the acknowledgement was sent before").into()
        );
    }
    let policy = unit.policy(&case).await?;
    let mut checks = Checks::default();
    checks.words("text", &request.text, &case.state.language, &policy.handbook);
    checks.finish()?;
    let channels = messaging::answer_channels(&case.state, &policy.handbook);
    let row = customer::read(unit.transaction().connection(), case_id).await?;
    messaging::expect_reachable(&channels, &row)?;
    let acknowledgement = ToCustomer {
        message_id: unit.new_id(),
        words: Words {
            notice: Some(NoticeKey::Acknowledgement),
            own: request.text.clone(),
            ..Words::default()
        },
        channels,
        asked_by: Default::default(),
    };
    let message = messaging::tell_customer(&mut unit, &case, &policy, acknowledgement).await?;
    let answer = pb::AcknowledgeCaseResponse {
        case: Some(convert::case(&case)),
        message: Some(convert::message(&message)),
    };
    let answer = unit.commit(answer).await?;
    complete(app, call, answer).await
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::AcknowledgeCaseResponse,
) -> Result<pb::AcknowledgeCaseResponse> {
    Ok(pb::AcknowledgeCaseResponse {
        case: Some(view::complete_case(app, &call.caller, answer.case.unwrap_or_default()).await?),
        message: Some(view::complete_message(app, &call.caller, answer.message.unwrap_or_default()).await?),
    })
}
