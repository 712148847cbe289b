//! `redress token`

use std::path::PathBuf;

use clap::Args;
use redress_chassis::Caller;
use serde_json::json;

use super::{
    Failure,
    state::{self, Development},
};
use crate::{duration, output, suite};

/// Sign a development token, with the key of the running `redress up` or one of your own.
#[derive(Args)]
#[command(after_help = "Example:\n  export REDRESS_TOKEN=$(redress token --role cs-agent --subject li.na)")]
pub(super) struct Token {
    /// Role, such as cs-agent or admin; repeated for several.
    #[arg(long, required = true, value_name = "ROLE")]
    role: Vec<String>,
    /// Staff id or system; without it the name of the first role.
    #[arg(long)]
    subject: Option<String>,
    /// Department of a member of staff.
    #[arg(long, default_value = "")]
    department: String,
    /// Region that the token covers, repeated; without it all.
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// The one case that a customer's token opens, its id.
    #[arg(long = "case", default_value = "", value_name = "CASE_ID")]
    case_id: String,
    /// How long it is valid.
    #[arg(long, default_value = "8h")]
    valid: String,
    /// Ed25519 private key, PKCS #8 PEM, instead of that of the running `redress up`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Directory in which `redress up` leaves its key.
    #[arg(long, env = "REDRESS_STATE", value_name = "DIRECTORY")]
    state: Option<PathBuf>,
}

impl Token {
    pub(super) fn run(self, as_json: bool) -> Result<(), Failure> {
        for role in &self.role {
            if redress_proto::role_from_name(role).is_none() {
                return Err(Failure::Usage(format!("there is no role `{role}`")));
            }
        }
        let valid = duration::parse(&self.valid).map_err(Failure::Usage)?;
        let pem = match &self.key {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", file.display())))?,
            None => {
                let directory = state::directory(self.state.as_deref())?;
                let development = Development::load(&directory)?.ok_or_else(|| {
                    let text = "no key: start `redress up` on this machine, or give one with --key";
                    Failure::Unavailable(text.to_owned())
                })?;
                development.private_pem
            }
        };
        let subject = self.subject.or_else(|| self.role.first().cloned()).unwrap_or_default();
        let caller = Caller {
            subject,
            roles: self.role,
            department: self.department,
            regions: self.region,
            case_id: self.case_id,
        };
        let token = suite::token_with(&pem, &caller, valid)?;
        if as_json {
            output::json(&json!({ "token": token, "caller": caller }));
        } else {
            output::line(&token);
        }
        Ok(())
    }
}
