//! The triage service alone, on a private Postgres: events go in as if other services had logged them.

mod calls;
mod cases;
mod fake_intake;
mod incidents;
mod world;
