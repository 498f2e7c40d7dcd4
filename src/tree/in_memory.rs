//! A folder in memory: what tests and fuzz targets compare with.

use std::collections::BTreeMap;

use super::{Found, Inaccessible, Kind, Look, OutputFolder};
use crate::file_stat::FileStat;
use crate::vocabulary::RelPath;

impl OutputFolder for BTreeMap<RelPath, Found> {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut names = BTreeMap::new();
        for (path, found) in self {
            let Some(rest) = path.as_str().strip_prefix(&prefix) else { continue };
            match (rest.split_once('/'), found) {
                (Some((name, _)), _) => names.insert(name.to_owned(), Kind::Folder),
                (None, Found::File(_) | Found::Unmerged(_)) => names.insert(rest.to_owned(), Kind::File),
                (None, Found::Folder) => names.insert(rest.to_owned(), Kind::Folder),
                (None, Found::Other(what)) => names.insert(rest.to_owned(), Kind::Other(what)),
            };
        }
        Ok(names.into_iter().collect())
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.names(folder)?.into_iter().find(|(other, _)| other == name).map(|(_, kind)| kind))
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        Ok(self.get(path).map(|found| (found.clone(), FileStat::NONE)))
    }
}
