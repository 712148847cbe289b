//! The engine and its workers on real Postgres, Redis and gRPC, with services that do nothing but count.

mod deadlines;
mod events;
mod replay;
mod requests;
mod tls;
mod toy;
