//! Where the tests of this crate play cases.

use std::path::{Path, PathBuf};

use redress::play::Environment;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_path_buf()
}

/// The folder of case scripts.
pub(crate) fn scripts() -> PathBuf {
    root().join("tests/scripts")
}

/// All case scripts, in order of their paths.
pub(crate) fn all_scripts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![scripts()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A place to play scripts, on the shared servers.
pub(crate) async fn environment() -> Environment {
    let servers = redress_testkit::servers().await;
    Environment::new(servers.postgres(), servers.redis_url()).expect("there is room for temporary files")
}
