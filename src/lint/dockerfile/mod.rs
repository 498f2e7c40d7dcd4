//! Rules on Dockerfiles.

pub(super) mod arguments;
pub(super) mod builders;
pub(super) mod commands;
pub(super) mod depmod;
pub(super) mod downloads;
pub(super) mod kmods;
pub(super) mod sources;
pub(super) mod stages;
