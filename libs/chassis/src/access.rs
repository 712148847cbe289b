//! Who may call what, from the contract: a method option lists the roles. A method without one is a start-up error.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use redress_domain::{Clock, Rejection, SystemClock};
use tonic::{Status, body::Body};
use tracing::Instrument;

use crate::{
    failure::Failure,
    identity::{Caller, SERVICE_ROLE, Verifier},
    telemetry, tls,
};

/// Methods that need no token: health and the description of the contract.
const OPEN: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// The roles of every method of some services, by `/package.Service/Method`.
#[derive(Clone, Debug)]
pub struct AccessTable {
    methods: BTreeMap<String, BTreeSet<String>>,
}

impl AccessTable {
    /// Reads the table from the contract. Fails when a method lists no role.
    pub fn from_contract(services: &[&str]) -> anyhow::Result<Self> {
        let mut methods = BTreeMap::new();
        for name in services {
            let service = redress_proto::pool()
                .services()
                .find(|service| service.full_name() == *name)
                .ok_or_else(|| anyhow::anyhow!("the contract has no service `{name}`"))?;
            for method in service.methods() {
                let allowed: BTreeSet<String> =
                    redress_proto::roles(&method).into_iter().map(redress_proto::role_name).collect();
                let path = format!("/{}/{}", service.full_name(), method.name());
                anyhow::ensure!(!allowed.is_empty(), "method `{path}` lists no role; nobody may call it");
                methods.insert(path, allowed);
            }
        }
        Ok(Self { methods })
    }

    /// Refuses a caller that the method does not list.
    pub fn check(&self, path: &str, caller: &Caller) -> Result<(), Rejection> {
        let allowed = self.methods.get(path).ok_or_else(|| {
            Rejection::denied("ROLE_NOT_ALLOWED", format!("`{path}` is not open to anybody"))
        })?;
        if caller.roles.iter().any(|role| allowed.contains(role)) {
            return Ok(());
        }
        let wanted = allowed.iter().cloned().collect::<Vec<_>>().join(",");
        Err(Rejection::denied("ROLE_NOT_ALLOWED", format!("`{path}` needs one of the roles {wanted}"))
            .with("roles", wanted)
            .with("own_roles", caller.roles.join(",")))
    }
}

/// The layer in front of every method: token, role, trace context.
#[derive(Clone, Debug)]
pub struct AccessLayer {
    service: &'static str,
    verifier: Arc<Verifier>,
    table: Arc<AccessTable>,
    certificates: bool,
}

impl AccessLayer {
    /// A layer for `service`. With `certificates` services have to show theirs.
    pub fn new(
        service: &'static str,
        verifier: Arc<Verifier>,
        table: Arc<AccessTable>,
        certificates: bool,
    ) -> Self {
        Self { service, verifier, table, certificates }
    }
}

impl<S> tower::Layer<S> for AccessLayer {
    type Service = Access<S>;

    fn layer(&self, inner: S) -> Access<S> {
        Access { inner, layer: self.clone() }
    }
}

/// See [`AccessLayer`].
#[derive(Clone, Debug)]
pub struct Access<S> {
    inner: S,
    layer: AccessLayer,
}

impl<S> tower::Service<http::Request<Body>> for Access<S>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        match self.layer.admit(&mut request) {
            Ok(()) => {
                let path = request.uri().path().trim_start_matches('/').to_owned();
                let caller = telemetry::traceparent_of_headers(request.headers());
                let (span, effects) = telemetry::span_of_call(&path, &caller);
                request.extensions_mut().insert(TraceParent(effects));
                Box::pin(self.inner.call(request).instrument(span))
            }
            Err(status) => Box::pin(async move { Ok(status.into_http()) }),
        }
    }
}

impl AccessLayer {
    fn admit(&self, request: &mut http::Request<Body>) -> Result<(), Box<Status>> {
        let path = request.uri().path().to_owned();
        if OPEN.iter().any(|open| path.starts_with(open)) {
            return Ok(());
        }
        let refuse = |rejection: Rejection| Box::new(Failure::from(rejection).into_status(self.service));
        let token = request
            .headers()
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
            .unwrap_or_default();
        // Tokens live in machine time, also where business time is virtual.
        let caller = self.verifier.verify(token, SystemClock.now()).map_err(refuse)?;
        if self.certificates && caller.roles.iter().any(|role| role == SERVICE_ROLE) {
            tls::shows_certificate_of(&caller.subject, request.extensions()).map_err(refuse)?;
        }
        self.table.check(&path, &caller).map_err(refuse)?;
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(MethodPath(path));
        Ok(())
    }
}

/// The trace context that the effects of a call carry.
#[derive(Clone, Debug)]
pub struct TraceParent(pub String);

/// The method that is being called, as the layer saw it.
#[derive(Clone, Debug)]
pub struct MethodPath(pub String);
