//! The reviews of regions and months: when they begin, what they come to, and their publication (M7.3).

use redress_chassis::{Caller, Failure, Loaded, Place, Policy, Result, Unit, unit};
use redress_domain::{Rejection, Timestamp, handbook::Handbook};
use redress_proto::survey::v1 as pb;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{calendar_cannot_tell, setting};
use crate::{
    Survey,
    domain::{
        Setting,
        month::Month,
        problems::problems,
        report::figures,
        review::{self, Review},
    },
    store,
};

/// Months opened in a row at most, after a long rest.
const MONTHS_MAX: usize = 120;

/// Begins the review of a month, unless it has begun.
pub(crate) async fn begin(unit: &mut Unit, region: &str, month: Month, policy: &Policy) -> Result<()> {
    let id = review::id_of(region, month);
    if store::review::exists(unit.transaction(), id).await? {
        return Ok(());
    }
    let place = Place {
        id,
        case_id: None,
        region: region.to_owned(),
        handbook_hash: policy.handbook_hash.clone(),
        calendar_hash: policy.calendar_hash.clone(),
    };
    let decision = review::open(month, &setting(region, policy, unit.now()))
        .map_err(|error| calendar_cannot_tell(&error))?;
    unit.create(place, decision).await?;
    Ok(())
}

/// Rules were activated for a region: the review of the month in which they take effect goes by them, and those after it;
/// and earlier ones that wait for a calendar that knows when they fall due.
pub(crate) async fn activated(unit: &mut Unit, region: &str, policy: &Policy) -> Result<()> {
    let month = first_month(&policy.handbook, Month::of(&policy.calendar, unit.now()));
    for id in store::review::to_move(unit.transaction(), region, month).await? {
        let mut review = unit.load::<Review>(id).await?;
        review.pin_to(&policy.handbook_hash, &policy.calendar_hash);
        let moved = review
            .state
            .moved(&setting(region, policy, unit.now()))
            .map_err(|error| calendar_cannot_tell(&error))?;
        if let Some(decision) = moved {
            unit.save(review, decision).await?;
        }
    }
    begin(unit, region, month, policy).await
}

fn first_month(book: &Handbook, now: Month) -> Month {
    Month::containing(book.effective_from).max(now)
}

/// Publishes a review by its deadline, and begins those of the months since.
pub(crate) async fn publish(unit: &mut Unit, id: Uuid, due_at: Timestamp) -> Result<()> {
    let Some(review) = unit.find::<Review>(id).await? else { return Ok(()) };
    let policy = unit.policy(&review).await?;
    let (region, month, now) = (review.region().to_owned(), review.state.month, unit.now());
    let rules = setting(&region, &policy, now);
    let (figures, problems) = sum_up(unit.transaction().connection(), month, &rules).await?;
    if let Some(decision) = review.state.publish(figures, problems, due_at, &rules) {
        unit.save(review, decision).await?;
    }
    let mut next = month.next();
    for _ in 0..MONTHS_MAX {
        if next > rules.month(now) {
            break;
        }
        begin(unit, &region, next, &policy).await?;
        next = next.next();
    }
    Ok(())
}

/// What a month comes to now, by the rules of the setting.
pub(crate) async fn sum_up(
    connection: &impl ConnectionTrait,
    month: Month,
    rules: &Setting<'_>,
) -> Result<(pb::ReviewFigures, Vec<pb::ReviewProblem>)> {
    let tally = store::figures::tally(connection, rules.region, month, rules.book).await?;
    let figures = figures(&tally, rules)?;
    let problems = problems(&tally, &figures, rules);
    Ok((figures, problems))
}

/// A month's review as it stands: frozen, or summed up now.
pub(crate) struct Standing {
    /// Region.
    pub(crate) region: String,
    /// Month.
    pub(crate) month: Month,
    /// Rules that it goes by.
    pub(crate) policy: Policy,
    /// Its figures.
    pub(crate) figures: pb::ReviewFigures,
    /// Its problems.
    pub(crate) problems: Vec<pb::ReviewProblem>,
    /// When it was published; none before.
    pub(crate) published_at: Option<Timestamp>,
    /// To which time it was computed.
    pub(crate) computed_at: Timestamp,
}

/// The review of a month in a region, both as a request names them.
pub(crate) async fn standing(app: &Survey, caller: &Caller, region: &str, month: &str) -> Result<Standing> {
    let region = region_of(app, caller, region).await?;
    let month: Month =
        month.parse().map_err(|_| Rejection::invalid("INVALID_FIELDS", "month", "is no month"))?;
    let Some(ruling) = store::review::ruling(app.engine.database().pool(), &region, month).await? else {
        let message = format!("no handbook is active for region `{region}`");
        return Err(Rejection::precondition("REGION_WITHOUT_HANDBOOK", message)
            .with("region", &region)
            .into());
    };
    let review: Loaded<Review> = unit::read(&app.engine, ruling).await?;
    let policy = app.engine.policies().get(&review.row().handbook_hash, &review.row().calendar_hash).await?;
    let now = app.engine.now();
    let start = month.start(&policy.calendar).map_err(|error| calendar_cannot_tell(&error))?;
    if now < start {
        return Err(Rejection::invalid("INVALID_FIELDS", "month", "has not begun")
            .with("month", month.to_string())
            .into());
    }
    let frozen = review.state.published.filter(|_| review.state.month == month);
    let (figures, problems, published_at) = match frozen {
        Some(published) => {
            (published.event.figures.unwrap_or_default(), published.event.problems, Some(published.at))
        }
        None => {
            let rules = setting(&region, &policy, now);
            let (figures, problems) = sum_up(app.engine.database().pool(), month, &rules).await?;
            (figures, problems, None)
        }
    };
    Ok(Standing {
        region,
        month,
        policy,
        figures,
        problems,
        published_at,
        computed_at: published_at.unwrap_or(now),
    })
}

/// The region that a request means: the one it names, else the only one of the caller's token, else the enterprise's
/// default, else the only one there is.
async fn region_of(app: &Survey, caller: &Caller, named: &str) -> Result<String> {
    let region = match (named, caller.regions.as_slice(), app.settings.default_region.as_str()) {
        ("", [only], _) => only.clone(),
        ("", _, "") => match store::review::regions(app.engine.database().pool()).await?.as_slice() {
            [only] => only.clone(),
            _ => return Err(Failure::from(Rejection::invalid("INVALID_FIELDS", "region", "name a region"))),
        },
        ("", _, default) => default.to_owned(),
        (named, ..) => named.to_owned(),
    };
    caller.may_see(&region, None)?;
    Ok(region)
}
