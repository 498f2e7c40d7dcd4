//! The values of a `dkms.conf` that a manifest needs. The file is a shell script; assignments are read, nothing is run.

use std::collections::{BTreeMap, BTreeSet};

use super::make_vars::options;
use super::repository::shortened;
use crate::vocabulary::KmodName;

/// Longest value that is kept.
const LONGEST: usize = 4096;

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DkmsConf {
    /// Kmods that it builds, with the lines that name them.
    pub(super) kmods: Vec<(String, usize)>,
    pub(super) version: Option<String>,
    /// Lines that name a kmod by more than plain variables.
    pub(super) unclear: Vec<(usize, String)>,
    /// The line of the first command that builds.
    pub(super) make: Option<usize>,
    /// Options of Kconfig that the commands set.
    pub(super) options: BTreeSet<String>,
}

impl DkmsConf {
    pub(super) fn read(text: &str) -> Self {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        let mut conf = Self::default();
        let mut package = None;
        for (at, line) in text.lines().enumerate() {
            let line_number = at + 1;
            let Some((key, value)) = assigned(line) else {
                // Such as an index that a loop counts.
                let code = line.trim();
                if !code.starts_with('#') && code.contains("BUILT_MODULE_NAME") {
                    conf.unclear.push((line_number, shortened(code)));
                }
                continue;
            };
            let name = key.split('[').next().unwrap_or(key);
            let expanded = expand(value, &values);
            match (name, &expanded) {
                ("BUILT_MODULE_NAME", Some(value)) if KmodName::parse(value).is_ok() => {
                    conf.kmods.push((value.clone(), line_number));
                }
                ("BUILT_MODULE_NAME", _) => conf.unclear.push((line_number, value.to_owned())),
                ("PACKAGE_NAME", Some(value)) => package = Some((value.clone(), line_number)),
                ("PACKAGE_VERSION", Some(value)) => conf.version = is_version(value).then(|| value.clone()),
                ("MAKE", _) => {
                    conf.make.get_or_insert(line_number);
                    conf.options.extend(options(value));
                }
                _ => {}
            }
            values.extend(expanded.map(|value| (key.to_owned(), value)));
        }
        // dkms takes the name of the package for that of the only module.
        if conf.kmods.is_empty() && conf.unclear.is_empty() {
            conf.kmods.extend(package.filter(|(name, _)| KmodName::parse(name).is_ok()));
        }
        conf.kmods.dedup_by(|one, other| one.0 == other.0);
        conf
    }
}

/// The key and the value of an assignment, without quotes and comment.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let is_key = key.chars().all(|c| c.is_ascii_alphanumeric() || "_[]".contains(c)) && key.len() < 100;
    let value = value.trim();
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c));
    let value = match quote {
        Some(quote) => value[1..].split(quote).next()?,
        None => value.split([' ', '\t', ';', '#']).next()?,
    };
    (is_key && value.len() < LONGEST).then_some((key, value))
}

/// Expands `$NAME` and `${NAME}`. `None` if more is called for.
fn expand(value: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, after) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => after.split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len())),
        };
        out.push_str(values.get(name)?);
        rest = after;
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push_str(rest);
    (!out.contains('`')).then_some(out)
}

fn is_version(text: &str) -> bool {
    text.len() < 60
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+_~".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_in_several_ways() {
        let conf = DkmsConf::read(
            "PACKAGE_NAME=\"drv\"\nPACKAGE_VERSION='1.2.3' # of the package\nMAKE[0]=\"make KVER=$kernelver CONFIG_X=m\"\n\
             BUILT_MODULE_NAME[0]=\"${PACKAGE_NAME}\"\nBUILT_MODULE_NAME[1]=$PACKAGE_NAME-core\n\
             BUILT_MODULE_NAME[2]=$(ls)\nDEST_MODULE_LOCATION[0]=/updates\n",
        );
        assert_eq!(conf.kmods, [("drv".to_owned(), 4), ("drv-core".to_owned(), 5)]);
        assert_eq!((conf.version.as_deref(), conf.make), (Some("1.2.3"), Some(3)));
        assert_eq!(conf.unclear, [(6, "$(ls)".to_owned())]);
        assert_eq!(conf.options.iter().collect::<Vec<_>>(), ["CONFIG_X"]);
    }

    #[test]
    fn the_package_names_the_only_module() {
        let conf = DkmsConf::read("PACKAGE_NAME=drv\nPACKAGE_VERSION=#MODULE_VERSION#\n");
        assert_eq!((conf.kmods, conf.version), (vec![("drv".to_owned(), 1)], None));
        let conf = DkmsConf::read("PACKAGE_NAME=drv\nfor f in *.o; do\n BUILT_MODULE_NAME[$i]=$f\ndone\n");
        assert_eq!((conf.kmods, conf.unclear.len()), (vec![], 1));
        assert_eq!(DkmsConf::read("garbage\n=\nA='x\n\"=b\n").kmods, []);
    }
}
