//! Breaks a seal.

use redress_chassis::{Begin, Call, Result};
use redress_proto::compensation::v1::{UnsealRequest, UnsealResponse};

use super::{change, id};
use crate::{
    Compensation,
    domain::{seal as rules, state::Resolution},
};

/// Breaks it; another seal, or none, changes nothing.
pub async fn unseal(app: &Compensation, call: &Call, request: UnsealRequest) -> Result<UnsealResponse> {
    let (case_id, seal_id) = (id("case_id", &request.case_id)?, id("seal_id", &request.seal_id)?);
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let loaded = unit.load::<Resolution>(case_id).await?;
    call.caller.may_see(loaded.region(), loaded.case_id())?;
    let decision = rules::unseal(&loaded.state, seal_id, request.reopened);
    let unsealed = decision.is_some();
    if let Some(decision) = decision {
        change::save(&mut unit, loaded, decision).await?;
    }
    unit.commit(UnsealResponse { unsealed }).await
}
