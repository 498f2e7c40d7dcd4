//! Build steps, as the hash and its explanation see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::embedded::{EmbeddedFile, EmbeddedFiles, Purpose};
use crate::manifest::{BUILD_ROOT, Configure, Dkms, Jobs, Kconfig, Make, Rpmbuild, Run, Script, Step, Tool};
use crate::template::shell_word;
use crate::vocabulary::{Diagnostics, Spanned};

/// A step with the script that the Dockerfile carries for it.
#[derive(Debug, Clone, Hash)]
pub struct BuildStep {
    /// The step.
    pub step: Step,
    /// Its script, if that is not the source's.
    pub script: Option<Arc<EmbeddedFile>>,
}

impl BuildStep {
    /// Reads the script of the step with this number, from 1; `None` if that fails, noted in `faults`.
    pub(super) fn read(
        step: Step,
        number: usize,
        embedded: &mut EmbeddedFiles<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let file = format!("{BUILD_ROOT}/{number:04}.step");
        let script = match &step.tool {
            Tool::Run(Run { script: Script::File(path), .. }) => {
                Some(embedded.read(path, file, Purpose::Script, faults)?)
            }
            Tool::Run(Run { script: Script::Lines(lines), .. }) => {
                let end = if lines.ends_with('\n') { "" } else { "\n" };
                let text = [lines, end].concat();
                Some(Arc::new(EmbeddedFile::new("in the manifest".into(), file, Purpose::Script, text.as_bytes())))
            }
            _ => None,
        };
        Some(Self { step, script })
    }
}

/// A step as the one line of shell that it comes to.
pub(super) fn describe(BuildStep { step, script }: &BuildStep) -> String {
    let source = step.place.source.iter().map(|source| format!("in {}", source.value));
    let folder = step.place.dir.iter().map(|dir| format!("-C {}", shell_word(dir.as_str())));
    let words = assigned(&step.place.env).chain([step.tool.name().to_owned()]).chain(source).chain(folder);
    let script = script.iter().map(|script| format!("sha256:{}", script.digest));
    words.chain(arguments(&step.tool)).chain(script).collect::<Vec<_>>().join(" ")
}

fn arguments(tool: &Tool) -> Vec<String> {
    let words = |words: &[String]| -> Vec<String> { words.iter().map(|word| shell_word(word)).collect() };
    match tool {
        Tool::Make(Make { targets, vars, jobs }) | Tool::Kbuild(Make { targets, vars, jobs }) => {
            let targets = targets.iter().flatten().map(|target| shell_word(target));
            jobs_flag(*jobs).chain(assigned(vars)).chain(targets).collect()
        }
        Tool::Kconfig(Kconfig { defconfig, options, vars }) => {
            let defconfig = defconfig.iter().map(|target| shell_word(target));
            assigned(vars).chain(defconfig).chain(assigned(options)).collect()
        }
        Tool::Configure(Configure { autoreconf, args }) => {
            autoreconf.then(|| "autoreconf".to_owned()).into_iter().chain(words(args)).collect()
        }
        Tool::Dkms(Dkms { jobs }) => jobs_flag(*jobs).collect(),
        Tool::Rpmbuild(Rpmbuild { spec, defines }) => {
            [shell_word(spec.as_str())].into_iter().chain(assigned(defines)).collect()
        }
        Tool::Run(Run { script, args }) => {
            let script = match script {
                Script::InSource(path) | Script::File(Spanned { value: path, .. }) => shell_word(path.as_str()),
                Script::Lines(_) => "script".to_owned(),
            };
            [script].into_iter().chain(words(args)).collect()
        }
    }
}

fn jobs_flag(jobs: Option<Jobs>) -> impl Iterator<Item = String> {
    jobs.into_iter().map(|jobs| match jobs {
        Jobs::All => "-j all".to_owned(),
        Jobs::Number(number) => format!("-j {number}"),
    })
}

fn assigned(variables: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    variables.iter().map(|(name, value)| format!("{name}={}", shell_word(value)))
}
