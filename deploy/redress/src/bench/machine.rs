//! The machine, in a line: figures without it say nothing.

use std::{fs, path::Path};

/// Processor, memory, and the file system that the private servers lie on.
pub(super) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let gibibytes = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(String::new, |kibibytes| format!(", {} GiB", (kibibytes + 524_288) / 1_048_576));
    let place = std::env::temp_dir();
    let files = file_system(&place).map_or_else(String::new, |kind| format!(", servers' files on {kind}"));
    format!("{cores} cores, {processor}{gibibytes}, {}{files}", std::env::consts::OS)
}

/// The first value called `name` in a file of `name: value` lines.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// The kind of the file system that holds `path`.
fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (_, place, kind) = (words.next()?, words.next()?, words.next()?);
            path.starts_with(place).then(|| (place.len(), kind.to_owned()))
        })
        // Of two mounts on one place, the later hides the earlier.
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}
