//! The investigation service.
