//! One call to the payments system: which one is right as things stand, and what its answer means.
//!
//! A timeout is no answer: the next attempt asks under the same key. Only the payments system's own word that a payment
//! is absent, released or refused counts as not paid.

use redress_chassis::Attempt;
use redress_connectors::{AccountKind, PaymentState as Answer, Payments, PortError, Reservation};
use serde_json::json;

use super::pace::Pace;
use crate::domain::{
    calls::{PaymentCall, PaymentOutcome, call},
    state::{Account, Payment, PaymentState},
};

/// Makes the call of an intent.
pub(crate) async fn attempt(
    payments: &dyn Payments,
    kind: &str,
    parameters: &PaymentCall,
    standing: &Payment,
    pace: Pace,
) -> Attempt {
    let step = Step { payments, parameters, standing, pace };
    match kind {
        call::RESERVE => step.reserve().await,
        call::PAY => step.pay().await,
        call::RELEASE => step.release().await,
        _ => step.verify().await,
    }
}

struct Step<'a> {
    payments: &'a dyn Payments,
    parameters: &'a PaymentCall,
    standing: &'a Payment,
    pace: Pace,
}

impl Step<'_> {
    fn key(&self) -> &str {
        &self.parameters.key
    }

    fn reservation(&self) -> Reservation {
        Reservation {
            key: self.parameters.key.clone(),
            account: match self.parameters.account {
                Account::Finance => AccountKind::Finance,
                Account::Fallback => AccountKind::Fallback,
            },
            amount: self.parameters.amount,
            payee_ref: self.parameters.payee_ref.clone(),
        }
    }

    async fn reserve(&self) -> Attempt {
        if self.standing.stopping || self.standing.state.is_final() {
            return conclude(&PaymentOutcome::Stopped);
        }
        if self.standing.state != PaymentState::Unknown {
            return self.reserved(self.payments.reserve(&self.reservation()).await, true);
        }
        match self.payments.ask(self.key()).await {
            Ok(Answer::Absent) => self.reserved(self.payments.reserve(&self.reservation()).await, true),
            answer => self.reserved(answer, false),
        }
    }

    fn reserved(&self, answer: Result<Answer, PortError>, called: bool) -> Attempt {
        match answer {
            Ok(Answer::Reserved) => conclude(&PaymentOutcome::Reserved),
            other => self.otherwise(other, called && self.standing.state == PaymentState::Pending),
        }
    }

    async fn pay(&self) -> Attempt {
        if self.standing.stopping || self.standing.state.is_final() {
            return conclude(&PaymentOutcome::Stopped);
        }
        let ask_first = self.standing.handed_over || self.standing.state == PaymentState::Unknown;
        let answer =
            if ask_first { self.payments.ask(self.key()).await } else { self.payments.pay(self.key()).await };
        match answer {
            Ok(Answer::Reserved) if self.standing.handed_over => self.again("the money is on its way", None),
            Ok(Answer::Reserved) if ask_first => self.paying(self.payments.pay(self.key()).await),
            answer => self.paying(answer),
        }
    }

    fn paying(&self, answer: Result<Answer, PortError>) -> Attempt {
        match answer {
            Ok(Answer::Reserved) => self.again("the money is on its way", Some(&PaymentOutcome::HandedOver)),
            // The reservation was answered, so nobody else's answer counts: ask again.
            Err(PortError::Rejected { .. }) => {
                self.again("the order to pay was not understood", self.unknown())
            }
            other => self.otherwise(
                other,
                !self.standing.handed_over && self.standing.state == PaymentState::Reserved,
            ),
        }
    }

    async fn release(&self) -> Attempt {
        if self.standing.state.is_final() {
            return conclude(&PaymentOutcome::Stopped);
        }
        let answer = match self.payments.release(self.key()).await {
            // Too late to release it: it is on its way, or has arrived.
            Err(PortError::Rejected { .. }) => self.payments.ask(self.key()).await,
            answer => answer,
        };
        match answer {
            Ok(Answer::Paid { at }) => conclude(&PaymentOutcome::Paid { at }),
            Ok(Answer::Released) => conclude(&PaymentOutcome::Released),
            Ok(Answer::Refused { reason }) => conclude(&PaymentOutcome::Refused { reason }),
            Ok(Answer::Reserved | Answer::Unknown | Answer::Absent) => {
                self.again("it is not decided yet", None)
            }
            Err(error) => self.again(&error.to_string(), None),
        }
    }

    /// Asks once more about a payment that was said to be dead, after another has paid.
    async fn verify(&self) -> Attempt {
        match self.payments.ask(self.key()).await {
            Ok(Answer::Paid { at }) => conclude(&PaymentOutcome::Paid { at }),
            Ok(Answer::Absent | Answer::Released | Answer::Refused { .. } | Answer::Reserved) => {
                conclude(&PaymentOutcome::Stopped)
            }
            Ok(Answer::Unknown) => self.again("it is not known yet", None),
            Err(error) => self.again(&error.to_string(), None),
        }
    }

    /// What all steps make of the other answers. `may_be_down`: no earlier call was taken, so that a system that does
    /// not answer is an obstacle when the handbook's patience ends.
    fn otherwise(&self, answer: Result<Answer, PortError>, may_be_down: bool) -> Attempt {
        match answer {
            Ok(Answer::Paid { at }) => conclude(&PaymentOutcome::Paid { at }),
            Ok(Answer::Released) => conclude(&PaymentOutcome::Released),
            Ok(Answer::Refused { reason }) => conclude(&PaymentOutcome::Refused { reason }),
            Ok(Answer::Reserved) => self.again("it is reserved", None),
            Ok(Answer::Unknown | Answer::Absent) => self.again("the outcome is unknown", self.unknown()),
            Err(PortError::Timeout) => self.again("no answer in time", self.unknown()),
            Err(PortError::Unavailable { reason }) => match self.pace.retry {
                Some(after) => Attempt::Again { after, error: reason, note: None },
                None if may_be_down && self.parameters.account == Account::Finance => {
                    conclude(&PaymentOutcome::Down)
                }
                None => self.again(&reason, None),
            },
            // The key is known with another content: that must be looked at, and nothing else may be tried.
            Err(PortError::Rejected { code, message }) if code == "KEY_REUSED" => {
                tracing::error!(payment.key = %self.key(), message, "payment key was used before");
                self.again(&code, self.unknown())
            }
            Err(PortError::Rejected { code, .. }) => conclude(&PaymentOutcome::Refused { reason: code }),
        }
    }

    fn unknown(&self) -> Option<&'static PaymentOutcome> {
        matches!(self.standing.state, PaymentState::Pending | PaymentState::Reserved)
            .then_some(&PaymentOutcome::Unknown)
    }

    fn again(&self, error: &str, note: Option<&PaymentOutcome>) -> Attempt {
        Attempt::Again { after: self.pace.ask, error: error.to_owned(), note: note.map(|note| json!(note)) }
    }
}

fn conclude(outcome: &PaymentOutcome) -> Attempt {
    Attempt::Conclude(json!(outcome))
}
