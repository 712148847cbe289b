//! What every service process is made of: the engine in which state changes, the gRPC server and clients around
//! it, identity and roles, configuration, telemetry, and the workers that carry events, deadlines and intents on.
//!
//! A service implements [`Service`] and, with it, [`Reactor`]; everything else is the same in all five.

pub mod access;
pub mod client;
pub mod config;
pub mod deadline_service;
pub mod deadline_worker;
pub mod engine;
pub mod event_log;
pub mod failure;
pub mod grpc;
pub mod identity;
pub mod intent_worker;
pub mod lifecycle;
pub mod policies;
pub mod reactor;
pub mod replay;
pub mod runtime;
pub mod server;
pub mod subscriber;
pub mod telemetry;
pub mod tls;
pub mod unit;
pub mod validation;
pub mod wire;

pub use client::{Peer, Peers};
pub use engine::{Begin, Engine, Hints, Parts};
pub use failure::{Failure, Result};
pub use grpc::{Call, accept, caller_of};
pub use identity::{Caller, Issuer, Verifier};
pub use policies::{Policies, Policy, PolicySource};
pub use reactor::{Attempt, Reactor, Service};
pub use runtime::{Kit, Runtime};
pub use unit::{Aggregate, Loaded, Place, Unit};
