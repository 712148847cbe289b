//! How investigations and their parts are found.

pub(crate) mod decisions;
pub(crate) mod evidence;
