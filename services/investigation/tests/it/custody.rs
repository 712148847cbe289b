//! Files in and out.

use futures::TryStreamExt as _;
use redress_connectors::file::{Behaviour, Faults, Port};
use redress_investigation::app::{
    conclude_investigation::conclude_investigation, download_evidence::download_evidence, seal::seal,
    unseal::unseal, verify_archive::verify_archive,
};
use redress_proto::{
    investigation::v1::{
        self as pb, download_evidence_response::Content,
        investigation_service_client::InvestigationServiceClient, upload_evidence_request,
    },
    types::v1 as types,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::world::{World, call, caller, messages, metadata, refusal, start};

const SCAN: &[u8] = b"scanned at 09:00";

#[tokio::test]
async fn a_file_goes_in_and_out_over_the_wire_for_those_who_may() {
    let world = World::new("wire").await;
    let case = world.delay().await;
    let channel =
        tonic::transport::Endpoint::from_shared(world.address.clone()).unwrap().connect().await.unwrap();
    let client = |role: &str| {
        let valid = chrono::Duration::hours(1);
        let token = world.issuer.issue(
            &caller(role),
            redress_domain::Clock::now(&redress_domain::SystemClock),
            valid,
        );
        let bearer: tonic::metadata::MetadataValue<_> = format!("Bearer {}", token.unwrap()).parse().unwrap();
        InvestigationServiceClient::with_interceptor(
            channel.clone(),
            move |mut request: tonic::Request<()>| {
                request.metadata_mut().insert("authorization", bearer.clone());
                Ok(request)
            },
        )
    };
    let metadata = metadata(&world, case, "warehouse_scans", SCAN);
    let upload = futures::stream::iter(messages(metadata.clone(), SCAN));
    let refused = client("supervision").upload_evidence(upload.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let answer = client("department-staff").upload_evidence(upload.clone()).await.unwrap().into_inner();
    let evidence = answer.evidence.unwrap();
    // The same request gives the same answer, and takes nothing in.
    let again = client("department-staff").upload_evidence(upload).await.unwrap().into_inner();
    assert_eq!(again.evidence.unwrap(), evidence);
    assert_eq!(world.get(case).await.evidence.len(), 1);

    let request = pb::DownloadEvidenceRequest { evidence_id: evidence.evidence_id.clone() };
    let pieces: Vec<_> = client("supervision")
        .download_evidence(request)
        .await
        .unwrap()
        .into_inner()
        .try_collect()
        .await
        .unwrap();
    assert!(matches!(&pieces[0].content, Some(Content::Evidence(first)) if first.sha256 == metadata.sha256));
    let bytes: Vec<u8> = pieces[1..]
        .iter()
        .flat_map(|piece| match &piece.content {
            Some(Content::Chunk(chunk)) => chunk.clone(),
            _ => panic!("only pieces follow"),
        })
        .collect();
    assert_eq!(bytes, SCAN);
    let custody: Vec<_> =
        world.get(case).await.evidence[0].custody.iter().map(pb::CustodyEntry::action).collect();
    assert_eq!(custody, [pb::CustodyAction::Received, pb::CustodyAction::Downloaded]);
}

#[tokio::test]
async fn nothing_is_kept_of_an_upload_that_is_not_what_was_announced() {
    let world = World::new("uploads").await;
    let case = world.delay().await;
    let good = || metadata(&world, case, "warehouse_scans", SCAN);
    let all = |metadata| messages(metadata, SCAN).into_iter().map(Ok).collect::<Vec<Result<_, Status>>>();
    let cut = || {
        let mut messages = all(good());
        messages.truncate(3);
        messages.push(Err(Status::cancelled("the sender broke off")));
        messages
    };
    let short = || all(good()).into_iter().take(3).collect();
    let headless = || all(good()).split_off(1);
    let described_twice = || {
        let mut messages = all(good());
        messages.insert(2, Ok(messages[0].as_ref().unwrap().clone()));
        messages
    };
    let large_piece = || {
        let content = Some(upload_evidence_request::Content::Chunk(vec![0; 64 * 1024 + 1]));
        vec![all(good()).remove(0), Ok(pb::UploadEvidenceRequest { content })]
    };
    let customers = pb::UploadMetadata { source: pb::EvidenceSource::Customer.into(), ..good() };
    let table: Vec<(&str, Vec<Result<_, Status>>, Code, &str)> = vec![
        ("cut", cut(), Code::InvalidArgument, "UPLOAD_INCOMPLETE"),
        ("short", short(), Code::InvalidArgument, "UPLOAD_INCOMPLETE"),
        ("only announced", vec![all(good()).remove(0)], Code::InvalidArgument, "UPLOAD_EMPTY"),
        ("nothing", vec![], Code::InvalidArgument, "UPLOAD_MISPLACED"),
        ("headless", headless(), Code::InvalidArgument, "UPLOAD_MISPLACED"),
        ("described twice", described_twice(), Code::InvalidArgument, "UPLOAD_MISPLACED"),
        ("large piece", large_piece(), Code::InvalidArgument, "INVALID_FIELDS"),
        (
            "longer",
            all(pb::UploadMetadata { size_bytes: 15, ..good() }),
            Code::ResourceExhausted,
            "UPLOAD_TOO_LARGE",
        ),
        (
            "too large",
            all(pb::UploadMetadata { size_bytes: 104_857_601, ..good() }),
            Code::ResourceExhausted,
            "UPLOAD_TOO_LARGE",
        ),
        (
            "hash",
            all(pb::UploadMetadata { sha256: "0".repeat(64), ..good() }),
            Code::InvalidArgument,
            "HASH_MISMATCH",
        ),
        (
            "no hash",
            all(pb::UploadMetadata { sha256: "0".repeat(63), ..good() }),
            Code::InvalidArgument,
            "INVALID_FIELDS",
        ),
        (
            "type",
            all(pb::UploadMetadata { media_type: "application/zip".into(), ..good() }),
            Code::InvalidArgument,
            "MEDIA_TYPE_NOT_ALLOWED",
        ),
        (
            "item",
            all(pb::UploadMetadata { item_id: "no_such".into(), ..good() }),
            Code::InvalidArgument,
            "ITEM_UNKNOWN",
        ),
        ("no consent", all(customers), Code::FailedPrecondition, "CONSENT_MISSING"),
        (
            "case",
            all(pb::UploadMetadata { case_id: Uuid::from_u128(1).to_string(), ..good() }),
            Code::NotFound,
            "CASE_NOT_FOUND",
        ),
        ("etag", all(pb::UploadMetadata { etag: "1".into(), ..good() }), Code::Aborted, "STALE_ETAG"),
    ];
    for (name, messages, code, reason) in table {
        let (got, why, _) = refusal(world.upload_messages(messages).await);
        assert_eq!((got, why.as_str()), (code, reason), "{name}");
        assert_eq!(world.stored(), Vec::<std::path::PathBuf>::new(), "{name}");
    }
    assert!(world.get(case).await.evidence.is_empty());
    assert_eq!(world.texts.count(), 0, "no description is left either");
    // The store is away: the same request may be sent again.
    Faults::open(&world.files).unwrap().push(Port::Blobs, &[Behaviour::Down]).unwrap();
    let metadata = good();
    let (code, reason, _) = refusal(world.upload(metadata.clone(), SCAN).await);
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "DEPENDENCY_UNAVAILABLE"));
    world.upload(metadata, SCAN).await.unwrap();
}

#[tokio::test]
async fn an_archive_is_checked_file_by_file_and_a_seal_freezes_it() {
    let world = World::new("archive").await;
    let case = world.delay().await;
    world.upload_all(case, &["warehouse_scans", "handover_sheets"]).await;
    let conclude = pb::ConcludeInvestigationRequest {
        case_id: case.to_string(),
        validity: types::Validity::Founded.into(),
        cause: "line_delay".into(),
        responsible_party: "transport".into(),
        findings: "中转站积压。".into(),
        ..Default::default()
    };
    conclude_investigation(&world.service, &call("cs-agent"), conclude.clone()).await.unwrap();
    let ask = || pb::SealRequest {
        request_id: world.request_id(),
        case_id: case.to_string(),
        basis: types::ClosingBasis::Accepted.into(),
        case_revision: 4,
    };
    let refused = refusal(seal(&world.service, &call("service"), ask()).await);
    assert_eq!(refused, (Code::FailedPrecondition, "SEAL_GATE_NOT_MET".into(), vec!["archive".into()]));

    // A file is altered, another one is gone.
    let verify = || pb::VerifyArchiveRequest { case_id: case.to_string(), ..Default::default() };
    let stored = world.stored();
    let kept: Vec<_> = stored.iter().map(|path| std::fs::read(path).unwrap()).collect();
    std::fs::write(&stored[0], "altered").unwrap();
    std::fs::remove_file(&stored[1]).unwrap();
    let (code, reason, damaged) = refusal(verify_archive(&world.service, &call("cs-agent"), verify()).await);
    assert_eq!((code, reason.as_str(), damaged.len()), (Code::FailedPrecondition, "ARCHIVE_DAMAGED", 2));
    let first =
        world.get(case).await.evidence.iter().map(|piece| piece.evidence_id.clone()).collect::<Vec<_>>();
    for evidence_id in first {
        let request = pb::DownloadEvidenceRequest { evidence_id };
        let (_, reason, _) = match download_evidence(&world.service, &call("cs-agent"), request).await {
            Ok(pieces) => refusal(pieces.try_collect::<Vec<_>>().await),
            Err(failure) => refusal(Err::<(), _>(failure)),
        };
        assert_eq!(reason, "ARCHIVE_DAMAGED");
    }
    for (path, content) in stored.iter().zip(kept) {
        std::fs::write(path, content).unwrap();
    }
    let answer = verify_archive(&world.service, &call("cs-agent"), verify()).await.unwrap();
    let archive = answer.investigation.unwrap().archive.unwrap();
    assert_eq!((archive.files, archive.rule.unwrap().id.as_str()), (2, "retention.general"));

    let request = ask();
    let sealed = seal(&world.service, &call("service"), request.clone()).await.unwrap().seal.unwrap();
    assert_eq!((sealed.head_hash.len(), sealed.gate.len()), (32, 1));
    assert!(sealed.position.as_ref().is_some_and(|position| position.n > 0));
    // The same request, another request, and a reader see the same seal.
    assert_eq!(seal(&world.service, &call("service"), request).await.unwrap().seal.unwrap(), sealed);
    assert_eq!(seal(&world.service, &call("service"), ask()).await.unwrap().seal.unwrap(), sealed);
    assert_eq!(world.get(case).await.seal.unwrap(), sealed);
    let other = pb::SealRequest { basis: types::ClosingBasis::Withdrawn.into(), ..ask() };
    assert_eq!(refusal(seal(&world.service, &call("service"), other).await).1, "SEALED_OTHERWISE");

    let frozen = refusal(verify_archive(&world.service, &call("cs-agent"), verify()).await);
    assert_eq!((frozen.0, frozen.1.as_str()), (Code::FailedPrecondition, "CASE_SEALED"));
    let frozen = refusal(conclude_investigation(&world.service, &call("cs-agent"), conclude).await);
    assert_eq!(frozen.1, "CASE_SEALED");
    let metadata = metadata(&world, case, "", SCAN);
    assert_eq!(refusal(world.upload(metadata, SCAN).await).1, "CASE_SEALED");

    let break_seal = |seal_id: &str| pb::UnsealRequest {
        case_id: case.to_string(),
        seal_id: seal_id.into(),
        ..Default::default()
    };
    let unsealed = async |seal_id: &str| {
        unseal(&world.service, &call("service"), break_seal(seal_id)).await.unwrap().unsealed
    };
    assert!(!unsealed(&Uuid::from_u128(1).to_string()).await);
    assert!(unsealed(&sealed.seal_id).await);
    assert!(!unsealed(&sealed.seal_id).await);
    assert_eq!(world.get(case).await.state(), pb::InvestigationState::Archived);
    assert!(world.get(case).await.create_time.is_some_and(|at| at.seconds == start().timestamp()));
}
