//! Shows a group incident.

use redress_chassis::{Call, Result, unit};
use redress_proto::triage::v1::{GetIncidentRequest, GetIncidentResponse};

use super::id;
use crate::{Triage, domain::incident::Incident, grpc::convert};

/// Shows it with all its members.
pub async fn get_incident(
    app: &Triage,
    call: &Call,
    request: GetIncidentRequest,
) -> Result<GetIncidentResponse> {
    let incident = unit::read::<Incident>(&app.engine, id("incident_id", &request.incident_id)?).await?;
    call.caller.may_see(incident.region(), None)?;
    Ok(GetIncidentResponse { incident: Some(convert::incident(&incident, usize::MAX)) })
}
