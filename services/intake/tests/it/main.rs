//! Intake on a real Postgres.

mod closing;
mod correspondence;
mod handbook;
mod import;
mod ledger;
mod reading;
mod registration;
mod sealing;
mod served;
mod world;
