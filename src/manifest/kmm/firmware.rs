//! Path of the firmware that KMM copies to nodes.

use kmodgen_yaml::Yaml;

use super::ModuleSpec;
use crate::manifest::install::FIRMWARE_FOLDER;

impl ModuleSpec {
    /// Folder of the image that KMM copies firmware from.
    pub fn firmware_path(&self) -> Option<&str> {
        let modprobe = self.container.iter().find(|(name, _)| name == "modprobe").map(|(_, value)| value);
        let Some(Yaml::Map(fields)) = modprobe else { return None };
        fields.iter().find_map(|(name, value)| match value {
            Yaml::Text(path) if name == "firmwarePath" => Some(path.as_ref()),
            _ => None,
        })
    }

    /// Has the image's firmware copied to the node, unless the user says from where.
    pub(super) fn lead_to_firmware(&mut self) {
        let modprobe = self.container.iter_mut().find(|(name, _)| name == "modprobe");
        let Some((_, Yaml::Map(fields))) = modprobe else { return };
        if !fields.iter().any(|(name, _)| name == "firmwarePath") {
            fields.push(("firmwarePath".into(), Yaml::text(FIRMWARE_FOLDER)));
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
    }
}
