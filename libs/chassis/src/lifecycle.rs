//! The lifecycle trace: one trace a case, whose trace id is the case id, with a span for each stage.
//!
//! Spans are built from the service's own log, by a cursor in its own database, and a span's id is a function of
//! case, stage and round; so a stage that is sent again after a crash is the same span. They are never sampled
//! away: a UUIDv7 is not random where ratio samplers look.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{Link, SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor},
};
use redress_domain::Timestamp;
use redress_storage::{LoggedEvent, Position, cursor, log};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    engine::Engine,
    failure::{Failure, Result},
};

/// A stage of a case: from the latest of `starts` to the next of `ends`, both in one service's log.
struct Stage {
    name: &'static str,
    starts: &'static [&'static str],
    ends: &'static [&'static str],
}

const REGISTERED: &str = "redress.intake.v1.ComplaintRegistered";

/// The stages, in the order of a usual case. A stage may have several rounds.
const STAGES: &[Stage] = &[
    Stage { name: "acknowledgement", starts: &[REGISTERED], ends: &["redress.intake.v1.CaseAcknowledged"] },
    Stage {
        name: "triage",
        starts: &["redress.triage.v1.CaseTriaged"],
        ends: &["redress.triage.v1.CaseDispatched"],
    },
    Stage {
        name: "dispatch",
        starts: &["redress.triage.v1.CaseDispatched"],
        ends: &["redress.triage.v1.DispatchConfirmed", "redress.triage.v1.ProgressReported"],
    },
    Stage {
        name: "investigation",
        starts: &["redress.investigation.v1.InvestigationOpened"],
        ends: &["redress.investigation.v1.InvestigationConcluded"],
    },
    Stage {
        name: "waiting for the customer",
        starts: &["redress.investigation.v1.InvestigationPaused"],
        ends: &["redress.investigation.v1.InvestigationResumed"],
    },
    Stage {
        name: "approval",
        starts: &["redress.compensation.v1.ResolutionProposed"],
        ends: &["redress.compensation.v1.ResolutionApproved"],
    },
    Stage {
        name: "offer",
        starts: &["redress.compensation.v1.ResolutionOffered"],
        ends: &["redress.compensation.v1.ResponseRecorded", "redress.compensation.v1.FinalPositionTaken"],
    },
    Stage {
        name: "execution",
        starts: &["redress.compensation.v1.RemedyStarted"],
        ends: &["redress.compensation.v1.ResolutionExecuted"],
    },
    Stage {
        name: "handling",
        starts: &[REGISTERED, "redress.intake.v1.CaseReopened"],
        ends: &[
            "redress.intake.v1.CaseClosed",
            "redress.intake.v1.CaseRefused",
            "redress.intake.v1.CaseWithdrawn",
        ],
    },
    Stage {
        name: "survey",
        starts: &["redress.survey.v1.SurveySent"],
        ends: &["redress.survey.v1.SurveyResponded", "redress.survey.v1.SurveyExpired"],
    },
];

/// Name of the cursor in the service's own log.
const CURSOR: &str = "lifecycle trace";
/// Events of a partition read at once.
const PAGE: i64 = 50;
/// How long the collector may take.
const FLUSH: Duration = Duration::from_secs(5);

/// Builds one service's share of the lifecycle traces.
#[derive(Debug)]
pub struct Lifecycle {
    engine: Engine,
    processor: Arc<BatchSpanProcessor>,
}

impl Lifecycle {
    /// Sends to an OTLP endpoint over gRPC, such as `http://collector:4317`. Must be called within a runtime.
    pub fn start(engine: Engine, endpoint: &str) -> anyhow::Result<Self> {
        use opentelemetry_otlp::WithExportConfig;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(FLUSH)
            .build()?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(
            &Resource::builder().with_service_name(format!("redress-{}", engine.service())).build(),
        );
        Ok(Self { engine, processor: Arc::new(processor) })
    }

    /// Sends what the log has had since the last time. The cursor moves only when the collector has it.
    pub async fn run_once(&self) -> Result<usize> {
        let database = self.engine.database();
        let before: BTreeMap<i32, Position> = cursor::of_source(database.pool(), CURSOR).await?;
        let at = before.iter().map(|(partition, position)| (*partition, position.n)).collect();
        let (_, events) = log::read_after(database.pool(), self.engine.service(), &at, PAGE).await?;
        if events.is_empty() {
            return Ok(0);
        }
        let mut heads: BTreeMap<i32, Position> = BTreeMap::new();
        for event in &events {
            heads.insert(event.position.partition, event.position);
            for span in self.spans(event).await? {
                self.processor.on_end(span);
            }
        }
        let processor = self.processor.clone();
        tokio::task::spawn_blocking(move || processor.force_flush())
            .await
            .map_err(|error| Failure::Internal(error.into()))?
            .map_err(|error| Failure::Unavailable(format!("trace collector: {error}")))?;
        let transaction = database.begin().await?;
        let from = |partition| before.get(partition).map_or(0, |position: &Position| position.n);
        let moves: Vec<(i64, Position)> =
            heads.iter().map(|(partition, position)| (from(partition), *position)).collect();
        cursor::advance(&transaction, CURSOR, &moves).await?;
        transaction.commit().await?;
        Ok(events.len())
    }

    async fn spans(&self, logged: &LoggedEvent) -> Result<Vec<SpanData>> {
        let event = &logged.event;
        let Some(case_id) = event.case_id else { return Ok(Vec::new()) };
        let kind = event.kind.as_str();
        let mut spans = Vec::new();
        if kind == REGISTERED {
            spans.push(span(case_id, "case", 0, event.time, event.time, &[logged], None));
        }
        let touched: Vec<&Stage> = STAGES
            .iter()
            .filter(|stage| stage.starts.contains(&kind) || stage.ends.contains(&kind))
            .collect();
        if touched.is_empty() {
            return Ok(spans);
        }
        let history = log::of_case(self.engine.database().pool(), self.engine.service(), case_id).await?;
        let earlier: Vec<&LoggedEvent> =
            history.iter().filter(|other| other.position.n < logged.position.n).collect();
        for stage in touched {
            let is = |names: &[&str], other: &&&LoggedEvent| names.contains(&other.event.kind.as_str());
            let round = earlier.iter().filter(|other| is(stage.ends, other)).count();
            if stage.ends.contains(&kind) {
                let last_end =
                    earlier.iter().filter(|other| is(stage.ends, other)).map(|e| e.position.n).max();
                let start = earlier
                    .iter()
                    .filter(|other| is(stage.starts, other))
                    .find(|other| last_end.is_none_or(|end| other.position.n > end));
                if let Some(start) = start {
                    let links = [*start, logged];
                    spans.push(span(
                        case_id,
                        stage.name,
                        round,
                        start.event.time,
                        event.time,
                        &links,
                        Some(kind),
                    ));
                }
            }
            if stage.starts.contains(&kind) {
                let name = format!("{} began", stage.name);
                spans.push(span(case_id, &name, round, event.time, event.time, &[logged], None));
            }
        }
        Ok(spans)
    }
}

/// The span id of a stage: the same whenever it is computed.
pub fn span_id(case_id: Uuid, stage: &str, round: usize) -> SpanId {
    let mut hasher = Sha256::new();
    hasher.update(case_id.as_bytes());
    hasher.update(stage.as_bytes());
    hasher.update((round as u64).to_be_bytes());
    let digest = hasher.finalize();
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    SpanId::from_bytes(bytes)
}

fn span(
    case_id: Uuid,
    name: &str,
    round: usize,
    start: Timestamp,
    end: Timestamp,
    links: &[&LoggedEvent],
    outcome: Option<&str>,
) -> SpanData {
    let context = |span_id: SpanId| {
        SpanContext::new(
            TraceId::from_bytes(*case_id.as_bytes()),
            span_id,
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        )
    };
    let root = span_id(case_id, "case", 0);
    let own = span_id(case_id, name, round);
    let mut attributes = vec![
        KeyValue::new("case.id", case_id.to_string()),
        KeyValue::new("stage.round", i64::try_from(round).unwrap_or(i64::MAX)),
    ];
    if let Some(last) = links.last() {
        attributes.push(KeyValue::new("actor.role", last.event.actor.role.clone()));
        attributes.push(KeyValue::new("case.region", last.event.region.clone()));
    }
    attributes.extend(outcome.map(|outcome| KeyValue::new("stage.ended_by", outcome.to_owned())));
    let mut span_links = SpanLinks::default();
    span_links.links = links
        .iter()
        .filter_map(|event| crate::telemetry::span_context(&event.event.traceparent))
        .map(|context| Link::new(context, Vec::new(), 0))
        .collect();
    SpanData {
        span_context: context(own),
        parent_span_id: if own == root { SpanId::INVALID } else { root },
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.to_owned().into(),
        start_time: start.into(),
        end_time: end.into(),
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: span_links,
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("redress.lifecycle").build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_the_same_span_and_a_round_another() {
        let case = Uuid::from_u128(42);
        assert_eq!(span_id(case, "offer", 0), span_id(case, "offer", 0));
        assert_ne!(span_id(case, "offer", 0), span_id(case, "offer", 1));
        assert_ne!(span_id(case, "offer", 0), span_id(Uuid::from_u128(43), "offer", 0));
    }
}
