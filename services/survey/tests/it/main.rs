//! Survey on real Postgres and Redis, over gRPC, alone: events of the others are fed in, and intake's texts are played by a
//! small server.

mod harness;
mod improvement;
mod intake;
mod review;
mod survey;
