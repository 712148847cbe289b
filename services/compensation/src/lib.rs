//! The compensation service.
