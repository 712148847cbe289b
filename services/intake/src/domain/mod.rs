//! What intake decides. Pure: functions of state, command, handbook and time.

pub mod amend;
pub mod answer;
pub mod case;
pub mod clocks;
pub mod closing;
pub mod contact;
pub mod ending;
pub mod facts;
pub mod follow;
pub mod gate;
pub mod handbook;
pub mod ledger;
pub mod message;
pub mod order;
pub mod person;
pub mod register;
pub mod risk;
pub mod signal;
pub mod text_purpose;
