//! The limit that the wire sets: a payload sent to a bare tonic server and back, over TCP, with no service around it.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    task::{Context, Poll},
};

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::uri::PathAndQuery;
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{NamedService, UnaryService},
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

use super::load::Worker;
use crate::contract::RawCodec;

const PATH: &str = "/redress.bench.Echo/Echo";

/// A server that answers with what it is sent, until it is dropped.
pub(super) struct Echo {
    address: String,
    /// Ends when it is dropped.
    _server: JoinSet<()>,
}

impl Echo {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let served = Server::builder().add_service(EchoServer).serve_with_incoming(incoming).await;
            if let Err(error) = served {
                tracing::error!(%error, "the echo server ended");
            }
        });
        Ok(Self { address, _server: server })
    }

    /// Somebody who sends `payload` over a connection of its own.
    pub(super) async fn caller(&self, payload: Bytes) -> Result<EchoCaller> {
        let channel = Endpoint::from_shared(self.address.clone())?.connect().await?;
        Ok(EchoCaller { channel, payload })
    }
}

/// Sends a payload there and back.
#[derive(Clone)]
pub(super) struct EchoCaller {
    channel: Channel,
    payload: Bytes,
}

#[async_trait]
impl Worker for EchoCaller {
    async fn once(&mut self) -> Result<u64> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await?;
        let path = PathAndQuery::from_static(PATH);
        let answer = grpc.unary(Request::new(self.payload.clone()), path, RawCodec).await?.into_inner();
        anyhow::ensure!(answer.len() == self.payload.len(), "the echo differs from what was sent");
        Ok(1)
    }
}

#[derive(Clone, Copy)]
struct EchoServer;

impl NamedService for EchoServer {
    const NAME: &'static str = "redress.bench.Echo";
}

impl UnaryService<Bytes> for EchoServer {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}

impl tonic::codegen::Service<http::Request<Body>> for EchoServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = *self;
        Box::pin(async move { Ok(tonic::server::Grpc::new(RawCodec).unary(echo, request).await) })
    }
}
