//! Logs, traces and the context that ties them together.

use std::time::Duration;

use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState, TracerProvider},
};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::TelemetrySettings;

/// The W3C trace context that a call carries; empty when it carries none that is well formed.
pub fn traceparent_of_headers(headers: &http::HeaderMap) -> String {
    headers
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .filter(|value| is_traceparent(value))
        .unwrap_or_default()
        .to_owned()
}

/// Whether a text is a W3C `traceparent` of version 00.
pub fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match parts.as_slice() {
        [version, trace, span, flags] => {
            *version == "00"
                && hex(trace, 32)
                && hex(span, 16)
                && hex(flags, 2)
                && trace.bytes().any(|b| b != b'0')
                && span.bytes().any(|b| b != b'0')
        }
        _ => false,
    }
}

/// The span that a W3C `traceparent` names.
pub fn span_context(traceparent: &str) -> Option<SpanContext> {
    if !is_traceparent(traceparent) {
        return None;
    }
    let mut parts = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    Some(SpanContext::new(trace, span, TraceFlags::new(flags), true, TraceState::default()))
}

/// The `traceparent` of a span; empty when it is not traced.
fn traceparent(context: &SpanContext) -> String {
    if !context.is_valid() {
        return String::new();
    }
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8())
}

/// A span for a call: the caller's trace goes on in it. Returns the context that the effects carry.
pub fn span_of_call(path: &str, caller: &str) -> (Span, String) {
    let span = tracing::info_span!("rpc", otel.name = path, otel.kind = "server", rpc.system = "grpc");
    if let Some(parent) = span_context(caller)
        && span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent)).is_err()
    {
        tracing::debug!("the caller's trace cannot be continued");
    }
    let own = traceparent(span.context().span().span_context());
    let effects = if own.is_empty() { caller.to_owned() } else { own };
    (span, effects)
}

/// A span for what follows from something earlier: a new trace, linked to its cause. Returns the context that its
/// effects carry.
pub fn span_of_consequence(kind: &'static str, what: &str, cause: &str) -> (Span, String) {
    let span =
        tracing::info_span!("consequence", otel.name = format!("{kind} {what}"), otel.kind = "consumer");
    if let Some(cause) = span_context(cause) {
        span.add_link(cause);
    }
    let own = traceparent(span.context().span().span_context());
    let effects = if own.is_empty() { cause.to_owned() } else { own };
    (span, effects)
}

/// Traces and logs of a process; flushes when it is stopped.
#[derive(Debug, Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logging to standard error and, where an endpoint is configured, tracing over OTLP. Must be called
    /// within a runtime. Does nothing when the process is already observed.
    pub fn start(name: &str, settings: &TelemetrySettings) -> anyhow::Result<Self> {
        let filter =
            if settings.log.is_empty() { "warn,redress=info".to_owned() } else { settings.log.clone() };
        let logs = EnvFilter::try_new(&filter)
            .map_err(|error| anyhow::anyhow!("`telemetry.log` is no filter: {error}"))?;
        let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let text = if settings.log_json { text.json().boxed() } else { text.boxed() };
        let provider = if settings.otlp_endpoint.is_empty() {
            None
        } else {
            use opentelemetry_otlp::WithExportConfig;
            let exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_tonic()
                .with_endpoint(&settings.otlp_endpoint)
                .build()?;
            let resource = opentelemetry_sdk::Resource::builder().with_service_name(name.to_owned()).build();
            Some(
                SdkTracerProvider::builder()
                    .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
                    .with_resource(resource)
                    .with_batch_exporter(exporter)
                    .build(),
            )
        };
        let traces = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("redress"))
                .with_filter(tracing_subscriber::filter::LevelFilter::INFO)
        });
        if tracing_subscriber::registry().with(traces).with(text.with_filter(logs)).try_init().is_err() {
            tracing::debug!("the process is already observed");
        }
        Ok(Self { provider })
    }

    /// Sends what is left, within five seconds.
    pub fn stop(&self) {
        if let Some(provider) = &self.provider
            && let Err(error) = provider.shutdown_with_timeout(Duration::from_secs(5))
        {
            tracing::warn!(error = %error, "some spans were not sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_trace_contexts_are_taken() {
        assert!(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for broken in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            assert!(!is_traceparent(broken), "{broken}");
        }
    }
}
