//! The wire of compensation, and nothing else.

pub(crate) mod convert;

use redress_chassis::{Failure, accept};
use redress_proto::compensation::v1::{self as pb, compensation_service_server::CompensationService};
use tonic::{Request, Response, Status};

use crate::{Compensation, app};

fn status(failure: Failure) -> Status {
    failure.into_status("compensation")
}

macro_rules! methods {
    ($($method:ident: $request:ident => $response:ident,)+) => {
        #[tonic::async_trait]
        impl CompensationService for Compensation {
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
    suggest_resolution: SuggestResolutionRequest => SuggestResolutionResponse,
    propose_resolution: ProposeResolutionRequest => ProposeResolutionResponse,
    get_resolution: GetResolutionRequest => GetResolutionResponse,
    list_approvals: ListApprovalsRequest => ListApprovalsResponse,
    decide_approval: DecideApprovalRequest => DecideApprovalResponse,
    offer_resolution: OfferResolutionRequest => OfferResolutionResponse,
    record_response: RecordResponseRequest => RecordResponseResponse,
    report_obstacle: ReportObstacleRequest => ReportObstacleResponse,
    confirm_remedy: ConfirmRemedyRequest => ConfirmRemedyResponse,
    issue_notice: IssueNoticeRequest => IssueNoticeResponse,
    seal: SealRequest => SealResponse,
    unseal: UnsealRequest => UnsealResponse,
    list_decisions: ListDecisionsRequest => ListDecisionsResponse,
}
