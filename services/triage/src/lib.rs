//! The triage service.
