//! SendMessage: own words or a notice of the handbook, to the customer.

use redress_chassis::{Begin, Call, Result};
use redress_domain::{
    Rejection, RejectionKind,
    handbook::{Channel, NoticeKey},
};
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::{
        messaging::{self, ToCustomer, Words},
        view,
    },
    domain::case::Case,
    grpc::convert::{self, Checks},
    store::customer,
};

/// Sends a message to the customer.
pub async fn send_message(
    app: &Intake,
    call: &Call,
    request: pb::SendMessageRequest,
) -> Result<pb::SendMessageResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    let policy = unit.policy(&case).await?;
    let notice = match request.notice.as_str() {
        "" => None,
        name => Some(own_notice(name)?),
    };
    let mut checks = Checks::default();
    if notice.is_none() && request.text.trim().is_empty() {
        checks.wrong("text", "REQUIRED", "is empty; expected words, or a notice");
    }
    checks.words("text", &request.text, &case.state.language, &policy.handbook);
    checks.finish()?;
    let channels = match Channel::try_from(request.channel()) {
        Ok(channel) => vec![channel],
        Err(_) => messaging::answer_channels(&case.state, &policy.handbook),
    };
    let row = customer::read(unit.transaction().connection(), case_id).await?;
    messaging::expect_reachable(&channels, &row)?;
    let outgoing = ToCustomer {
        message_id: unit.new_id(),
        words: Words { notice, parameters: request.parameters.clone(), own: request.text.clone() },
        channels,
        asked_by: Default::default(),
    };
    let message = messaging::tell_customer(&mut unit, &case, &policy, outgoing).await?;
    let answer = unit.commit(pb::SendMessageResponse { message: Some(convert::message(&message)) }).await?;
    complete(app, call, answer).await
}

/// A notice that staff may send by themselves. What tells a step of the process is sent by the service whose step it is, so
/// that nothing counts as told that was not decided.
fn own_notice(name: &str) -> std::result::Result<NoticeKey, Rejection> {
    let refused = |why: &str| {
        Rejection::new(
            RejectionKind::Invalid,
            "NOTICE_UNUSABLE",
            format!("notice `{name}` cannot be sent: {why}"),
        )
        .with("notice", name)
        .violation("notice", why, "NOTICE_UNUSABLE")
    };
    let notice: NoticeKey = name.parse().map_err(|_| refused("the handbook does not know it"))?;
    match notice {
        NoticeKey::MissingDetails
        | NoticeKey::Progress
        | NoticeKey::MaterialRequest
        | NoticeKey::PromiseInDanger
        | NoticeKey::FollowUp => Ok(notice),
        _ => Err(refused(
            "it belongs to a step of its own; missing_details, progress, material_request, \
                          promise_in_danger and follow_up can be sent by hand",
        )),
    }
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::SendMessageResponse,
) -> Result<pb::SendMessageResponse> {
    let message = view::complete_message(app, &call.caller, answer.message.unwrap_or_default()).await?;
    Ok(pb::SendMessageResponse { message: Some(message) })
}
