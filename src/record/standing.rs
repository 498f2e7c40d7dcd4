//! How a record stands with the files that it is of.

use std::sync::Arc;

use super::{Evidence, ModuleRecord, Record};

/// Which files of a record are as they were.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Of each module, in the record's order.
    pub modules: Vec<ModuleStanding>,
    /// Of each module, in the record's order: of each mapping, whether both of its files are.
    pub mappings: Vec<Vec<bool>>,
    /// Whether everything is, folders included.
    pub whole: bool,
    /// New evidence of what is.
    pub renewed: Vec<Renewal>,
}

/// How a module stands, its mappings left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModuleStanding {
    /// Whether its folder is as it was, and has no folder that was not there.
    pub folder: bool,
    /// Whether its Module is as it was.
    pub object: bool,
    /// Whether all its files are.
    pub files: bool,
}

impl Standing {
    /// That of a record all of whose files are as they were.
    pub fn whole(record: &Record) -> Self {
        Self {
            modules: vec![ModuleStanding { folder: true, object: true, files: true }; record.modules.len()],
            mappings: record.modules.iter().map(|module| vec![true; module.mappings.len()]).collect(),
            whole: true,
            renewed: Vec::new(),
        }
    }
}

/// What a record has evidence of. Modules, mappings and files are numbered as in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The output folder.
    Root,
    /// A file at its top.
    Top(usize),
    /// The folder of a module.
    Folder {
        /// The module.
        module: usize,
    },
    /// A file of a module's own.
    Own {
        /// The module.
        module: usize,
        /// The file.
        file: usize,
    },
    /// A file of a mapping.
    Mapping {
        /// The module.
        module: usize,
        /// The mapping.
        mapping: usize,
        /// The file.
        file: usize,
    },
}

/// New evidence of a part.
pub type Renewal = (Part, Evidence);

impl Record {
    /// This, with all new evidence.
    pub fn renewed(self: &Arc<Self>, standing: &Standing) -> Arc<Self> {
        let mut record = self.clone();
        for (part, evidence) in &standing.renewed {
            if let Some(old) = Arc::make_mut(&mut record).evidence_of(*part) {
                *old = *evidence;
            }
        }
        record
    }

    fn evidence_of(&mut self, part: Part) -> Option<&mut Evidence> {
        match part {
            Part::Root => Some(&mut self.folder),
            Part::Top(file) => self.top.get_mut(file).map(|file| &mut file.evidence),
            Part::Folder { module } => self.module(module).map(|module| &mut module.folder),
            Part::Own { module, file } => self.module(module)?.files.get_mut(file).map(|file| &mut file.evidence),
            Part::Mapping { module, mapping, file } => {
                self.module(module)?.mappings.get_mut(mapping)?.files.get_mut(file).map(|file| &mut file.evidence)
            }
        }
    }

    fn module(&mut self, number: usize) -> Option<&mut ModuleRecord> {
        self.modules.get_mut(number).map(Arc::make_mut)
    }
}
