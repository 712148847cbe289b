//! The rules of the house that no compiler knows. Each failure lists every place and says what to do there.

mod documents;
mod headers;
mod layers;
mod manifests;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The files of the repository, relative to its root: what git has or would add.
fn files() -> Vec<PathBuf> {
    let listing = Command::new("git")
        // The checkout may belong to another user than the one who tests.
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("the tidy tests need git");
    assert!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    let listing = String::from_utf8(listing.stdout).unwrap();
    let files = listing.split_terminator('\0').map(PathBuf::from);
    // A file that was deleted and not yet committed is still listed.
    files.filter(|file| root().join(file).is_file()).collect()
}

/// Our own files with this extension: not what we only carry a copy of.
fn own_files(extension: &str) -> Vec<PathBuf> {
    let own = |file: &PathBuf| {
        file.extension().is_some_and(|e| e == extension)
            && !file.components().any(|part| part.as_os_str() == "vendor")
    };
    files().into_iter().filter(own).collect()
}

/// The text of a file of the repository.
fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Passes when there is nothing to list.
fn assert_tidy(what_to_do: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{what_to_do}\n  {}\n", findings.join("\n  "));
}
