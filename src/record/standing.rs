//! How a record stands with the files that it is of.

use std::sync::Arc;

use super::{Evidence, FileRecord, ModuleRecord, Record};

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
            Arc::make_mut(&mut record).renew(*part, *evidence);
        }
        record
    }

    fn renew(&mut self, part: Part, evidence: Evidence) {
        let file = |file: Option<&mut FileRecord>| file.map(|file| file.evidence = evidence);
        let known = match part {
            Part::Root => {
                self.folder = evidence;
                Some(())
            }
            Part::Top(number) => file(self.top.get_mut(number)),
            Part::Folder { module } => self.module(module).map(|module| module.folder = evidence),
            Part::Own { module, file: number } => {
                self.module(module).and_then(|module| file(module.files.get_mut(number)))
            }
            Part::Mapping { module, mapping: at, file: number } => self.module(module).and_then(|module| {
                let mut mapping = module.mappings.get(at)?;
                file(mapping.files.get_mut(number))?;
                module.mappings.set(at, &mapping);
                Some(())
            }),
        };
        debug_assert!(known.is_some(), "{part:?} is of no record");
    }

    fn module(&mut self, number: usize) -> Option<&mut ModuleRecord> {
        self.modules.get_mut(number).map(Arc::make_mut)
    }
}
