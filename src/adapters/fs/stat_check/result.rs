//! Result of a check, put together from those of its jobs.

use super::folder_check::{Done, Top};
use crate::cache::{CachedRun, CheckResult};
use crate::file_stat::FileStat;

/// Puts the results of all parts of the folder together, and notes new metadata in the run. `result` has no file as it
/// was.
pub(super) fn check_result(result: &mut CheckResult, run: &mut CachedRun, top: Top, done: Vec<Done>) {
    let CheckResult { whole, touched, modules, mappings } = result;
    *whole = top.rest;
    // Returns whether a file or folder is as it was.
    let mut note = |now: Option<FileStat>, stat: &mut FileStat| {
        *touched |= now.is_some_and(|now| now != *stat);
        *whole &= now.is_some();
        *stat = now.unwrap_or(*stat);
        now.is_some()
    };
    note(top.folder, &mut run.files.folder);
    for ((_, file), now) in run.files.top.iter_mut().zip(top.files) {
        note(now, &mut file.stat);
    }
    for Done { module: number, mappings: numbers, folder, own, others } in done {
        let (module, check) = (&mut run.files.modules[number], &mut modules[number]);
        if let Some(folder) = folder {
            check.folder = note(folder, &mut module.folder);
        }
        for ((file, now), same) in module.own.iter_mut().zip(own).zip(&mut check.own) {
            *same = note(now, &mut file.stat);
        }
        mappings[numbers].fill([true; 2]);
        for (mapping, file, now) in others {
            mappings[mapping][file] = note(now, &mut run.mappings[mapping].files[file].stat);
        }
    }
}
