//! People at work: takes complaints from registration to the survey over the services' own calls, each as the role that may,
//! and through side ways on demand. For the demonstration, long runs and measurements; no service knows of it.
//!
//! [`work`] lets many cases run side by side on the virtual clock. How one goes on is decided from what the services answer:
//! somebody at a desk looks, does the next thing, and comes back later.

mod desk;
mod errand;
mod findings;
mod plan;
mod resolution;

use std::{cmp::Reverse, collections::BinaryHeap};

use anyhow::Result;
use redress_domain::Timestamp;

pub use desk::Desk;
pub use errand::{Errand, Next};
pub use plan::{Plan, Way};

use crate::suite::Suite;

/// How a case went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its place in the plans.
    pub index: usize,
    /// Its id; empty when it was not registered.
    pub case_id: String,
    /// Its number.
    pub case_number: String,
    /// Why it came to a stop before its end, if it did.
    pub stuck: Option<String>,
}

/// Takes cases through, each from its own time of receipt on, until all are done or the clock shows `until`. `told` hears of
/// every registration and every end.
///
/// # Errors
/// When the suite fails. What a service refuses stops only its case, which is then said to be stuck.
pub async fn work(
    suite: &Suite,
    plans: &[Plan],
    until: Timestamp,
    told: &mut (dyn FnMut(&str) + Send),
) -> Result<Vec<Outcome>> {
    let desk = Desk::new(suite)?;
    let mut errands: Vec<Errand> = plans.iter().map(Errand::new).collect();
    let mut agenda: BinaryHeap<Reverse<(Timestamp, usize)>> =
        plans.iter().enumerate().map(|(index, plan)| Reverse((plan.received, index))).collect();
    while let Some(Reverse((time, index))) = agenda.pop() {
        if time > until {
            break;
        }
        suite.advance_to(time.max(suite.now())).await?;
        let Some(errand) = errands.get_mut(index) else { continue };
        let next = errand.step(&desk).await;
        suite.rest().await?;
        match next {
            Next::After(pause) => {
                if let Some(time) = suite.now().checked_add_signed(pause) {
                    agenda.push(Reverse((time, index)));
                }
            }
            Next::Done => told(&errand.tale()),
        }
    }
    suite.advance_to(until.max(suite.now())).await?;
    Ok(errands.into_iter().enumerate().map(|(index, errand)| errand.outcome(index)).collect())
}
