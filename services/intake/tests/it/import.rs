//! ImportComplaints over a real stream.

use redress_proto::{
    intake::v1::{
        ImportComplaintsRequest, ImportComplaintsResponse, ImportOptions, ImportRow, ImportVerdict,
        ListCasesRequest, RegisterComplaintRequest, import_complaints_request::Content,
    },
    time_to_wire,
};
use tonic::Code;

use crate::served::{Client, Served, reason, start};

fn options(dry_run: bool) -> ImportComplaintsRequest {
    let options = ImportOptions { dry_run, source: "test".into() };
    ImportComplaintsRequest { content: Some(Content::Options(options)) }
}

fn row(row_number: i64, complaint: RegisterComplaintRequest) -> ImportComplaintsRequest {
    ImportComplaintsRequest {
        content: Some(Content::Row(ImportRow { row_number, complaint: Some(complaint) })),
    }
}

/// The verdicts until the stream ends, and the status with which it does.
async fn import(
    client: &mut Client,
    messages: Vec<ImportComplaintsRequest>,
) -> (Vec<ImportComplaintsResponse>, Result<(), tonic::Status>) {
    let mut stream =
        client.import_complaints(tokio_stream::iter(messages)).await.expect("the stream begins").into_inner();
    let mut verdicts = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(verdict)) => verdicts.push(verdict),
            Ok(None) => return (verdicts, Ok(())),
            Err(status) => return (verdicts, Err(status)),
        }
    }
}

/// Forty complaints, of which three are bad in different ways. Their ids come from their source.
fn rows(served: &Served) -> Vec<ImportComplaintsRequest> {
    (1..=40)
        .map(|number| {
            let mut complaint = served.complaint(&format!("SF{number}"));
            complaint.request_id.clear();
            complaint.external_id = format!("source-{number}");
            match number {
                7 => {
                    complaint.channel = 99;
                    complaint.language = "not a language".into();
                    complaint.received_time = Some(time_to_wire(start() + chrono::Duration::days(1)));
                }
                8 => {
                    complaint.narrative.clear();
                    complaint.problem_type = 0;
                }
                9 => complaint.sub_type = "no_such_thing".into(),
                _ => {}
            }
            row(number, complaint)
        })
        .collect()
}

fn count(verdicts: &[ImportComplaintsResponse], wanted: ImportVerdict) -> usize {
    verdicts.iter().filter(|verdict| verdict.verdict() == wanted).count()
}

#[tokio::test]
async fn every_row_gets_its_verdict_and_importing_again_changes_nothing() {
    let served = Served::new().await;
    let mut client = served.client("integration");
    let messages = |dry_run| std::iter::once(options(dry_run)).chain(rows(&served)).collect::<Vec<_>>();
    let cases = async |client: &mut Client| {
        served.pull().await;
        let all = ListCasesRequest { page_size: 200, ..ListCasesRequest::default() };
        client.list_cases(all).await.expect("lists").into_inner().cases.len()
    };

    let (judged, end) = import(&mut client, messages(true)).await;
    end.expect("ends in order");
    assert_eq!((count(&judged, ImportVerdict::Acceptable), count(&judged, ImportVerdict::Refused)), (37, 3));
    assert_eq!(cases(&mut client).await, 0);

    let (first, end) = import(&mut client, messages(false)).await;
    end.expect("ends in order");
    let numbers: Vec<_> = first.iter().map(|verdict| verdict.row_number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert_eq!((count(&first, ImportVerdict::Accepted), count(&first, ImportVerdict::Refused)), (37, 3));
    let bad = &first[6];
    assert_eq!(bad.reason, "INVALID_FIELDS");
    let fields: Vec<_> = bad.violations.iter().map(|violation| violation.field.as_str()).collect();
    for field in ["complaint.channel", "complaint.language", "complaint.received_time"] {
        assert!(fields.contains(&field), "{fields:?}");
    }
    assert_eq!((first[7].reason.as_str(), first[8].reason.as_str()), ("EMPTY_COMPLAINT", "SUB_TYPE_UNKNOWN"));
    assert_eq!(cases(&mut client).await, 37);

    let (again, end) = import(&mut client, messages(false)).await;
    end.expect("ends in order");
    assert_eq!((count(&again, ImportVerdict::Repeated), count(&again, ImportVerdict::Refused)), (37, 3));
    assert_eq!(again[0].case_id, first[0].case_id);
    assert_eq!(cases(&mut client).await, 37);
}

#[tokio::test]
async fn of_rows_with_the_same_id_the_first_counts() {
    let served = Served::new().await;
    let mut client = served.client("integration");
    let mut first = served.complaint("SF1");
    first.request_id.clear();
    first.external_id = "one".into();
    let other = RegisterComplaintRequest { waybill_no: "SF2".into(), ..first.clone() };
    let rows =
        (1..=16).map(|number| row(number, if number % 4 == 0 { other.clone() } else { first.clone() }));
    let messages = std::iter::once(options(false)).chain(rows).collect();
    let (verdicts, end) = import(&mut client, messages).await;
    end.expect("ends in order");
    assert_eq!(verdicts[0].verdict(), ImportVerdict::Accepted);
    assert_eq!(
        (count(&verdicts, ImportVerdict::Repeated), count(&verdicts, ImportVerdict::Refused)),
        (11, 4)
    );
    assert_eq!(verdicts[3].reason, "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn options_come_first_and_once() {
    let served = Served::new().await;
    let mut client = served.client("integration");
    let complaint = served.complaint("SF1");
    for messages in [vec![row(1, complaint.clone())], vec![], vec![options(true), options(true)]] {
        let (verdicts, end) = import(&mut client, messages).await;
        let refused = end.expect_err("misplaced");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "IMPORT_OPTIONS_MISPLACED")
        );
        assert_eq!(verdicts, []);
    }
    let unnamed = ImportOptions::default();
    let messages = vec![ImportComplaintsRequest { content: Some(Content::Options(unnamed)) }];
    assert_eq!(reason(&import(&mut client, messages).await.1.expect_err("no source")), "INVALID_FIELDS");
    // An empty message is a bad row, and a row without a complaint, too.
    let empty = ImportComplaintsRequest { content: None };
    let (verdicts, end) = import(&mut client, vec![options(false), empty, row(2, Default::default())]).await;
    end.expect("ends in order");
    assert_eq!(count(&verdicts, ImportVerdict::Refused), 2);
}
