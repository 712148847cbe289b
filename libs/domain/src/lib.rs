//! The language that all of Redress shares: time, money, case numbers, working calendars, limits and deadlines,
//! decisions, and the handbook that rules them.
//!
//! Everything here is pure: no I/O and no async, and time and randomness come in through [`Clock`] and [`Ids`],
//! so the same functions run in a service, in a test, and over last year's cases.

pub mod calendar;
pub mod case_number;
pub mod deadline;
pub mod decision;
pub mod handbook;
pub mod ids;
pub mod limit;
pub mod money;
pub mod time;

pub use calendar::{Calendar, CalendarError};
pub use case_number::{CaseNumber, CaseNumberError};
pub use decision::*;
pub use ids::{Ids, RandomIds, SeededIds};
pub use limit::{Limit, LimitError, Unit};
pub use money::{Currency, Money, MoneyError, Rounding};
pub use time::{Clock, RehearsalClock, SystemClock, Timestamp, VirtualClock};
