//! The two methods of intake that compensation calls: it keeps texts.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use redress_proto::intake::v1::{ReadTextRequest, ReadTextResponse, StoreTextRequest, StoreTextResponse};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
};

/// Texts by reference. The reference of a stored text is its request id.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeIntake {
    texts: Arc<Mutex<BTreeMap<String, String>>>,
}

impl FakeIntake {
    /// Serves on a free port; returns the address.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let server = tonic::transport::Server::builder().add_service(self.clone());
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        address
    }

    fn put(&self, text_ref: &str, text: &str) {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).insert(text_ref.into(), text.into());
    }

    pub(crate) fn count(&self) -> usize {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn get(&self, text_ref: &str) -> Option<String> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(text_ref).cloned()
    }
}

impl NamedService for FakeIntake {
    const NAME: &'static str = "redress.intake.v1.IntakeService";
}

struct Store(FakeIntake);
struct Read(FakeIntake);

impl UnaryService<StoreTextRequest> for Store {
    type Response = StoreTextResponse;
    type Future = BoxFuture<'static, Result<Response<StoreTextResponse>, Status>>;

    fn call(&mut self, request: Request<StoreTextRequest>) -> Self::Future {
        let request = request.into_inner();
        self.0.put(&request.request_id, &request.text);
        Box::pin(async { Ok(Response::new(StoreTextResponse { text_ref: request.request_id })) })
    }
}

impl UnaryService<ReadTextRequest> for Read {
    type Response = ReadTextResponse;
    type Future = BoxFuture<'static, Result<Response<ReadTextResponse>, Status>>;

    fn call(&mut self, request: Request<ReadTextRequest>) -> Self::Future {
        let text = self.0.get(&request.into_inner().text_ref);
        Box::pin(async {
            let text = text.ok_or_else(|| Status::not_found("no such text"))?;
            Ok(Response::new(ReadTextResponse { text, language: "zh-CN".into(), ..Default::default() }))
        })
    }
}

impl tower::Service<http::Request<Body>> for FakeIntake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let intake = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path().rsplit('/').next() {
                Some("StoreText") => {
                    Grpc::new(tonic_prost::ProstCodec::default()).unary(Store(intake), request).await
                }
                Some("ReadText") => {
                    Grpc::new(tonic_prost::ProstCodec::default()).unary(Read(intake), request).await
                }
                _ => Status::unimplemented("not faked").into_http(),
            })
        })
    }
}
