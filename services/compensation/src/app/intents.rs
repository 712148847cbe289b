//! Calls to the payments and fulfilment systems, and what they come to.

use redress_chassis::{Attempt, Failure, Loaded, Result, Unit, reactor::unexpected, unit};
use redress_storage::intent::IntentRow;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{change, fulfilment_call, pace::Pace, payment_call};
use crate::{
    Compensation,
    domain::{
        calls::{PaymentCall, PaymentOutcome, TaskCall, TaskOutcome, call},
        outcome,
        state::Resolution,
    },
};

/// Makes the call of an intent, outside any transaction. It looks at the state first: what has been stopped since is
/// not sent any more.
pub(crate) async fn perform(app: &Compensation, intent: &IntentRow) -> Attempt {
    match try_perform(app, intent).await {
        Ok(attempt) => attempt,
        Err(failure) => Attempt::back_off(intent.attempts, format!("{:#}", anyhow::Error::new(failure))),
    }
}

async fn try_perform(app: &Compensation, intent: &IntentRow) -> Result<Attempt> {
    let loaded: Loaded<Resolution> = unit::read(&app.engine, intent.aggregate_id).await?;
    let row = loaded.row();
    let policy = app.engine.policies().get(&row.handbook_hash, &row.calendar_hash).await?;
    let (execution, _) = policy.handbook.execution();
    let pace = Pace::of(execution, &policy.calendar, app.engine.now(), intent.attempts);
    let missing = |key: &str| Failure::Internal(anyhow::anyhow!("the state knows no call `{key}`"));
    if intent.kind == call::FULFIL {
        let parameters: TaskCall = decode(&intent.payload)?;
        let remedy = loaded.state.all_remedies().find(|remedy| remedy.id == parameters.remedy_id);
        let task = remedy.and_then(|remedy| remedy.tasks.iter().find(|task| task.key == parameters.key));
        let task = task.ok_or_else(|| missing(&parameters.key))?;
        return Ok(fulfilment_call::attempt(&*app.fulfilment, &parameters, task.state, pace).await);
    }
    let parameters: PaymentCall = decode(&intent.payload)?;
    let remedy = loaded.state.all_remedies().find(|remedy| remedy.id == parameters.remedy_id);
    let payment = remedy.and_then(|remedy| remedy.payment(&parameters.key));
    let payment = payment.ok_or_else(|| missing(&parameters.key))?;
    Ok(payment_call::attempt(&*app.payments, &intent.kind, &parameters, payment, pace).await)
}

/// Tells the resolution what a call came to.
pub(crate) async fn conclude(unit: &mut Unit, intent: &IntentRow, outcome: &Value) -> Result<()> {
    let attempts = intent.attempts.saturating_add(1);
    match intent.kind.as_str() {
        call::RESERVE | call::PAY | call::RELEASE | call::VERIFY => {
            let parameters: PaymentCall = decode(&intent.payload)?;
            let came_to: PaymentOutcome = decode(outcome)?;
            change::revise(unit, intent.aggregate_id, |resolution, _, setting| {
                let (remedy_id, key) = (parameters.remedy_id, parameters.key.as_str());
                outcome::payment_outcome(resolution, remedy_id, key, &came_to, attempts, setting)
            })
            .await
        }
        call::FULFIL => {
            let parameters: TaskCall = decode(&intent.payload)?;
            let came_to: TaskOutcome = decode(outcome)?;
            change::revise(unit, intent.aggregate_id, |resolution, _, setting| {
                outcome::task_outcome(resolution, parameters.remedy_id, &parameters.key, &came_to, setting)
            })
            .await
        }
        other => Err(unexpected("intent", other)),
    }
}

fn decode<T: DeserializeOwned>(value: &Value) -> Result<T> {
    serde_json::from_value(value.clone()).map_err(|error| Failure::Internal(error.into()))
}
