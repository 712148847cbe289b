//! The gRPC server of a service: its own methods, the event log, the deadlines, health and reflection.

use std::{sync::Arc, time::Duration};

use redress_proto::{
    deadlines::v1::deadline_service_server::DeadlineServiceServer,
    eventlog::v1::event_log_service_server::EventLogServiceServer,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::RoutesBuilder,
    transport::{Server, server::TcpIncoming},
};

use crate::{
    access::{AccessLayer, AccessTable},
    deadline_service::Deadlines,
    event_log::EventLog,
    identity::Verifier,
    reactor::Service,
    runtime::Runtime,
    tls::Tls,
};

/// Calls that one connection may have open.
const CONCURRENT_STREAMS: u32 = 256;
/// How often the database is asked whether it is there.
const HEALTH_EVERY: Duration = Duration::from_secs(5);

/// Serves `service` on `listener` until `stopping`, then lets calls end. Without `tls` in the clear, as in one process.
pub async fn serve<S: Service>(
    service: Arc<S>,
    runtime: Arc<Runtime>,
    verifier: Arc<Verifier>,
    listener: TcpListener,
    max_message_bytes: usize,
    tls: Option<Tls>,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let engine = runtime.engine().clone();
    let table = AccessTable::from_contract(&[
        S::GRPC,
        "redress.eventlog.v1.EventLogService",
        "redress.deadlines.v1.DeadlineService",
    ])?;
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", tonic_health::ServingStatus::Serving).await;
    health.set_service_status(S::GRPC, tonic_health::ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(redress_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let mut routes = RoutesBuilder::default();
    service.routes(&mut routes);
    routes.add_service(
        EventLogServiceServer::new(EventLog::new(engine.clone(), service.clone(), stopping.clone()))
            .max_encoding_message_size(64 * 1024 * 1024)
            .max_decoding_message_size(max_message_bytes),
    );
    routes.add_service(
        DeadlineServiceServer::new(Deadlines::new(engine.clone()))
            .max_decoding_message_size(max_message_bytes),
    );
    routes.add_service(health_service);
    routes.add_service(reflection);

    let hints_of = engine.clone();
    let watch = watch_database(engine, health, S::GRPC, stopping.clone());
    // An answer is several small writes: without this each would wait for the other side's delayed acknowledgement of the
    // one before, which is 40 ms on Linux.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let mut builder = Server::builder();
    if let Some(tls) = &tls {
        builder = builder.tls_config(tls.server())?;
    }
    let server = builder
        .concurrency_limit_per_connection(usize::try_from(CONCURRENT_STREAMS).unwrap_or(256))
        .max_concurrent_streams(CONCURRENT_STREAMS)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .layer(AccessLayer::new(S::NAME, verifier, Arc::new(table), tls.is_some()))
        .add_routes(routes.routes())
        .serve_with_incoming_shutdown(incoming, async move {
            stopping.cancelled().await;
            hints_of.hints().stopping.cancel();
        });
    let (served, ()) = tokio::join!(server, watch);
    Ok(served?)
}

/// Readiness is "Postgres answers". Redis is no part of it: without it deadlines are late, not lost.
async fn watch_database(
    engine: crate::engine::Engine,
    health: tonic_health::server::HealthReporter,
    name: &'static str,
    stopping: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => {
                health.set_service_status(name, tonic_health::ServingStatus::NotServing).await;
                return;
            }
            () = tokio::time::sleep(HEALTH_EVERY) => {}
        }
        let there = redress_storage::log::generation(engine.database().pool()).await.is_ok();
        let status = if there {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        };
        health.set_service_status(name, status).await;
        health.set_service_status("", status).await;
    }
}
