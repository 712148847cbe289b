//! The lifecycle trace, as a real collector receives it over gRPC.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use redress::play::play_and_keep;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

use crate::harness::{environment, scripts};

/// Keeps what it is sent, with the service that sent it.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<(String, Span)>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.spans.lock().expect("no writer panics");
        for resource in request.into_inner().resource_spans {
            let service = resource
                .resource
                .iter()
                .flat_map(|resource| &resource.attributes)
                .find(|attribute| attribute.key == "service.name")
                .map(|attribute| format!("{:?}", attribute.value))
                .unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                kept.push((service.clone(), span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_case_is_one_trace_whose_id_is_the_case_id() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)),
    );
    let mut environment = environment().await;
    environment.otlp_endpoint = endpoint;
    let script = scripts().join("lifecycle.toml");
    let (_, suite) = play_and_keep(&script, &mut environment).await.expect("the script holds");
    let cases = suite
        .client("intake", "supervision")
        .expect("signs")
        .list("redress.intake.v1.IntakeService/ListCases", serde_json::json!({}), "cases", 10)
        .await
        .expect("lists");
    let case_id = cases[0]["case_id"].as_str().expect("an id").replace('-', "");

    let spans = collector.spans.lock().expect("no writer panics").clone();
    let mut stages: BTreeMap<String, (String, Span)> = BTreeMap::new();
    for (service, span) in spans {
        if hex::encode(&span.trace_id) == case_id {
            stages.insert(span.name.clone(), (service, span));
        }
    }
    let root = &stages.get("case").expect("a root span").1;
    assert!(root.parent_span_id.is_empty() || root.parent_span_id.iter().all(|byte| *byte == 0));
    let mut begun = 0;
    for (stage, service) in [
        ("acknowledgement", "intake"),
        ("dispatch", "triage"),
        ("investigation", "investigation"),
        ("offer", "compensation"),
        ("execution", "compensation"),
        ("handling", "intake"),
        ("survey", "survey"),
    ] {
        let names: Vec<&String> = stages.keys().collect();
        let (sender, span) = stages.get(stage).unwrap_or_else(|| panic!("no stage `{stage}` in {names:?}"));
        assert!(sender.contains(service), "`{stage}` comes from {sender}");
        assert_eq!(span.parent_span_id, root.span_id, "`{stage}` hangs on the root");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "`{stage}` ends after it starts");
        let marker =
            &stages.get(&format!("{stage} began")).unwrap_or_else(|| panic!("no marker of `{stage}`")).1;
        assert_eq!(marker.start_time_unix_nano, span.start_time_unix_nano, "`{stage}` starts at its marker");
        if !matches!(stage, "handling") {
            assert!(span.start_time_unix_nano >= begun, "`{stage}` starts in its order");
            begun = span.start_time_unix_nano;
        }
    }
    suite.stop().await.expect("stops clean");
}
