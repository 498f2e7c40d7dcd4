//! The examples' Dockerfiles, read by another parser too.
#![expect(clippy::disallowed_methods, reason = "a test reads the examples")]

use std::fs;
use std::path::{Path, PathBuf};

use parse_dockerfile::{Command, Flag, Instruction as Other, Source, UnescapedString};

use crate::{Instruction, Keyword, read};

/// Keyword, flags and arguments of an instruction.
type Comparable = (Keyword, Vec<(String, Option<String>)>, Vec<String>);

fn dockerfiles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            dockerfiles(&path, found);
        } else if path.file_name().is_some_and(|name| name == "Dockerfile") {
            found.push(path);
        }
    }
}

fn own(instruction: &Instruction<'_>) -> Comparable {
    let value = |flag: &crate::Flag<'_>| flag.value.as_ref().map(|value| value.text.to_string());
    let flags = instruction.flags.iter().map(|flag| (flag.name.text.to_string(), value(flag))).collect();
    let is_list = matches!(instruction.keyword, Keyword::From | Keyword::Copy);
    let list = instruction.words().iter().map(|word| word.text.to_string()).collect();
    (instruction.keyword, flags, if is_list { list } else { vec![instruction.rest().into_owned()] })
}

fn flags(flags: &[Flag<'_>]) -> Vec<(String, Option<String>)> {
    let value = |flag: &Flag<'_>| flag.value.as_ref().map(|value| value.value.to_string());
    flags.iter().map(|flag| (flag.name.value.to_string(), value(flag))).collect()
}

fn others(instruction: &Other<'_>) -> Comparable {
    let text = |text: &UnescapedString<'_>| vec![text.value.to_string()];
    match instruction {
        Other::From(from) => {
            let name = from.as_.iter().flat_map(|(_, name)| ["AS".to_owned(), name.value.to_string()]);
            let words = [from.image.value.to_string()].into_iter().chain(name).collect();
            (Keyword::From, flags(&from.options), words)
        }
        Other::Arg(arg) => (Keyword::Arg, Vec::new(), text(&arg.arguments)),
        Other::Env(env) => (Keyword::Env, Vec::new(), text(&env.arguments)),
        Other::Label(label) => (Keyword::Label, Vec::new(), text(&label.arguments)),
        Other::User(user) => (Keyword::User, Vec::new(), text(&user.arguments)),
        Other::Workdir(workdir) => (Keyword::Workdir, Vec::new(), text(&workdir.arguments)),
        Other::Run(run) => {
            let Command::Shell(text) = &run.arguments else { panic!("{run:?}") };
            // It leaves the continuations in the text.
            let lines = text.value.split('\n').filter(|line| !line.trim_start().starts_with('#'));
            let joined = lines.map(|line| line.strip_suffix('\\').unwrap_or(line)).collect::<String>();
            (Keyword::Run, flags(&run.options), vec![joined])
        }
        Other::Copy(copy) => {
            let sources = copy.src.iter().map(|source| match source {
                Source::Path(path) => path.value.to_string(),
                other => panic!("{other:?}"),
            });
            (Keyword::Copy, flags(&copy.options), sources.chain([copy.dest.value.to_string()]).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn examples_are_read_as_another_parser_reads_them() {
    let mut paths = Vec::new();
    dockerfiles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"), &mut paths);
    assert!(paths.len() > 50);
    for path in paths {
        let text = fs::read_to_string(&path).expect("a file");
        let parsed = parse_dockerfile::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = read(&text);
        assert_eq!(file.all_problems(), [], "{}", path.display());
        assert_eq!(file.instructions.len(), parsed.instructions.len(), "{}", path.display());
        for (instruction, other) in file.instructions.iter().zip(&parsed.instructions) {
            assert_eq!(own(instruction), others(other), "{}", path.display());
        }
    }
}
