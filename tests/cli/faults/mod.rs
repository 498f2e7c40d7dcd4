//! Faults: runs that are killed, system calls that fail, disks that are full, runs that race, and
//! records that lie. Whatever happens, each file is the old one or the new one, nobody's edit is
//! lost, nothing panics, and the next run completes what was begun.
//!
//! `KMODGEN_FAULTS=some` causes more of them than a default run, and `KMODGEN_FAULTS=long` as many as there is
//! time for; see `.ci/faults`.
//! `KMODGEN_SEED` repeats a run's choices.

mod calls;
pub(crate) mod chance;
mod kills;
mod races;
mod records;
mod site;
mod strace;

/// Number of faults that a test causes: `few` in a default run, `many` in a long one. Some are the geometric
/// mean, which serves numbers of faults and distances between them alike.
pub(crate) fn scaled(few: usize, many: usize) -> usize {
    match std::env::var("KMODGEN_FAULTS").as_deref() {
        Ok("long") => many,
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of turns need not be exact"
        )]
        Ok("some") => (few as f64 * many as f64).sqrt() as usize,
        Ok(other) => panic!("KMODGEN_FAULTS is `some` or `long`, not `{other}`"),
        Err(_) => few,
    }
}

/// Tells of faults that were survived; `.ci/faults` adds them up.
pub(crate) fn survived(number: usize, what: &str) {
    eprintln!("faults: {number} {what}");
}
