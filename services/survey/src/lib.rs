//! The survey service.
