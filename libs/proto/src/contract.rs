//! Reading the contract at run time: descriptors and our options on them.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, FieldDescriptor, MethodDescriptor, Value};

use crate::FILE_DESCRIPTOR_SET;
use crate::types::v1::{Role, Roles};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the build wrote the descriptor set")
});
static ROLES: LazyLock<ExtensionDescriptor> = LazyLock::new(|| extension("redress.types.v1.roles"));
static PERSONAL: LazyLock<ExtensionDescriptor> = LazyLock::new(|| extension("redress.types.v1.personal"));

fn extension(name: &str) -> ExtensionDescriptor {
    POOL.get_extension_by_name(name).expect("the contract defines its options")
}

/// The descriptors of the whole contract.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// The roles that may call `method`, each once, in ascending order. Empty when the contract names none, which no method
/// of ours does (a test holds that).
pub fn roles(method: &MethodDescriptor) -> Vec<Role> {
    let options = method.options();
    let value = options.get_extension(&ROLES);
    let open_to = match value.as_ref() {
        Value::Message(message) => message.transcode_to::<Roles>().unwrap_or_default(),
        _ => Roles::default(),
    };
    let mut roles: Vec<Role> = open_to.any_of().collect();
    if open_to.staff {
        roles.extend(STAFF);
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Whether `field` holds personal data, which is masked wherever it is printed.
pub fn is_personal(field: &FieldDescriptor) -> bool {
    field.options().get_extension(&PERSONAL).as_bool().unwrap_or_default()
}

/// The roles that `staff` in the contract stands for.
const STAFF: [Role; 9] = [
    Role::CsAgent,
    Role::CsSupervisor,
    Role::OperationsManager,
    Role::DepartmentStaff,
    Role::DepartmentManager,
    Role::GmOffice,
    Role::Risk,
    Role::PublicRelations,
    Role::Finance,
];

/// The name of a role in tokens and handbooks, for example "cs-agent".
pub fn role_name(role: Role) -> String {
    role.as_str_name().trim_start_matches("ROLE_").to_ascii_lowercase().replace('_', "-")
}

/// The role that tokens and handbooks call `name`; `None` for any other name.
pub fn role_from_name(name: &str) -> Option<Role> {
    let role = Role::from_str_name(&format!("ROLE_{}", name.to_ascii_uppercase().replace('-', "_")))?;
    (role != Role::Unspecified && role_name(role) == name).then_some(role)
}
