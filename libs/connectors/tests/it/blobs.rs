use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use redress_connectors::file::{Behaviour, Port};
use redress_connectors::{BlobStore as _, Digest, Expectation, PortError, Upload};
use sha2::Digest as _;

use crate::world::World;

const ANY: Expectation = Expectation { size_max: 1 << 20, size: None, sha256: None };

fn upload(parts: &[&'static str]) -> Upload {
    stream::iter(parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))).collect::<Vec<_>>()).boxed()
}

fn digest(text: &str) -> Digest {
    Digest::new(sha2::Sha256::digest(text).into())
}

/// Everything in the store that is a file.
fn files(world: &World) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![world.directory.join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|path| path.file_name().is_some_and(|name| name != "incoming.lock"));
    files
}

async fn content(world: &World, digest: &Digest) -> Option<Vec<u8>> {
    let chunks = world.enterprise.blobs.get(digest).await.unwrap()?;
    Some(chunks.try_collect::<Vec<_>>().await.unwrap().concat())
}

#[tokio::test]
async fn a_file_is_kept_under_its_hash() {
    let world = World::quiet("blobs-kept");
    let blobs = &world.enterprise.blobs;
    let announced = Expectation { size: Some(10), sha256: Some(digest("photo part")), ..ANY };
    let stored = blobs.put(upload(&["photo ", "part"]), announced).await.unwrap();
    assert_eq!((stored.digest, stored.size), (digest("photo part"), 10));
    assert_eq!(content(&world, &stored.digest).await.unwrap(), b"photo part");
    assert_eq!(world.again().blobs.size(&stored.digest).await, Ok(Some(10)));

    blobs.put(upload(&["photo part"]), ANY).await.unwrap();
    assert_eq!(files(&world).len(), 1);
    assert_eq!(content(&world, &digest("other")).await, None);
    assert_eq!(blobs.size(&digest("other")).await, Ok(None));
    assert_eq!(stored.digest.to_string().parse(), Ok(stored.digest));
}

#[tokio::test]
async fn a_large_file_comes_back_whole_in_pieces() {
    let world = World::quiet("blobs-large");
    let part = Bytes::from((0..100_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let parts = stream::iter(vec![Ok(part.clone()), Ok(part.clone())]).boxed();
    let stored = world.enterprise.blobs.put(parts, ANY).await.unwrap();
    assert_eq!(content(&world, &stored.digest).await.unwrap(), [part.clone(), part].concat());
}

#[tokio::test]
async fn an_upload_that_is_cut_or_wrong_leaves_nothing() {
    let world = World::quiet("blobs-cut");
    let blobs = &world.enterprise.blobs;
    let broken = || {
        let cut = Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut"));
        stream::iter(vec![Ok(Bytes::from_static(b"half")), cut]).boxed()
    };
    let cases: [(Upload, Expectation, &str); 5] = [
        (broken(), ANY, "UPLOAD_CUT"),
        (upload(&["half"]), Expectation { size: Some(8), ..ANY }, "SIZE_MISMATCH"),
        (upload(&["half"]), Expectation { sha256: Some(digest("whole")), ..ANY }, "HASH_MISMATCH"),
        (upload(&["half", "half"]), Expectation { size_max: 7, ..ANY }, "TOO_LARGE"),
        (upload(&[]), ANY, "EMPTY"),
    ];
    for (upload, expectation, expected) in cases {
        let error = blobs.put(upload, expectation).await.unwrap_err();
        assert!(matches!(&error, PortError::Rejected { code, .. } if code == expected), "{error}");
        assert_eq!(files(&world), Vec::<PathBuf>::new(), "{expected}");
    }
}

#[tokio::test]
async fn an_upload_whose_caller_goes_away_leaves_nothing() {
    let world = World::quiet("blobs-abandoned");
    let (arrived, arrival) = tokio::sync::oneshot::channel();
    let mut arrived = Some(arrived);
    // The second part never comes; asking for it says that the first is in the file.
    let stuck = stream::once(async { Ok(Bytes::from_static(b"half")) })
        .chain(stream::poll_fn(move |_| {
            if let Some(arrived) = arrived.take() {
                arrived.send(()).unwrap();
            }
            std::task::Poll::Pending
        }))
        .boxed();
    let blobs = world.enterprise.blobs.clone();
    let put = tokio::spawn(async move { blobs.put(stuck, ANY).await });
    arrival.await.unwrap();
    assert_eq!(files(&world).len(), 1);
    // Another process that opens the directory leaves the living upload alone.
    drop(world.again());
    assert_eq!(files(&world).len(), 1);
    put.abort();
    assert!(put.await.unwrap_err().is_cancelled());
    assert_eq!(files(&world), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_a_killed_process_left_is_cleared_away() {
    let world = World::quiet("blobs-dead");
    std::fs::write(world.directory.join("blobs/incoming/999-0"), "half").unwrap();
    drop(world.again());
    assert_eq!(files(&world), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_store_may_misbehave() {
    let world = World::quiet("blobs-faults");
    let blobs = &world.enterprise.blobs;
    world.next(Port::Blobs, &[Behaviour::Down, Behaviour::Failed, Behaviour::Refused, Behaviour::Lost]);
    assert!(matches!(blobs.put(upload(&["a"]), ANY).await, Err(PortError::Unavailable { .. })));
    assert!(matches!(blobs.put(upload(&["a", "b"]), ANY).await, Err(PortError::Unavailable { .. })));
    assert!(matches!(blobs.put(upload(&["a"]), ANY).await, Err(PortError::Rejected { .. })));
    assert_eq!(blobs.put(upload(&["a"]), ANY).await, Err(PortError::Timeout));
    assert_eq!(files(&world), Vec::<PathBuf>::new());

    world.next(Port::Blobs, &[Behaviour::Dropped, Behaviour::Slow]);
    assert_eq!(blobs.put(upload(&["a"]), ANY).await, Err(PortError::Timeout));
    assert_eq!(blobs.size(&digest("a")).await, Err(PortError::Timeout));
    assert_eq!(blobs.size(&digest("a")).await, Ok(Some(1)));
}
