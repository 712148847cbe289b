//! What the file adapters and the mappings do, seen from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod blobs;
mod fulfilment;
mod lifelike;
mod mapping;
mod orders;
mod outbound;
mod payments;
mod processes;
mod real_orders;
mod world;
