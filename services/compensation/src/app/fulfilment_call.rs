//! One call to the fulfilment system, and what its answer means.

use std::collections::BTreeMap;

use redress_chassis::Attempt;
use redress_connectors::{Fulfilment, FulfilmentKind, FulfilmentState as Answer, FulfilmentTask, PortError};
use redress_domain::handbook::RemedyKind;
use serde_json::json;

use super::pace::Pace;
use crate::domain::{
    calls::{TaskCall, TaskOutcome},
    state::TaskState,
};

/// Orders a task, or asks about it. The task stays the same under its key, whatever happens.
pub(crate) async fn attempt(
    fulfilment: &dyn Fulfilment,
    parameters: &TaskCall,
    standing: TaskState,
    pace: Pace,
) -> Attempt {
    if matches!(standing, TaskState::Done | TaskState::Failed) {
        return Attempt::Conclude(json!(TaskOutcome::Unknown));
    }
    let Some(task) = task(parameters) else {
        return Attempt::Conclude(json!(TaskOutcome::Failed { reason: "KIND_NOT_FULFILLED".to_owned() }));
    };
    let again = |error: String, note: Option<TaskOutcome>| Attempt::Again {
        after: pace.ask,
        error,
        note: note.map(|note| json!(note)),
    };
    let unknown =
        || matches!(standing, TaskState::Open | TaskState::Accepted).then_some(TaskOutcome::Unknown);
    let answer = match standing {
        TaskState::Open | TaskState::Down => fulfilment.order(&task).await,
        _ => match fulfilment.ask(&task.key).await {
            Ok(Answer::Absent) => fulfilment.order(&task).await,
            answer => answer,
        },
    };
    match answer {
        Ok(Answer::Accepted) => {
            let note = (standing != TaskState::Accepted).then_some(TaskOutcome::Accepted);
            again("it is under way".to_owned(), note)
        }
        // Goods count when they are signed for (M7.1).
        Ok(Answer::Completed { signed_for: false, .. }) if task.kind.ends_with_signature() => {
            again("it is not signed for yet".to_owned(), None)
        }
        Ok(Answer::Completed { at, .. }) => Attempt::Conclude(json!(TaskOutcome::Done { at })),
        Ok(Answer::Failed { reason }) => Attempt::Conclude(json!(TaskOutcome::Failed { reason })),
        Ok(Answer::Absent | Answer::Unknown) => again("the outcome is unknown".to_owned(), unknown()),
        Err(PortError::Timeout) => again("no answer in time".to_owned(), unknown()),
        Err(PortError::Unavailable { reason }) => match pace.retry {
            Some(after) => Attempt::Again { after, error: reason, note: None },
            None if standing == TaskState::Open => Attempt::Conclude(json!(TaskOutcome::Down)),
            None => again(reason, None),
        },
        Err(PortError::Rejected { code, .. }) if code == "KEY_REUSED" => {
            tracing::error!(task.key = %task.key, "task key was used before");
            again(code, unknown())
        }
        Err(PortError::Rejected { code, .. }) => {
            Attempt::Conclude(json!(TaskOutcome::Failed { reason: code }))
        }
    }
}

/// The task as the fulfilment system takes it; none for what it does not do.
fn task(parameters: &TaskCall) -> Option<FulfilmentTask> {
    let kind = match parameters.kind {
        RemedyKind::Resend => FulfilmentKind::Resend,
        RemedyKind::PriorityDelivery => FulfilmentKind::PriorityDelivery,
        RemedyKind::Coupon => FulfilmentKind::Coupon,
        RemedyKind::Apology => FulfilmentKind::ApologyCall,
        RemedyKind::VipCard => FulfilmentKind::VipCard,
        RemedyKind::Cash
        | RemedyKind::FreightReduction
        | RemedyKind::FreightWaiver
        | RemedyKind::InternalPenalty => return None,
    };
    let mut details = BTreeMap::new();
    if parameters.quantity > 0 {
        details.insert("quantity".to_owned(), parameters.quantity.to_string());
    }
    if let Some(role) = parameters.role {
        details.insert("caller_role".to_owned(), role.to_string());
    }
    Some(FulfilmentTask {
        key: parameters.key.clone(),
        kind,
        waybill: (!parameters.waybill_no.is_empty()).then(|| parameters.waybill_no.clone()),
        recipient_ref: parameters.recipient_ref.clone(),
        value: parameters.value,
        details,
    })
}
