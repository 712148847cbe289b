//! The investigation service on real Postgres, Redis, files and gRPC, with a stand-in for intake's texts.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod custody;
mod intake;
mod life;
mod mirror;
mod world;
