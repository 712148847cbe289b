//! The generated code, in modules that follow the packages.
#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::large_enum_variant,
    reason = "generated"
)]

/// Google's common types.
pub mod google {
    /// `google.type`.
    pub mod r#type {
        include!(concat!(env!("OUT_DIR"), "/google.r#type.rs"));
    }
}

/// The packages of the suite.
pub(crate) mod redress {
    /// What all services share.
    pub mod types {
        /// `redress.types.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.types.v1.rs"));
        }
    }

    /// The event log that every service serves.
    pub mod eventlog {
        /// `redress.eventlog.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.eventlog.v1.rs"));
        }
    }

    /// The deadlines that every service serves.
    pub mod deadlines {
        /// `redress.deadlines.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.deadlines.v1.rs"));
        }
    }

    /// Front door and case registry.
    pub mod intake {
        /// `redress.intake.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.intake.v1.rs"));
        }
    }

    /// Category, priority, dispatch.
    pub mod triage {
        /// `redress.triage.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.triage.v1.rs"));
        }
    }

    /// Evidence and findings.
    pub mod investigation {
        /// `redress.investigation.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.investigation.v1.rs"));
        }
    }

    /// Remedy, approval, execution.
    pub mod compensation {
        /// `redress.compensation.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.compensation.v1.rs"));
        }
    }

    /// Survey, review, improvements.
    pub mod survey {
        /// `redress.survey.v1`.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/redress.survey.v1.rs"));
        }
    }
}
