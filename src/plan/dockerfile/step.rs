//! A build step's values, as templates see them.

use minijinja::value::Value;

use super::code::embedded;
use crate::manifest::{Configure, Dkms, Jobs, Kconfig, Make, Rpmbuild, Run, Script, Tool};
use crate::plan::BuildStep;
use crate::vocabulary::written_out;

/// The values of a step that runs in `folder`: its tool, and what that tool is told.
pub(super) fn values(BuildStep { step, script }: &BuildStep, folder: String) -> Value {
    let own: Vec<(&str, Value)> = match &step.tool {
        Tool::Make(make) => make_values(make, &[]),
        Tool::Kbuild(make) => make_values(make, &["modules"]),
        Tool::Kconfig(Kconfig { defconfig, options, vars }) => vec![
            ("defconfig", defconfig.as_deref().map_or(Value::from(()), Value::from)),
            ("options", options.iter().map(|(name, value)| option(name, value)).collect()),
            ("vars", pairs(vars)),
        ],
        Tool::Configure(Configure { autoreconf, args }) => {
            vec![("autoreconf", Value::from(*autoreconf)), ("args", texts(args))]
        }
        Tool::Dkms(Dkms { jobs }) => vec![("jobs", jobs_value(*jobs))],
        Tool::Rpmbuild(Rpmbuild { spec, defines }) => {
            let defines: Value = defines.iter().map(|(name, value)| Value::from(format!("{name} {value}"))).collect();
            vec![("spec", Value::from(spec.as_str())), ("defines", defines)]
        }
        Tool::Run(Run { script: place, args }) => {
            let path = match place {
                Script::InSource(path) => Value::from(path.as_str()),
                Script::File(_) | Script::Lines(_) => Value::from(()),
            };
            let script = script.as_ref().map_or(Value::from(()), |script| embedded(script));
            vec![("path", path), ("script", script), ("args", texts(args))]
        }
    };
    let common =
        [("tool", Value::from(step.tool.name())), ("folder", Value::from(folder)), ("env", pairs(&step.place.env))];
    Value::from_pairs(common.into_iter().chain(own))
}

fn make_values(make: &Make, default_targets: &[&str]) -> Vec<(&'static str, Value)> {
    let Make { targets, vars, jobs } = make;
    let targets = match targets {
        Some(targets) => texts(targets),
        None => default_targets.iter().copied().collect(),
    };
    vec![("targets", targets), ("vars", pairs(vars)), ("jobs", jobs_value(*jobs))]
}

fn jobs_value(jobs: Option<Jobs>) -> Value {
    match jobs {
        Some(Jobs::All) => Value::from("all"),
        Some(Jobs::Number(number)) => Value::from(number),
        None => Value::from(()),
    }
}

/// An option as a line of `.config`; one that is off has a comment for a line.
fn option(name: &str, value: &str) -> Value {
    let is_word = matches!(value, "y" | "m") || value.parse::<i64>().is_ok() || value.starts_with("0x");
    let line = match value {
        "n" => format!("# CONFIG_{name} is not set"),
        word if is_word => format!("CONFIG_{name}={word}"),
        text => format!("CONFIG_{name}=\"{text}\""),
    };
    Value::from_pairs([
        ("name", Value::from(format!("CONFIG_{name}"))),
        ("line", Value::from(line)),
        ("off", Value::from(value == "n")),
    ])
}

/// Names and values, each pair for itself.
pub(super) fn pairs<'p>(pairs: impl IntoIterator<Item = (&'p String, &'p String)>) -> Value {
    let pair =
        |(name, value): (&String, &String)| Value::from_pairs([("name", name.as_str()), ("value", value.as_str())]);
    pairs.into_iter().map(pair).collect()
}

/// Names and values, with the release written out in the values.
pub(super) fn pairs_on<'p>(pairs: impl Iterator<Item = (&'p String, &'p String)>, release: &str) -> Value {
    pairs
        .map(|(name, value)| Value::from_pairs([("name", name.clone()), ("value", written_out(value, release))]))
        .collect()
}

fn texts(texts: &[String]) -> Value {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_lines_of_a_config() {
        let line = |value: &str| option("X", value).get_attr("line").unwrap().to_string();
        assert_eq!(line("m"), "CONFIG_X=m");
        assert_eq!(line("n"), "# CONFIG_X is not set");
        assert_eq!(line("0x1f"), "CONFIG_X=0x1f");
        assert_eq!(line("-5"), "CONFIG_X=-5");
        assert_eq!(line("a b"), "CONFIG_X=\"a b\"");
        assert_eq!(line(""), "CONFIG_X=\"\"");
    }
}
