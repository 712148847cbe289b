//! The suite, the player and the command, on real services.

mod command;
mod import;
mod player;
mod suite;
