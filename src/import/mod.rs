//! Import of Modules that people wrote: from objects to a manifest.
//!
//! [`adopt`] keeps every image as it is, so that KMM does the same for every kernel as before.

pub mod adopt;
