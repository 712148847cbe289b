//! The wire of triage, and nothing else.

pub(crate) mod convert;

use redress_chassis::{Failure, accept};
use redress_proto::triage::v1::{self as pb, triage_service_server::TriageService};
use tonic::{Request, Response, Status};

use crate::{Triage, app};

fn status(failure: Failure) -> Status {
    failure.into_status("triage")
}

macro_rules! methods {
    ($($method:ident: $request:ident => $response:ident,)+) => {
        #[tonic::async_trait]
        impl TriageService for Triage {
            $(async fn $method(
                &self,
                request: Request<pb::$request>,
            ) -> Result<Response<pb::$response>, Status> {
                let (call, request) = accept(request).map_err(status)?;
                app::$method::$method(self, &call, request).await.map(Response::new).map_err(status)
            })+
        }
    };
}

methods! {
    get_triage: GetTriageRequest => GetTriageResponse,
    list_queue: ListQueueRequest => ListQueueResponse,
    reclassify: ReclassifyRequest => ReclassifyResponse,
    raise_signal: RaiseSignalRequest => RaiseSignalResponse,
    reassign: ReassignRequest => ReassignResponse,
    confirm_dispatch: ConfirmDispatchRequest => ConfirmDispatchResponse,
    report_progress: ReportProgressRequest => ReportProgressResponse,
    list_incidents: ListIncidentsRequest => ListIncidentsResponse,
    get_incident: GetIncidentRequest => GetIncidentResponse,
    list_decisions: ListDecisionsRequest => ListDecisionsResponse,
}
