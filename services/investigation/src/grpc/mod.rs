//! The wire of investigation, and nothing else.

pub(crate) mod convert;

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use redress_chassis::{Failure, accept, caller_of};
use redress_proto::investigation::v1::{self as pb, investigation_service_server::InvestigationService};
use tonic::{Request, Response, Status, Streaming};

use crate::{Investigation, app};

fn status(failure: Failure) -> Status {
    failure.into_status("investigation")
}

macro_rules! methods {
    ($($method:ident: $request:ident => $response:ident,)+) => {
        #[tonic::async_trait]
        impl InvestigationService for Investigation {
            type DownloadEvidenceStream = Pin<Box<dyn Stream<Item = Result<pb::DownloadEvidenceResponse, Status>> + Send>>;

            $(async fn $method(
                &self,
                request: Request<pb::$request>,
            ) -> Result<Response<pb::$response>, Status> {
                let (call, request) = accept(request).map_err(status)?;
                app::$method::$method(self, &call, request).await.map(Response::new).map_err(status)
            })+

            async fn upload_evidence(
                &self,
                request: Request<Streaming<pb::UploadEvidenceRequest>>,
            ) -> Result<Response<pb::UploadEvidenceResponse>, Status> {
                let call = caller_of(&request).map_err(status)?;
                let messages = request.into_inner();
                app::upload_evidence::upload_evidence(self, &call, messages).await.map(Response::new).map_err(status)
            }

            async fn download_evidence(
                &self,
                request: Request<pb::DownloadEvidenceRequest>,
            ) -> Result<Response<Self::DownloadEvidenceStream>, Status> {
                let (call, request) = accept(request).map_err(status)?;
                let pieces = app::download_evidence::download_evidence(self, &call, request).await.map_err(status)?;
                Ok(Response::new(Box::pin(pieces.map(|piece| piece.map_err(status)))))
            }
        }
    };
}

methods! {
    get_investigation: GetInvestigationRequest => GetInvestigationResponse,
    request_evidence: RequestEvidenceRequest => RequestEvidenceResponse,
    waive_evidence: WaiveEvidenceRequest => WaiveEvidenceResponse,
    pause_for_customer: PauseForCustomerRequest => PauseForCustomerResponse,
    resume_investigation: ResumeInvestigationRequest => ResumeInvestigationResponse,
    report_progress: ReportProgressRequest => ReportProgressResponse,
    request_extension: RequestExtensionRequest => RequestExtensionResponse,
    decide_extension: DecideExtensionRequest => DecideExtensionResponse,
    file_preliminary_report: FilePreliminaryReportRequest => FilePreliminaryReportResponse,
    conclude_investigation: ConcludeInvestigationRequest => ConcludeInvestigationResponse,
    verify_archive: VerifyArchiveRequest => VerifyArchiveResponse,
    seal: SealRequest => SealResponse,
    unseal: UnsealRequest => UnsealResponse,
    list_decisions: ListDecisionsRequest => ListDecisionsResponse,
}
