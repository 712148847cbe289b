//! The part of intake that investigation asks: texts are stored and read.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use futures::Stream;
use redress_proto::intake::v1::{self as pb, intake_service_server};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

/// Texts by the request that stored them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(Arc<Mutex<Vec<(String, pb::StoreTextRequest)>>>);

impl Texts {
    /// The words behind a reference.
    pub(crate) fn words(&self, text_ref: &str) -> String {
        let texts = self.0.lock().unwrap();
        texts
            .iter()
            .find(|(known, _)| known == text_ref)
            .map(|(_, text)| text.text.clone())
            .unwrap_or_default()
    }

    /// How many are stored.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

macro_rules! absent {
    ($($method:ident($request:ident) -> $response:ident,)+) => {
        #[tonic::async_trait]
        impl intake_service_server::IntakeService for Texts {
            type WatchCaseStream = Answers<pb::WatchCaseResponse>;
            type ImportComplaintsStream = Answers<pb::ImportComplaintsResponse>;

            async fn store_text(
                &self,
                request: Request<pb::StoreTextRequest>,
            ) -> Result<Response<pb::StoreTextResponse>, Status> {
                let request = request.into_inner();
                let text_ref = Uuid::new_v5(&Uuid::nil(), request.request_id.as_bytes()).to_string();
                let mut texts = self.0.lock().unwrap();
                if !texts.iter().any(|(known, _)| *known == text_ref) {
                    texts.push((text_ref.clone(), request));
                }
                Ok(Response::new(pb::StoreTextResponse { text_ref }))
            }

            async fn read_text(
                &self,
                request: Request<pb::ReadTextRequest>,
            ) -> Result<Response<pb::ReadTextResponse>, Status> {
                let text = self.words(&request.into_inner().text_ref);
                Ok(Response::new(pb::ReadTextResponse { text, ..Default::default() }))
            }

            async fn watch_case(
                &self,
                _: Request<pb::WatchCaseRequest>,
            ) -> Result<Response<Self::WatchCaseStream>, Status> {
                Err(Status::unimplemented("not here"))
            }

            async fn import_complaints(
                &self,
                _: Request<Streaming<pb::ImportComplaintsRequest>>,
            ) -> Result<Response<Self::ImportComplaintsStream>, Status> {
                Err(Status::unimplemented("not here"))
            }

            $(async fn $method(&self, _: Request<pb::$request>) -> Result<Response<pb::$response>, Status> {
                Err(Status::unimplemented("not here"))
            })+
        }
    };
}

absent! {
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
    activate_handbook(ActivateHandbookRequest) -> ActivateHandbookResponse,
    get_handbook(GetHandbookRequest) -> GetHandbookResponse,
    list_decisions(ListDecisionsRequest) -> ListDecisionsResponse,
}
