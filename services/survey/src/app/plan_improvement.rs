//! Plans an improvement for a problem of a review (M7.3).

use redress_chassis::{Begin, Call, Place, Result};
use redress_domain::{Rejection, handbook::Role};
use redress_proto::survey::v1::{PlanImprovementRequest, PlanImprovementResponse};

use super::{reviews, setting};
use crate::{
    Survey,
    domain::improvement::{self, Plan},
    grpc::convert,
};

/// Plans it. The problem has to be one that the review shows now, or showed when it was published.
pub async fn plan_improvement(
    app: &Survey,
    call: &Call,
    request: PlanImprovementRequest,
) -> Result<PlanImprovementResponse> {
    let standing = reviews::standing(app, &call.caller, &request.region, &request.month).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let invalid = |field: &str, what: &str| Rejection::invalid("INVALID_FIELDS", field, what);
    let rules = setting(&standing.region, &standing.policy, unit.now());
    let due_at = match &request.due_time {
        Some(at) => redress_proto::time_from_wire(at).map_err(|_| invalid("due_time", "is no time"))?,
        None => improvement::usual_due(&rules)?,
    };
    let plan = Plan {
        owner_role: Role::try_from(request.owner_role()).map_err(|_| invalid("owner_role", "is no role"))?,
        due_at: redress_chassis::engine::truncate(due_at),
        problem_id: request.problem_id,
        measure: request.measure,
        text: request.text,
        owner_department: request.owner_department,
        owner: request.owner,
    };
    let id = unit.new_id();
    let decision = improvement::plan(id, standing.month, plan, &standing.problems, &rules)?;
    let place = Place {
        id,
        case_id: None,
        region: standing.region.clone(),
        handbook_hash: standing.policy.handbook_hash.clone(),
        calendar_hash: standing.policy.calendar_hash.clone(),
    };
    let improvement = unit.create(place, decision).await?;
    unit.commit(PlanImprovementResponse { improvement: Some(convert::improvement(&improvement)) }).await
}
