//! Installs missing server programs with apt, without starting or configuring any service of the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::guard::user_id;
use crate::programs::{Missing, on_path};

/// Installs the Debian packages of what is missing.
pub(crate) fn install(missing: Missing, progress: &mut dyn FnMut(&str)) -> Result<()> {
    if on_path("apt-get").is_none() || user_id()? != 0 {
        bail!(missing);
    }
    let mut packages = Vec::new();
    if missing.postgres {
        packages.push("postgresql");
    }
    if missing.redis {
        packages.push("redis-server");
    }
    let names = packages.join(" and ");
    progress(&format!(
        "{names} not found: installing with apt-get; no service of this machine is started or changed"
    ));
    // An existing policy, and an existing choice about clusters, stay as they are.
    // The policy binds only while we live, should we be killed before it is removed.
    let policy = format!("#!/bin/sh\nkill -0 {} 2>/dev/null && exit 101\nexit 0\n", std::process::id());
    let _policy = Temporary::write("/usr/sbin/policy-rc.d", 0o755, &policy)?;
    // Postgres' package would make a cluster, and start it at the next boot.
    let no_cluster = "/etc/postgresql-common/createcluster.d/redress.conf";
    let _no_cluster = missing
        .postgres
        .then(|| Temporary::write(no_cluster, 0o644, "create_main_cluster = false\n"))
        .transpose()?;
    progress("apt-get update");
    // With one source of several out of reach the rest may do: the installation decides.
    let update = apt(&["update"]);
    progress(&format!("apt-get install {}", packages.join(" ")));
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(&packages);
    apt(&arguments).map_err(|error| match update {
        Ok(()) => error,
        Err(update) => error.context(format!("{update:#}")),
    })?;
    if missing.redis {
        // The package also asks for a start at the next boot. Fails where there is no systemd: nothing to undo.
        Command::new("systemctl").args(["disable", "--quiet", "redis-server"]).output().ok();
    }
    Ok(())
}

fn apt(arguments: &[&str]) -> Result<()> {
    let output = Command::new("apt-get")
        .args(["--quiet", "--option", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C")
        .output()
        .context("cannot run apt-get")?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
    bail!("`apt-get {}` failed ({}):\n{last}", arguments.join(" "), output.status)
}

/// A file, and the directories above it, that are there for the time of the installation.
struct Temporary {
    /// In the order of removal.
    made: Vec<PathBuf>,
}

impl Temporary {
    fn write(path: impl AsRef<Path>, mode: u32, text: &str) -> Result<Self> {
        let path = path.as_ref();
        let made: Vec<PathBuf> =
            path.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
        if made.is_empty() {
            return Ok(Self { made });
        }
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, text)?;
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        };
        let written = write().with_context(|| format!("cannot write {}", path.display()));
        let temporary = Self { made };
        written.map(|()| temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for path in &self.made {
            // A directory that the package has filled in the meantime stays.
            if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Home;

    #[test]
    fn what_was_written_for_the_installation_goes_and_what_was_there_stays() {
        let home = Home::temporary().unwrap();
        let file = home.path().join("etc/create.d/ours.conf");
        let written = Temporary::write(&file, 0o644, "ours").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "ours");
        let theirs = home.path().join("etc/theirs.conf");
        fs::write(&theirs, "theirs").unwrap();
        drop(Temporary::write(&theirs, 0o644, "ours").unwrap());
        drop(written);
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        assert!(!home.path().join("etc/create.d").exists());
    }
}
