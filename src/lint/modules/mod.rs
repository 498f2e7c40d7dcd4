//! Rules on Modules and ManagedClusterModules.

pub(super) mod images;
pub(super) mod mappings;
pub(super) mod modprobe;
pub(super) mod object;
pub(super) mod regexps;
pub(super) mod signing;
pub(super) mod structure;
