//! Investigation and compensation as far as closing needs them: they seal, refuse, and break seals.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use redress_proto::{
    investigation::v1::{SealRequest, SealResponse, UnsealRequest, UnsealResponse},
    types::v1::Seal,
};
use tonic::{Request, Response, Status, body::Body, server::NamedService};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, PreconditionViolation, StatusExt as _};

/// What one service does when it is asked to seal, and what it was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    refuses: Option<&'static str>,
    is_gone: bool,
    sealed: Option<String>,
    unsealed: Vec<String>,
    seals: usize,
}

impl Part {
    /// From now on it refuses for want of `condition`, or seals.
    pub(crate) fn refuse(&self, condition: Option<&'static str>) {
        self.0.lock().expect("not poisoned").refuses = condition;
    }

    /// From now on it does not answer, or it does.
    pub(crate) fn be_gone(&self, is_gone: bool) {
        self.0.lock().expect("not poisoned").is_gone = is_gone;
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.0.lock().expect("not poisoned").sealed.is_some()
    }

    pub(crate) fn unsealed(&self) -> usize {
        self.0.lock().expect("not poisoned").unsealed.len()
    }

    fn seal(&self, request: SealRequest) -> Result<SealResponse, Status> {
        let mut state = self.0.lock().expect("not poisoned");
        if state.is_gone {
            return Err(Status::unavailable("gone"));
        }
        if let Some(condition) = state.refuses {
            let mut details =
                ErrorDetails::with_error_info("SEAL_GATE_NOT_MET", "test", std::collections::HashMap::new());
            details.set_precondition_failure(vec![PreconditionViolation::new(
                condition,
                "case",
                "is missing",
            )]);
            return Err(Status::with_error_details(tonic::Code::FailedPrecondition, "not yet", details));
        }
        if state.sealed.is_none() {
            state.seals += 1;
            state.sealed = Some(format!("00000000-0000-4000-8000-{:012}", state.seals));
        }
        let seal_id = state.sealed.clone().expect("just sealed");
        Ok(SealResponse {
            seal: Some(Seal { seal_id, case_id: request.case_id, basis: request.basis, ..Seal::default() }),
        })
    }

    fn unseal(&self, request: UnsealRequest) -> UnsealResponse {
        let mut state = self.0.lock().expect("not poisoned");
        let unsealed = state.sealed.as_deref() == Some(request.seal_id.as_str());
        if unsealed {
            state.sealed = None;
            state.unsealed.push(request.seal_id);
        }
        UnsealResponse { unsealed }
    }

    fn answer(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'static, Result<http::Response<Body>, Infallible>> {
        let part = self.clone();
        Box::pin(async move {
            let sealing = request.uri().path().ends_with("/Seal");
            if sealing {
                let method = tower::service_fn(move |request: Request<SealRequest>| {
                    let answer = part.seal(request.into_inner()).map(Response::new);
                    async move { answer }
                });
                return Ok(tonic::server::Grpc::new(ProstCodec::default()).unary(method, request).await);
            }
            let method = tower::service_fn(move |request: Request<UnsealRequest>| {
                let answer = part.unseal(request.into_inner());
                async move { Ok::<_, Status>(Response::new(answer)) }
            });
            Ok(tonic::server::Grpc::new(ProstCodec::default()).unary(method, request).await)
        })
    }
}

macro_rules! service {
    ($name:ident, $grpc:literal) => {
        #[derive(Clone)]
        struct $name(Part);

        impl NamedService for $name {
            const NAME: &'static str = $grpc;
        }

        impl tower::Service<http::Request<Body>> for $name {
            type Response = http::Response<Body>;
            type Error = Infallible;
            type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

            fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: http::Request<Body>) -> Self::Future {
                self.0.answer(request)
            }
        }
    };
}

// The two contracts write these messages alike.
service!(Investigation, "redress.investigation.v1.InvestigationService");
service!(Compensation, "redress.compensation.v1.CompensationService");

/// Serves both parts, and returns them with their address.
pub(crate) async fn parts() -> (Part, Part, String) {
    let (investigation, compensation) = (Part::default(), Part::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let server = tonic::transport::Server::builder()
        .add_service(Investigation(investigation.clone()))
        .add_service(Compensation(compensation.clone()))
        .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener));
    tokio::spawn(server);
    (investigation, compensation, address)
}
