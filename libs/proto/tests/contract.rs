//! What every part of the contract keeps to, checked on the descriptor set (see `proto/README.md`).

use std::collections::{BTreeSet, HashMap};

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, ReflectMessage, Value,
};
use redress_proto::intake::v1::RegisterComplaintRequest;
use redress_proto::types::v1::{Channel, Role};
use redress_proto::{fact, is_personal, pool, role_from_name, role_name, roles};

/// Verbs of methods that change nothing. `Subscribe` and `Watch` stream what there is.
const READING: [&str; 8] = ["Get", "List", "Explain", "Read", "Suggest", "Download", "Subscribe", "Watch"];

/// The rules of `buf.validate` that the services enforce. Another one would be a promise that nobody keeps.
const RULES: [&str; 25] = [
    "ignore",
    "required",
    "string.min_len",
    "string.max_len",
    "string.pattern",
    "string.uuid",
    "bytes.min_len",
    "bytes.max_len",
    "int32.gte",
    "int32.lte",
    "int64.gte",
    "int64.lte",
    "enum.defined_only",
    "enum.not_in",
    "repeated.min_items",
    "repeated.max_items",
    "repeated.items.string.max_len",
    "repeated.items.string.pattern",
    "repeated.items.string.uuid",
    "repeated.items.enum.defined_only",
    "repeated.items.enum.not_in",
    "map.max_pairs",
    "map.keys.string.min_len",
    "map.keys.string.max_len",
    "map.values.string.max_len",
];

fn files() -> impl Iterator<Item = FileDescriptor> {
    pool().files().filter(|file| file.package_name().starts_with("redress."))
}

fn methods() -> impl Iterator<Item = MethodDescriptor> {
    files().flat_map(|file| {
        file.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect::<Vec<_>>()
    })
}

fn reads(method: &MethodDescriptor) -> bool {
    READING.iter().any(|verb| method.name().starts_with(verb))
}

/// `message` and every message of ours that it can contain.
fn reachable(message: MessageDescriptor) -> Vec<MessageDescriptor> {
    let mut seen = BTreeSet::from([message.full_name().to_owned()]);
    let mut found = vec![message];
    let mut next = 0;
    while let Some(message) = found.get(next).cloned() {
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind()
                && inner.full_name().starts_with("redress.")
                && seen.insert(inner.full_name().to_owned())
            {
                found.push(inner);
            }
        }
        next += 1;
    }
    found
}

/// The rules on `field`, by path: `string.max_len`, `repeated.items.string.uuid` …
fn rules(field: &FieldDescriptor) -> HashMap<String, Value> {
    let extension = pool().get_extension_by_name("buf.validate.field").expect("validate.proto is vendored");
    let mut found = HashMap::new();
    if let Value::Message(message) = field.options().get_extension(&extension).into_owned() {
        flatten(&message, "", &mut found);
    }
    found
}

fn flatten(message: &DynamicMessage, prefix: &str, found: &mut HashMap<String, Value>) {
    for field in message.descriptor().fields().filter(|field| message.has_field(field)) {
        let path = format!("{prefix}{}", field.name());
        match message.get_field(&field).into_owned() {
            Value::Message(inner) => flatten(&inner, &format!("{path}."), found),
            value => {
                found.insert(path, value);
            }
        }
    }
}

#[test]
fn every_method_lists_its_roles() {
    let closed: Vec<_> = methods().filter(|method| roles(method).is_empty()).collect();
    assert!(closed.is_empty(), "{closed:?}");
    assert!(methods().count() > 70);
}

#[test]
fn supervision_reads_everything_and_changes_nothing() {
    for method in methods() {
        assert_eq!(roles(&method).contains(&Role::Supervision), reads(&method), "{}", method.full_name());
    }
}

#[test]
fn a_customer_only_calls_what_names_a_case() {
    for method in methods().filter(|method| roles(method).contains(&Role::Customer)) {
        assert!(method.input().get_field_by_name("case_id").is_some(), "{}", method.full_name());
    }
}

#[test]
fn role_names_are_those_of_tokens() {
    assert_eq!(role_name(Role::CsAgent), "cs-agent");
    assert_eq!(role_from_name("public-relations"), Some(Role::PublicRelations));
    for wrong in ["", "unspecified", "CS-AGENT", "cs_agent", "root"] {
        assert_eq!(role_from_name(wrong), None, "{wrong}");
    }
}

#[test]
fn every_change_takes_a_request_id() {
    for method in methods().filter(|method| !reads(method)) {
        let found = reachable(method.input()).iter().any(|message| {
            message
                .get_field_by_name("request_id")
                .is_some_and(|field| rules(&field).contains_key("string.uuid"))
        });
        assert!(found, "{}", method.full_name());
    }
}

#[test]
fn every_list_is_paged() {
    for method in methods().filter(|method| method.name().starts_with("List")) {
        let name = method.full_name().to_owned();
        let size = method.input().get_field_by_name("page_size").expect(&name);
        assert_eq!(rules(&size).get("int32.lte"), Some(&Value::I32(200)), "{name}");
        assert!(method.input().get_field_by_name("page_token").is_some(), "{name}");
        assert!(method.output().get_field_by_name("next_page_token").is_some(), "{name}");
        assert_eq!(method.output().fields().filter(FieldDescriptor::is_list).count(), 1, "{name}");
    }
}

#[test]
fn everything_in_a_request_has_its_limits() {
    let mut open = BTreeSet::new();
    for method in methods() {
        for field in reachable(method.input()).iter().flat_map(MessageDescriptor::fields) {
            let rules = rules(&field);
            let limited = |any: &[&str]| any.iter().any(|rule| rules.contains_key(*rule));
            let fine = if field.parent_message().is_map_entry() {
                continue;
            } else if field.is_map() {
                limited(&["map.max_pairs"])
            } else if field.is_list() {
                limited(&["repeated.max_items"])
            } else {
                match field.kind() {
                    Kind::String => limited(&["string.max_len", "string.uuid", "string.pattern"]),
                    Kind::Bytes => limited(&["bytes.max_len"]),
                    Kind::Enum(_) => limited(&["enum.defined_only"]),
                    Kind::Int32 => limited(&["int32.gte"]),
                    Kind::Int64 => limited(&["int64.gte"]),
                    Kind::Bool | Kind::Message(_) => true,
                    _ => false,
                }
            };
            if !fine {
                open.insert(field.full_name().to_owned());
            }
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn only_rules_that_are_enforced_are_used() {
    let fields =
        files().flat_map(|file| messages(&file)).flat_map(|message| message.fields().collect::<Vec<_>>());
    let used: BTreeSet<String> = fields.flat_map(|field| rules(&field).into_keys()).collect();
    let enforced: BTreeSet<String> = RULES.iter().map(|rule| (*rule).to_owned()).collect();
    assert!(used.is_subset(&enforced), "{:#?}", used.difference(&enforced));
}

#[test]
fn events_contain_nothing_personal() {
    for file in files().filter(|file| file.name().ends_with("/events.proto")) {
        for event in file.messages() {
            for field in reachable(event.clone()).iter().flat_map(MessageDescriptor::fields) {
                assert!(!is_personal(&field), "{} in {}", field.full_name(), event.full_name());
            }
        }
    }
}

#[test]
fn what_customers_are_is_personal() {
    let customer = pool().get_message_by_name("redress.intake.v1.Customer").expect("it is in the contract");
    let open: Vec<_> =
        customer.fields().filter(|field| !is_personal(field)).map(|field| field.name().to_owned()).collect();
    assert_eq!(open, ["corporate", "customer_ref"]);
}

#[test]
fn names_say_what_a_field_is() {
    for field in
        files().flat_map(|file| messages(&file)).flat_map(|message| message.fields().collect::<Vec<_>>())
    {
        let kind = field.kind();
        let of = |name: &str| kind.as_message().is_some_and(|message| message.full_name() == name);
        let (name, full_name) = (field.name(), field.full_name());
        let is_time =
            ["time", "_time", "_before", "_from"].iter().any(|end| name.ends_with(end)) && name != "in_time";
        assert_eq!(of("google.protobuf.Timestamp"), is_time, "{full_name}");
        for end in ["_at", "_date", "_on"] {
            assert!(!name.ends_with(end), "{full_name}: a time ends in `_time`");
        }
        if ["case_id", "request_id", "etag", "page_token"].contains(&name) {
            assert_eq!(kind, Kind::String, "{full_name}");
        }
    }
}

#[test]
fn error_reasons_say_their_status() {
    let codes = [
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "UNAVAILABLE",
        "INTERNAL",
    ];
    let reasons: Vec<_> =
        pool().all_enums().filter(|reasons| reasons.name().ends_with("ErrorReason")).collect();
    assert_eq!(reasons.len(), 6);
    for reasons in reasons {
        for value in reasons.values().filter(|value| value.number() != 0) {
            let text = comment(&reasons.parent_file(), value.path());
            assert!(
                codes.iter().any(|code| text.trim().starts_with(&format!("{code}:"))),
                "{}",
                value.full_name()
            );
        }
    }
}

#[test]
fn every_element_has_a_comment() {
    let mut bare = Vec::new();
    for file in files() {
        let mut note = |name: &str, path: &[i32]| {
            if comment(&file, path).trim().is_empty() {
                bare.push(name.to_owned());
            }
        };
        for message in messages(&file) {
            note(message.full_name(), message.path());
            message.fields().for_each(|field| note(field.full_name(), field.path()));
            message
                .oneofs()
                .filter(|oneof| !oneof.is_synthetic())
                .for_each(|oneof| note(oneof.full_name(), oneof.path()));
            message.child_enums().for_each(|inner| note(inner.full_name(), inner.path()));
        }
        for list in file.enums() {
            note(list.full_name(), list.path());
            list.values().for_each(|value| note(value.full_name(), value.path()));
        }
        for service in file.services() {
            note(service.full_name(), service.path());
            service.methods().for_each(|method| note(method.full_name(), method.path()));
        }
        file.extensions().for_each(|extension| note(extension.full_name(), extension.path()));
    }
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn a_script_writes_bodies_as_json_with_the_names_of_the_protos() {
    let body = serde_json::json!({
        "request_id": "0197f2c0-0000-7000-8000-000000000001",
        "channel": "CHANNEL_HOTLINE",
        "waybill_no": "SF1234567890123",
        "customer": { "name": "张三", "phone": "13800000000" },
        "problem_type": "PROBLEM_TYPE_DELAY",
        "claimed_amount": { "currency_code": "CNY", "units": 500, "nanos": 10_000_000 },
        "received_time": "2026-03-02T09:00:00+08:00",
        "evidence_leads": [{ "kind": "EVIDENCE_LEAD_KIND_PHOTO", "consent": "CONSENT_GIVEN" }],
    });
    let request =
        pool().get_message_by_name("redress.intake.v1.RegisterComplaintRequest").expect("it is there");
    let request = DynamicMessage::deserialize(request, body).expect("the body fits the message");
    let request: RegisterComplaintRequest = request.transcode_to().expect("both are the same message");
    assert_eq!(request.channel(), Channel::Hotline);
    assert_eq!(fact(&request).0, "redress.intake.v1.RegisterComplaintRequest");
}

#[test]
fn the_descriptor_set_stands_alone() {
    let pool = DescriptorPool::decode(redress_proto::FILE_DESCRIPTOR_SET).expect("all imports are in it");
    assert_eq!(pool.services().count(), 7);
    let empty =
        DynamicMessage::new(pool.get_message_by_name("redress.eventlog.v1.Event").expect("it is there"));
    assert!(empty.descriptor().get_field_by_name("payload").is_some());
}

/// The messages of `file`, without the entries of maps.
fn messages(file: &FileDescriptor) -> Vec<MessageDescriptor> {
    let mut found: Vec<_> = file.messages().collect();
    let mut next = 0;
    while let Some(message) = found.get(next).cloned() {
        found.extend(message.child_messages().filter(|inner| !inner.is_map_entry()));
        next += 1;
    }
    found
}

/// The comment before the element at `path`.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref().expect("comments are kept");
    let here = info.location.iter().find(|location| location.path == path);
    here.map(|location| location.leading_comments().to_owned()).unwrap_or_default()
}
