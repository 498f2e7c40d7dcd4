//! The cases beside a manifest.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{anyhow, bail};

use crate::adapters::fs;
use crate::commands::faults::Faults;
use crate::test_cases::{CASES, Case};
use crate::tree::{Kind, OutputFolder as _};
use crate::vocabulary::{Diagnostic, Diagnostics, InputFiles, Pattern, RelPath, SourceMap, Span, nearest};

/// Cases, and their texts.
pub(super) struct Cases {
    /// Selected cases, in the order of their names.
    pub(super) chosen: Vec<Case>,
    /// The texts of these.
    pub(super) sources: SourceMap,
}

/// Reads the cases that `names` select, which are names or patterns; all where there are none.
pub(super) fn find(folder: &Path, files: &dyn InputFiles, names: &[String]) -> anyhow::Result<Cases> {
    let place = folder.join(CASES);
    let listed = fs::Folder::new(folder).names(CASES)?;
    let mut listed: Vec<&str> =
        listed.iter().filter(|(_, kind)| *kind != Kind::Folder).map(|(name, _)| name.as_str()).collect();
    listed.retain(|file| Case::name_of(file).is_some());
    listed.sort_unstable();
    if listed.is_empty() {
        bail!("there are no test cases: write one as `{}`", place.join("NAME.yaml").display());
    }
    let known: Vec<&str> = listed.iter().filter_map(|file| Case::name_of(file)).collect();
    let patterns = patterns(names, &known)?;
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let (mut chosen, mut first) = (Vec::new(), BTreeMap::new());
    for file in listed {
        let Some(name) = Case::name_of(file) else { continue };
        if !patterns.is_empty() && !patterns.iter().any(|pattern| pattern.selects(name)) {
            continue;
        }
        let path = place.join(file).display().to_string();
        let read = RelPath::parse(&format!("{CASES}/{file}")).map_err(|invalid| invalid.message);
        let text = read
            .and_then(|path| files.read(&path).map_err(|error| error.to_string()))
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| "it is not UTF-8 text".to_owned()));
        let text = text.map_err(|why| anyhow!("cannot read test case `{}`: {why}", path.escape_debug()))?;
        let source = sources.add(path, text.as_str());
        let top = Span::new(source, 0, 0);
        if let Some(earlier) = first.insert(name, top) {
            faults.push(
                Diagnostic::error("repeated-case", format!("two test cases have the name `{}`", name.escape_debug()))
                    .at(top, "again here")
                    .context(earlier, "first here")
                    .help("a case has the name of its file, without `.yaml` or `.yml`: rename one of them"),
            );
        }
        chosen.extend(Case::read(name, source, &text, &mut faults));
    }
    if faults.has_errors() {
        return Err(Faults::new(faults, sources).into());
    }
    Ok(Cases { chosen, sources })
}

/// Compiles what the command line asks for, and refuses what selects nothing.
fn patterns(names: &[String], known: &[&str]) -> anyhow::Result<Vec<Pattern>> {
    let mut patterns = Vec::new();
    for name in names {
        let pattern = Pattern::parse(name).map_err(|invalid| anyhow!("{invalid}"))?;
        if !known.iter().any(|known| pattern.selects(known)) {
            match nearest(name, known.iter().copied()) {
                Some(near) => bail!("no test case has the name `{}`; did you mean `{near}`?", name.escape_debug()),
                None => bail!("no test case has the name `{}` or matches it as a whole pattern", name.escape_debug()),
            }
        }
        patterns.push(pattern);
    }
    Ok(patterns)
}
