//! Raises a signal on a case by hand.

use redress_chassis::{Begin, Call, Result, unit};
use redress_domain::Rejection;
use redress_proto::{
    intake::v1::TextPurpose,
    time_from_wire,
    triage::v1::{RaiseSignalRequest, RaiseSignalResponse},
};

use super::{change, get_triage::view, id};
use crate::{
    Triage,
    domain::{Setting, case::Case, commands, words},
};

/// Raises it; the priority follows from the rules.
pub async fn raise_signal(
    app: &Triage,
    call: &Call,
    request: RaiseSignalRequest,
) -> Result<RaiseSignalResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(seen.region(), seen.case_id())?;
    let now = app.engine.now();
    let invalid = |field: &str, what: &str| Rejection::invalid("INVALID_FIELDS", field, what);
    let kind = words::signal(request.signal())
        .ok_or_else(|| invalid("signal", "is not a signal of the handbook"))?;
    let at = match &request.time {
        Some(time) => time_from_wire(time).map_err(|error| invalid("time", &error.to_string()))?,
        None => now,
    };
    if at > now {
        return Err(invalid("time", "is in the future").into());
    }
    let text_ref =
        app.texts.store(call, &request.request_id, case_id, TextPurpose::Reason, &request.reason).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let work =
        |case: &Case, setting: &Setting<'_>| commands::raise_signal(case, kind, at, &text_ref, setting);
    let case = match change::revise(&mut unit, case_id, &request.etag, work).await? {
        Some(case) => case,
        None => unit.load::<Case>(case_id).await?,
    };
    let triage = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(RaiseSignalResponse { triage: Some(triage) }).await
}
