//! Tests of what compensation decides, under the handbook that the suite ships.

mod agreement;
mod amounts;
mod approval;
mod carrying_out;
mod sealing;
pub(crate) mod world;
