//! Build steps, as the hash and its explanation see them.

use std::collections::BTreeMap;

use crate::manifest::{Configure, Dkms, Jobs, Kconfig, Make, Rpmbuild, Run, Step, Tool};
use crate::template::shell_word;

/// A step as the one line of shell that it comes to.
pub(super) fn describe(step: &Step) -> String {
    let source = step.place.source.iter().map(|source| format!("in {}", source.value));
    let folder = step.place.dir.iter().map(|dir| format!("-C {}", shell_word(dir.as_str())));
    let words = assigned(&step.place.env).chain([step.tool.name().to_owned()]).chain(source).chain(folder);
    words.chain(arguments(&step.tool)).collect::<Vec<_>>().join(" ")
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
        Tool::Run(Run { script, args }) => [shell_word(script.as_str())].into_iter().chain(words(args)).collect(),
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
