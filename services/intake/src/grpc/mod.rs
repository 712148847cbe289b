//! The wire: each method opens the request, calls its use case, and turns a failure into a status.

pub mod convert;

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use prost::{Message, Name};
use redress_chassis::{Call, Failure, accept, caller_of};
use redress_proto::intake::v1::{self as pb, intake_service_server};
use tonic::{Request, Response, Status, Streaming};

use crate::{Intake, app};

/// Handbook and calendar texts come in one message.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A stream of answers.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The gRPC service of `intake`.
pub fn server(intake: Arc<Intake>) -> intake_service_server::IntakeServiceServer<Grpc> {
    intake_service_server::IntakeServiceServer::new(Grpc(intake))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

/// Serves intake's contract.
#[derive(Debug)]
pub struct Grpc(Arc<Intake>);

/// A failure as intake's callers see it.
pub fn status(failure: Failure) -> Status {
    failure.into_status("intake")
}

/// The one way through a unary method: open the request, do it, answer or refuse.
async fn unary<Q: Message + Name, R>(
    request: Request<Q>,
    use_case: impl AsyncFnOnce(Call, Q) -> Result<R, Failure>,
) -> Result<Response<R>, Status> {
    let (call, request) = accept(request).map_err(status)?;
    use_case(call, request).await.map(Response::new).map_err(status)
}

macro_rules! unary_methods {
    ($($method:ident($request:ident) -> $response:ident,)+) => {
        #[tonic::async_trait]
        impl intake_service_server::IntakeService for Grpc {
            type WatchCaseStream = Answers<pb::WatchCaseResponse>;
            type ImportComplaintsStream = Answers<pb::ImportComplaintsResponse>;

            $(async fn $method(&self, request: Request<pb::$request>) -> Result<Response<pb::$response>, Status> {
                unary(request, async |call, request| app::$method::$method(&self.0, &call, request).await).await
            })+

            async fn watch_case(
                &self,
                request: Request<pb::WatchCaseRequest>,
            ) -> Result<Response<Self::WatchCaseStream>, Status> {
                unary(request, async |call, request| {
                    app::watch_case::watch_case(self.0.clone(), call, request).await
                })
                .await
            }

            async fn import_complaints(
                &self,
                request: Request<Streaming<pb::ImportComplaintsRequest>>,
            ) -> Result<Response<Self::ImportComplaintsStream>, Status> {
                let call = caller_of(&request).map_err(status)?;
                app::import_complaints::import_complaints(self.0.clone(), call, request.into_inner())
                    .await
                    .map(Response::new)
                    .map_err(status)
            }
        }
    };
}

unary_methods! {
    register_complaint(RegisterComplaintRequest) -> RegisterComplaintResponse,
    amend_case(AmendCaseRequest) -> AmendCaseResponse,
    refuse_case(RefuseCaseRequest) -> RefuseCaseResponse,
    get_case(GetCaseRequest) -> GetCaseResponse,
    list_cases(ListCasesRequest) -> ListCasesResponse,
    list_timeline(ListTimelineRequest) -> ListTimelineResponse,
    acknowledge_case(AcknowledgeCaseRequest) -> AcknowledgeCaseResponse,
    send_message(SendMessageRequest) -> SendMessageResponse,
    receive_message(ReceiveMessageRequest) -> ReceiveMessageResponse,
    list_messages(ListMessagesRequest) -> ListMessagesResponse,
    record_delivery(RecordDeliveryRequest) -> RecordDeliveryResponse,
    withdraw_case(WithdrawCaseRequest) -> WithdrawCaseResponse,
    close_case(CloseCaseRequest) -> CloseCaseResponse,
    reopen_case(ReopenCaseRequest) -> ReopenCaseResponse,
    get_case_status(GetCaseStatusRequest) -> GetCaseStatusResponse,
    store_text(StoreTextRequest) -> StoreTextResponse,
    read_text(ReadTextRequest) -> ReadTextResponse,
    activate_handbook(ActivateHandbookRequest) -> ActivateHandbookResponse,
    get_handbook(GetHandbookRequest) -> GetHandbookResponse,
    list_decisions(ListDecisionsRequest) -> ListDecisionsResponse,
}
