//! Rules that need several files.

pub(super) mod config_maps;
pub(super) mod files;
pub(super) mod images;
pub(super) mod nodes;
pub(super) mod versions;
