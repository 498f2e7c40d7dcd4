//! Result of a check, put together from those of its jobs.

use super::folder_check::{Done, Top};
use crate::cache::{CachedFiles, CheckResult, FileEntry};
use crate::file_stat::FileStat;

/// Puts the results of all parts of the folder together, notes new metadata in the run, and returns the files of
/// its mappings in parts. `result` has no file as it was.
pub(super) fn check_result(
    result: &mut CheckResult,
    run: &mut CachedFiles,
    top: Top,
    done: Vec<Done>,
) -> Vec<Vec<[FileEntry; 2]>> {
    let CheckResult { whole, touched, modules, mappings } = result;
    *whole = top.rest;
    // Returns whether a file or folder is as it was.
    let mut note = |now: Option<FileStat>, stat: &mut FileStat| {
        *touched |= now.is_some_and(|now| now != *stat);
        *whole &= now.is_some();
        *stat = now.unwrap_or(*stat);
        now.is_some()
    };
    note(top.folder, &mut run.folder);
    for ((_, file), now) in run.top.iter_mut().zip(top.files) {
        note(now, &mut file.stat);
    }
    let mut parts = Vec::with_capacity(done.len());
    for Done { module: number, first, files: mut part, folder, own, bundle, others } in done {
        let (module, check) = (&mut run.modules[number], &mut modules[number]);
        if let Some(folder) = folder {
            check.folder = note(folder, &mut module.folder);
        }
        for ((file, now), same) in module.own.iter_mut().zip(own).zip(&mut check.own) {
            *same = note(now, &mut file.stat);
        }
        check.bundle = !bundle.is_empty();
        for (file, now) in module.bundle.iter_mut().zip(bundle) {
            check.bundle &= note(now, &mut file.stat);
        }
        if check.bundle {
            mappings[first..first + module.releases.len()].fill([true; 2]);
        }
        mappings[first..first + part.len()].fill([true; 2]);
        for (at, file, now) in others {
            mappings[first + at][file] = note(now, &mut part[at][file].stat);
        }
        parts.push(part);
    }
    parts
}
