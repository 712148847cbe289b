//! Shows a month's review.

use redress_chassis::{Call, Result};
use redress_proto::survey::v1::{GetMonthlyReviewRequest, GetMonthlyReviewResponse};

use super::reviews;
use crate::{
    Survey,
    grpc::convert,
    store::improvement::{self, Filter},
};

/// Improvements shown with a review at most; ListImprovements pages through more.
const IMPROVEMENTS_MAX: i64 = 200;

/// Shows it, with the improvements planned for it.
pub async fn get_monthly_review(
    app: &Survey,
    call: &Call,
    request: GetMonthlyReviewRequest,
) -> Result<GetMonthlyReviewResponse> {
    let standing = reviews::standing(app, &call.caller, &request.region, &request.month).await?;
    let filter = Filter {
        regions: vec![standing.region.clone()],
        month: standing.month.to_string(),
        ..Filter::default()
    };
    let improvements = improvement::list(app.engine.database().pool(), &filter, 0, IMPROVEMENTS_MAX).await?;
    Ok(GetMonthlyReviewResponse { review: Some(convert::review(standing, &improvements)) })
}
