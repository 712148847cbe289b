//! Breaks a seal.

use redress_chassis::{Begin, Call, Result};
use redress_proto::investigation::v1::{UnsealRequest, UnsealResponse};

use super::id;
use crate::{
    Investigation,
    domain::{case::Case, sealing},
};

/// Breaks it after a closing that failed, or for a reopening. Another seal, or none, is left as it is.
pub async fn unseal(app: &Investigation, call: &Call, request: UnsealRequest) -> Result<UnsealResponse> {
    let (case_id, seal_id) = (id("case_id", &request.case_id)?, id("seal_id", &request.seal_id)?);
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let mut unsealed = false;
    if let Some(case) = unit.find::<Case>(case_id).await? {
        call.caller.may_see(case.region(), case.case_id())?;
        if let Some(decision) = sealing::unseal(&case.state, seal_id, request.reopened) {
            unit.save(case, decision).await?;
            unsealed = true;
        }
    }
    unit.commit(UnsealResponse { unsealed }).await
}
