//! Snapshots live in one folder at the top, not beside each test.

/// `insta::assert_snapshot!`, with the snapshot in `snapshots/`.
macro_rules! assert_snapshot {
    ($($argument:tt)*) => {
        insta::with_settings!({ snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots") }, {
            insta::assert_snapshot!($($argument)*);
        })
    };
}
