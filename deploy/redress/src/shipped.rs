//! The handbooks and calendars that come with Redress, by name.
//!
//! They are compiled in, so that the command works anywhere. Within a checkout the files of `deploy/handbooks` and
//! `deploy/calendars` are read instead, so that an edited one counts at once.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use chrono::NaiveDate;
use redress_domain::{Calendar, handbook::Handbook};

/// The handbook that is meant when none is named.
pub const DEFAULT_HANDBOOK: &str = "courier-manual";
/// The region that it runs in when none is named.
pub const DEFAULT_REGION: &str = "CN";

const HANDBOOKS: [(&str, &str, &str); 1] =
    [("courier-manual", "2026.1", include_str!("../../handbooks/courier-manual/2026.1.toml"))];

const CALENDARS: [(&str, &str); 2] =
    [("cn", include_str!("../../calendars/cn.toml")), ("br", include_str!("../../calendars/br.toml"))];

/// The text of a handbook or calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// File name, for messages.
    pub file: String,
    /// The text.
    pub text: String,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read as text.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { file, text })
    }

    /// The handbook in it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn handbook(&self) -> Result<Handbook> {
        Ok(Handbook::parse(&self.file, &self.text)?)
    }

    /// The calendar in it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn calendar(&self) -> Result<Calendar> {
        Calendar::parse(&self.text).with_context(|| format!("{} is no calendar", self.file))
    }
}

/// Where handbooks and calendars are looked for.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The `deploy` folder of a checkout.
    deploy: Option<PathBuf>,
}

impl Shelf {
    /// The checkout around the current directory, else what is compiled in.
    #[must_use]
    pub fn find() -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let deploy = here.ancestors().map(|folder| folder.join("deploy"));
        Self { deploy: deploy.into_iter().find(|deploy| deploy.join("handbooks").is_dir()) }
    }

    /// Only what is compiled in.
    #[must_use]
    pub fn compiled() -> Self {
        Self { deploy: None }
    }

    /// The folder of a checkout that holds files of this kind, such as `connectors`.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        self.deploy.as_ref().map(|deploy| deploy.join(name)).filter(|folder| folder.is_dir())
    }

    /// The handbook called `id@version`, or the version of `id` that is in force on `day` (before all of them: the first).
    ///
    /// # Errors
    /// When there is no such handbook, or it has a fault.
    pub fn handbook(&self, name: &str, day: NaiveDate) -> Result<Document> {
        let (id, version) = name.split_once('@').map_or((name, None), |(id, version)| (id, Some(version)));
        let versions = self.versions(id)?;
        let known = || self.ids().join(", ");
        ensure!(!versions.is_empty(), "there is no handbook `{id}`; there is {}", known());
        if let Some(version) = version {
            let found = versions.iter().find(|(own, _)| own == version);
            let all = versions.iter().map(|(own, _)| own.as_str()).collect::<Vec<_>>().join(", ");
            let (_, document) =
                found.with_context(|| format!("handbook `{id}` has no version `{version}`; it has {all}"))?;
            return Ok(document.clone());
        }
        let mut dated = Vec::new();
        for (_, document) in versions {
            dated.push((document.handbook()?.effective_from, document));
        }
        dated.sort_by_key(|(effective_from, _)| *effective_from);
        let in_force = dated.iter().rposition(|(effective_from, _)| *effective_from <= day).unwrap_or(0);
        Ok(dated.swap_remove(in_force).1)
    }

    /// The calendar called `id`.
    ///
    /// # Errors
    /// When there is none.
    pub fn calendar(&self, id: &str) -> Result<Document> {
        if let Some(folder) = self.folder("calendars") {
            let path = folder.join(format!("{id}.toml"));
            if is_plain(id) && path.is_file() {
                return Document::read(&path);
            }
        }
        match CALENDARS.iter().find(|(own, _)| *own == id) {
            Some((id, text)) => Ok(Document { file: format!("{id}.toml"), text: (*text).to_owned() }),
            None => bail!("there is no calendar `{id}`; there is {}", CALENDARS.map(|(id, _)| id).join(", ")),
        }
    }

    /// Ids of all handbooks.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = HANDBOOKS.iter().map(|(id, ..)| (*id).to_owned()).collect();
        if let Some(folder) = self.folder("handbooks") {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let folders = entries.filter(|entry| entry.path().is_dir());
            ids.extend(folders.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    /// The versions of a handbook, each with its text.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn versions(&self, id: &str) -> Result<Vec<(String, Document)>> {
        if let Some(folder) = self.folder("handbooks").map(|folder| folder.join(id))
            && is_plain(id)
            && folder.is_dir()
        {
            let mut versions = Vec::new();
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "toml") {
                    let version = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    versions.push((version, Document::read(&path)?));
                }
            }
            versions.sort_by(|(one, _), (other, _)| one.cmp(other));
            return Ok(versions);
        }
        let own = HANDBOOKS.iter().filter(|(own, ..)| *own == id);
        let document =
            |version: &str, text: &str| Document { file: format!("{version}.toml"), text: text.to_owned() };
        Ok(own.map(|(_, version, text)| ((*version).to_owned(), document(version, text))).collect())
    }
}

/// A name that stays in its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn what_is_compiled_in_can_be_read() {
        let shelf = Shelf::compiled();
        for (id, version, _) in HANDBOOKS {
            let handbook =
                shelf.handbook(&format!("{id}@{version}"), day("2026-03-02")).expect(id).handbook();
            let handbook = handbook.expect(id);
            assert_eq!((handbook.id.as_str(), handbook.version.as_str()), (id, version));
            shelf.calendar(&handbook.calendar).expect("its calendar").calendar().expect("is a calendar");
        }
    }

    #[test]
    fn an_unknown_name_says_what_there_is() {
        let shelf = Shelf::compiled();
        let error = shelf.handbook("courier", day("2026-03-02")).expect_err("unknown").to_string();
        assert!(error.contains("courier-manual"), "{error}");
        let error = shelf.handbook("courier-manual@1", day("2026-03-02")).expect_err("unknown").to_string();
        assert!(error.contains("2026.1"), "{error}");
        assert!(shelf.calendar("../cn").is_err());
    }
}
