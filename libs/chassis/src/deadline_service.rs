//! `DeadlineService`: what is due when, why, and who took notice.

use redress_deadlines::{store, wire};
use redress_domain::{Rejection, deadline::explain};
use redress_proto::{deadlines::v1 as pb, time_from_wire};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    deadline_worker::DeadlineWorker,
    engine::{Begin, Engine},
    event_log::page,
    failure::Result,
    grpc,
};

/// Serves one service's deadlines.
#[derive(Debug)]
pub struct Deadlines {
    engine: Engine,
}

impl Deadlines {
    /// Serves the deadlines of `engine`'s service.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn list(&self, request: Request<pb::ListDeadlinesRequest>) -> Result<pb::ListDeadlinesResponse> {
        use prost::Message as _;
        let (call, request) = grpc::accept(request)?;
        let mut filter = request.clone();
        filter.page_size = 0;
        filter.page_token.clear();
        let filter = filter.encode_to_vec();
        let page = page(&self.engine, request.page_size, &request.page_token, &filter)?;
        let rows = store::list(
            self.engine.database().pool(),
            &store::Filter {
                case_id: Uuid::parse_str(&request.case_id).ok(),
                kind: (!request.kind.is_empty()).then(|| request.kind.clone()),
                states: request.states().filter_map(state_name).map(str::to_owned).collect(),
                basis: basis_name(request.basis()).map(str::to_owned),
                due_before: request.due_before.as_ref().and_then(|at| time_from_wire(at).ok()),
                regions: call.caller.regions.clone(),
            },
            page.offset,
            page.size + 1,
        )
        .await?;
        let next_page_token = page.next(&self.engine, rows.len(), &filter);
        let deadlines = rows
            .iter()
            .take(usize::try_from(page.size).unwrap_or_default())
            .map(|deadline| wire::to_wire(self.engine.service(), deadline))
            .collect();
        Ok(pb::ListDeadlinesResponse { deadlines, next_page_token })
    }

    async fn explain(
        &self,
        request: Request<pb::ExplainDeadlineRequest>,
    ) -> Result<pb::ExplainDeadlineResponse> {
        let (call, request) = grpc::accept(request)?;
        let id = parse(&request.deadline_id)?;
        let row = store::read(self.engine.database().pool(), id).await?.ok_or_else(|| not_found(id))?;
        let deadline = row.deadline;
        call.caller.may_see(&deadline.owner.region, deadline.owner.case_id)?;
        let calendar = self.engine.policies().calendar(&deadline.owner.calendar_hash).await?;
        let explanation = explain(&calendar, &deadline.term())
            .map_err(|error| Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string()))?;
        Ok(pb::ExplainDeadlineResponse {
            deadline: Some(wire::to_wire(self.engine.service(), &deadline)),
            lines: explanation
                .lines
                .iter()
                .map(|line| pb::ExplanationLine {
                    date: line.date.to_string(),
                    counted: line.counted.clone(),
                    text: line.text.clone(),
                })
                .collect(),
        })
    }

    async fn acknowledge(
        &self,
        request: Request<pb::AcknowledgeEscalationRequest>,
    ) -> Result<pb::AcknowledgeEscalationResponse> {
        let (call, request) = grpc::accept(request)?;
        let id = parse(&request.deadline_id)?;
        let mut unit = match self.engine.begin(&call, &request.request_id, &request).await? {
            Begin::Fresh(unit) => unit,
            Begin::Repeated(answer) => return Ok(answer),
        };
        let deadline = DeadlineWorker::acknowledge(&mut unit, id).await?;
        call.caller.may_see(&deadline.owner.region, deadline.owner.case_id)?;
        let deadline = Some(wire::to_wire(self.engine.service(), &deadline));
        unit.commit(pb::AcknowledgeEscalationResponse { deadline }).await
    }
}

fn parse(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id)
        .map_err(|_| Rejection::invalid("INVALID_FIELDS", "deadline_id", "must be a UUID").into())
}

fn not_found(id: Uuid) -> Rejection {
    Rejection::not_found("NOT_FOUND", format!("there is no deadline `{id}` here")).with("id", id.to_string())
}

fn state_name(state: pb::DeadlineState) -> Option<&'static str> {
    match state {
        pb::DeadlineState::Unspecified => None,
        // A paused deadline is a pending one whose pause is open.
        pb::DeadlineState::Pending | pb::DeadlineState::Paused => Some("pending"),
        pb::DeadlineState::Met => Some("met"),
        pb::DeadlineState::Missed => Some("missed"),
        pb::DeadlineState::Cancelled => Some("cancelled"),
    }
}

fn basis_name(basis: pb::DeadlineBasis) -> Option<&'static str> {
    match basis {
        pb::DeadlineBasis::Unspecified => None,
        pb::DeadlineBasis::House => Some("house"),
        pb::DeadlineBasis::Statute => Some("statute"),
        pb::DeadlineBasis::Promise => Some("promise"),
        pb::DeadlineBasis::Action => Some("action"),
    }
}

#[tonic::async_trait]
impl pb::deadline_service_server::DeadlineService for Deadlines {
    async fn list_deadlines(
        &self,
        request: Request<pb::ListDeadlinesRequest>,
    ) -> std::result::Result<Response<pb::ListDeadlinesResponse>, Status> {
        self.list(request)
            .await
            .map(Response::new)
            .map_err(|failure| failure.into_status(self.engine.service()))
    }

    async fn explain_deadline(
        &self,
        request: Request<pb::ExplainDeadlineRequest>,
    ) -> std::result::Result<Response<pb::ExplainDeadlineResponse>, Status> {
        self.explain(request)
            .await
            .map(Response::new)
            .map_err(|failure| failure.into_status(self.engine.service()))
    }

    async fn acknowledge_escalation(
        &self,
        request: Request<pb::AcknowledgeEscalationRequest>,
    ) -> std::result::Result<Response<pb::AcknowledgeEscalationResponse>, Status> {
        self.acknowledge(request)
            .await
            .map(Response::new)
            .map_err(|failure| failure.into_status(self.engine.service()))
    }
}
