//! Rules that need several files.

pub(super) mod config_maps;
pub(super) mod copies;
pub(super) mod files;
pub(super) mod images;
pub(super) mod nodes;
pub(super) mod order;
pub(super) mod versions;
