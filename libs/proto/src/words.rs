//! The closed lists of words that contract and handbook share, in both directions. The matches are exhaustive: a word that
//! is added on one side only does not compile.

use redress_domain::{DeadlineBasis as DomainDeadlineBasis, handbook::vocabulary as words};

use crate::{
    compensation::v1 as compensation, deadlines::v1 as deadlines, investigation::v1 as investigation,
};
use crate::{triage::v1 as triage, types::v1 as types};

/// An enum on the wire says nothing (`…_UNSPECIFIED`) where a word is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unspecified {
    /// Name of the enum.
    pub what: &'static str,
}

impl std::fmt::Display for Unspecified {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}` is not specified", self.what)
    }
}

impl std::error::Error for Unspecified {}

macro_rules! same_words {
    ($($wire:ty = $word:ty { $($variant:ident)+ })+) => {$(
        impl From<$word> for $wire {
            fn from(word: $word) -> Self {
                match word { $(<$word>::$variant => Self::$variant,)+ }
            }
        }

        impl TryFrom<$wire> for $word {
            type Error = Unspecified;

            fn try_from(wire: $wire) -> Result<Self, Unspecified> {
                match wire {
                    $(<$wire>::$variant => Ok(Self::$variant),)+
                    <$wire>::Unspecified => Err(Unspecified { what: stringify!($wire) }),
                }
            }
        }
    )+};
}

same_words! {
    types::Priority = words::Priority { General Important Urgent }
    types::Role = words::Role {
        CsAgent CsSupervisor OperationsManager DepartmentStaff DepartmentManager GmOffice Risk PublicRelations Finance
        Supervision Integration Service Customer Admin
    }
    types::Channel = words::Channel {
        Hotline OnlineChatWeb OnlineChatApp OnlineChatMiniProgram Wecom Dingtalk Email Sms Weibo Douyin SuggestionBox
        OnSiteStaff
    }
    types::Category = words::Category { ServiceQuality CargoDamageLoss FeeDispute SystemFault }
    types::ProblemType = words::ProblemType { Delay Damage Loss Attitude Other }
    types::DesiredSolution = words::DesiredSolution { Compensation Resend Apology FastDelivery Other }
    types::SignalKind = words::Signal { Media Regulator RegulatorThreat DoubtsEvidence Group }
    types::Validity = words::Validity { Founded PartlyFounded Unfounded Malicious }
    types::ClosingBasis = words::ClosingBasis {
        Accepted NoFurtherDemand FinalPosition Unfounded Malicious Refused Withdrawn Silent
    }
    deadlines::DeadlineBasis = DomainDeadlineBasis { House Statute Promise Action }
    triage::DispatchMode = words::DispatchMode { TaskForce ContactPerson FrontLine }
    triage::IncidentKey = words::IncidentKey { Batch Line }
    investigation::Deliverable = words::Deliverable { Conclusion PreliminaryReport CoreEvidence Progress }
    compensation::RemedyKind = words::RemedyKind {
        FreightReduction FreightWaiver Cash Coupon Resend PriorityDelivery Apology InternalPenalty VipCard
    }
    compensation::RemedyExecutor = words::Executor { Payments Fulfilment Staff }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_the_same_name_on_both_sides() {
        for word in words::Channel::ALL {
            let wire = types::Channel::from(*word);
            assert_eq!(wire.as_str_name().to_lowercase(), format!("channel_{word}"));
            assert_eq!(words::Channel::try_from(wire), Ok(*word));
        }
        for word in words::ClosingBasis::ALL {
            let wire = types::ClosingBasis::from(*word);
            assert_eq!(wire.as_str_name().to_lowercase(), format!("closing_basis_{word}"));
        }
        for word in words::Role::ALL {
            assert_eq!(crate::role_name(types::Role::from(*word)), word.as_str());
        }
    }

    #[test]
    fn unspecified_is_no_word() {
        let refused = words::Priority::try_from(types::Priority::Unspecified);
        assert_eq!(refused, Err(Unspecified { what: "types::Priority" }));
    }
}
