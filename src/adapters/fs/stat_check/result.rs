//! Result of a check, put together from those of its jobs.

use super::file_checker::Compared;
use super::folder_check::{Done, Top};
use crate::cache::{CheckResult, MappingResult, Tables};
use crate::checksum::Checksum;
use crate::file_stat::FileStat;

/// Result of a check that is put together.
pub(super) struct ResultBuilder {
    result: CheckResult,
}

impl ResultBuilder {
    /// Puts the results of all parts of the folder together, and notes new metadata in the run. `result` has no file
    /// as it was.
    pub(super) fn build(
        result: CheckResult,
        tables: &mut Tables,
        results: &[MappingResult],
        top: Top,
        done: Vec<Done>,
    ) -> CheckResult {
        let mut builder = Self { result };
        builder.result.whole = top.rest;
        builder.folder(top.folder, &mut tables.files.folder);
        for (file, compared) in tables.files.top.iter_mut().zip(top.files) {
            builder.file(compared, &mut file.stat, Some(file.checksum));
        }
        for Done { module: number, mappings, folder, own, others } in done {
            let module = &mut tables.files.modules[number];
            let mut check = std::mem::take(&mut builder.result.modules[number]);
            if let Some(folder) = folder {
                check.folder = builder.folder(folder, &mut module.folder);
            }
            for ((file, compared), same) in module.own.iter_mut().zip(own).zip(&mut check.own) {
                *same = builder.file(compared, &mut file.stat, Some(file.checksum));
            }
            builder.result.modules[number] = check;
            builder.result.mappings[mappings].fill([true; 2]);
            for (mapping, file, compared) in others {
                let checksum = results.get(mapping).map(|result| result.checksums[file]);
                builder.result.mappings[mapping][file] =
                    builder.file(compared, &mut tables.stats[mapping][file], checksum);
            }
        }
        builder.result
    }

    /// Notes new metadata of a file; returns whether it has the content with this checksum.
    fn file(&mut self, compared: Compared, stat: &mut FileStat, checksum: Option<Checksum>) -> bool {
        match compared {
            Compared::Same => true,
            Compared::Read(now) if Some(now.checksum) == checksum => {
                self.result.touched |= *stat != now.stat;
                *stat = now.stat;
                true
            }
            Compared::Read(_) | Compared::Changed => {
                self.result.whole = false;
                false
            }
        }
    }

    /// Notes new metadata of a folder; returns whether it has the names that it had.
    fn folder(&mut self, now: Option<FileStat>, stat: &mut FileStat) -> bool {
        self.result.touched |= now.is_some_and(|now| now != *stat);
        self.result.whole &= now.is_some();
        *stat = now.unwrap_or(*stat);
        now.is_some()
    }
}
