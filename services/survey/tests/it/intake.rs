//! Plays the two methods of intake that survey calls.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};

use redress_proto::intake::v1::{
    ReadTextRequest, ReadTextResponse, StoreTextRequest, StoreTextResponse, TextPurpose,
};
use tonic::{Request, Response, Status, body::Body, server::NamedService};
use tonic_prost::ProstCodec;
use tower::service_fn;
use uuid::Uuid;

/// Texts by request id.
#[derive(Clone, Default)]
pub(crate) struct Intake(Arc<Mutex<BTreeMap<String, StoreTextRequest>>>);

impl Intake {
    fn texts(&self) -> MutexGuard<'_, BTreeMap<String, StoreTextRequest>> {
        self.0.lock().expect("not poisoned")
    }

    /// All texts of a case for a purpose.
    pub(crate) fn stored(&self, case_id: Uuid, purpose: TextPurpose) -> Vec<String> {
        let texts = self.texts();
        let wanted =
            texts.values().filter(|text| text.case_id == case_id.to_string() && text.purpose() == purpose);
        wanted.map(|text| text.text.clone()).collect()
    }

    fn store(&self, request: StoreTextRequest) -> StoreTextResponse {
        let text_ref = Uuid::new_v5(&Uuid::nil(), request.request_id.as_bytes()).to_string();
        self.texts().insert(request.request_id.clone(), request);
        StoreTextResponse { text_ref }
    }

    fn read(&self, request: &ReadTextRequest) -> Result<ReadTextResponse, Status> {
        let texts = self.texts();
        let is = |id: &str| Uuid::new_v5(&Uuid::nil(), id.as_bytes()).to_string() == request.text_ref;
        let found = texts
            .values()
            .find(|text| is(&text.request_id))
            .ok_or_else(|| Status::not_found("no such text"))?;
        assert!(!request.on_behalf_of.is_empty(), "somebody reads it");
        Ok(ReadTextResponse { text: found.text.clone(), ..ReadTextResponse::default() })
    }
}

impl NamedService for Intake {
    const NAME: &'static str = "redress.intake.v1.IntakeService";
}

impl tower::Service<http::Request<Body>> for Intake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path().rsplit('/').next() {
                Some("StoreText") => {
                    let store = service_fn(move |request: Request<StoreTextRequest>| {
                        let answer = this.store(request.into_inner());
                        async move { Ok::<_, Status>(Response::new(answer)) }
                    });
                    tonic::server::Grpc::new(ProstCodec::default()).unary(store, request).await
                }
                Some("ReadText") => {
                    let read = service_fn(move |request: Request<ReadTextRequest>| {
                        let answer = this.read(&request.into_inner());
                        async move { answer.map(Response::new) }
                    });
                    tonic::server::Grpc::new(ProstCodec::default()).unary(read, request).await
                }
                _ => Status::unimplemented("survey calls nothing else").into_http(),
            })
        })
    }
}
