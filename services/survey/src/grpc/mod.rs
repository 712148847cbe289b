//! The wire of survey, and nothing else.

pub(crate) mod convert;

use redress_chassis::{Failure, accept};
use redress_proto::survey::v1::{self as pb, survey_service_server::SurveyService};
use tonic::{Request, Response, Status};

use crate::{Survey, app};

fn status(failure: Failure) -> Status {
    failure.into_status("survey")
}

macro_rules! methods {
    ($($method:ident: $request:ident => $response:ident,)+) => {
        #[tonic::async_trait]
        impl SurveyService for Survey {
            $(async fn $method(
                &self,
                request: Request<pb::$request>,
            ) -> Result<Response<pb::$response>, Status> {
                let (call, request) = accept(request).map_err(status)?;
                app::$method::$method(self, &call, request).await.map(Response::new).map_err(status)
            })+
        }
    };
}

methods! {
    get_survey: GetSurveyRequest => GetSurveyResponse,
    submit_response: SubmitResponseRequest => SubmitResponseResponse,
    get_monthly_review: GetMonthlyReviewRequest => GetMonthlyReviewResponse,
    plan_improvement: PlanImprovementRequest => PlanImprovementResponse,
    complete_improvement: CompleteImprovementRequest => CompleteImprovementResponse,
    list_improvements: ListImprovementsRequest => ListImprovementsResponse,
    list_decisions: ListDecisionsRequest => ListDecisionsResponse,
}
