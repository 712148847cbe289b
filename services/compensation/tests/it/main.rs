//! The compensation service alone, on a private Postgres and file-backed payments: events go in as if other services
//! had logged them.

mod fake_intake;
mod journey;
mod refusals;
mod sharing;
mod world;
