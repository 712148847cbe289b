//! The token that opens one case to its customer.

use redress_chassis::{Caller, Failure, Result, identity::CUSTOMER_ROLE};
use redress_domain::Timestamp;
use uuid::Uuid;

use crate::Intake;

/// A token for the customer of a case, valid from `from`, which is machine time, as all tokens are.
pub fn mint(app: &Intake, case_id: Uuid, person_ref: &str, from: Timestamp) -> Result<String> {
    let subject = if person_ref.is_empty() { format!("case:{case_id}") } else { person_ref.to_owned() };
    let caller = Caller {
        subject,
        roles: vec![CUSTOMER_ROLE.to_owned()],
        department: String::new(),
        regions: Vec::new(),
        case_id: case_id.to_string(),
    };
    app.issuer.issue(&caller, from, app.customer_token).map_err(Failure::Internal)
}
