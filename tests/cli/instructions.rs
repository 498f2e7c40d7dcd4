//! No value starts a Dockerfile instruction: whatever a manifest says, the Dockerfile has the
//! instructions of a harmless one, or the manifest is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use kmodgen::lock::Lock;
use kmodgen::manifest::Manifest;
use kmodgen::plan::{Inputs, Patch, Plan};
use kmodgen::vocabulary::{Diagnostics, InputFiles, RelPath, SourceMap};
use parse_dockerfile::Instruction;
use proptest::prelude::*;
use serde_json::json;

use crate::scenario::commit_id;

/// Texts that mean something to a Dockerfile, a shell, make, YAML or a template.
const PIECES: [&str; 44] = [
    "a",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\\",
    "\\\n",
    " \\",
    "'",
    "\"",
    "`",
    "$",
    "$(id)",
    "`id`",
    "${KERNEL_VERSION}",
    "${OTHER}",
    "$KERNEL_VERSION",
    "#",
    "# syntax=x",
    "\nRUN id",
    "RUN id",
    "\nFROM x\n",
    "FROM x",
    "COPY . /",
    "<<EOF",
    "EOF\n",
    "&& id",
    "; id",
    "| sh",
    "> /x",
    "*",
    "~",
    "=",
    "-",
    "..",
    "{{ x }}",
    "{% x %}",
    "DTK_AUTO",
    "ü🦀",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![9 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => "[ -~]{0,8}"];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// What a manifest leaves to its author, as far as it reaches a Dockerfile.
#[derive(Debug, Clone)]
struct Texts {
    var: String,
    env: String,
    target: String,
    argument: String,
    label: String,
    folder: String,
    step_folder: String,
    patch_name: String,
    patch: String,
}

fn harmless() -> Texts {
    let text = |text: &str| text.to_owned();
    Texts {
        var: text("x"),
        env: text("x"),
        target: text("all"),
        argument: text("x"),
        label: text("x"),
        folder: text("src"),
        step_folder: text("sub"),
        patch_name: text("x.patch"),
        patch: text("-a\n+b\n"),
    }
}

/// One of the texts replaced, so that the others do not have the manifest refused.
fn texts() -> impl Strategy<Value = Texts> {
    (0..9_usize, hostile()).prop_map(|(which, hostile)| {
        let mut texts = harmless();
        let fields = [
            &mut texts.var,
            &mut texts.env,
            &mut texts.target,
            &mut texts.argument,
            &mut texts.label,
            &mut texts.folder,
            &mut texts.step_folder,
            &mut texts.patch_name,
            &mut texts.patch,
        ];
        *fields.into_iter().nth(which).unwrap() = hostile;
        texts
    })
}

/// The files beside a manifest.
struct Files(BTreeMap<String, Vec<u8>>);

impl InputFiles for Files {
    fn read(&self, path: &RelPath) -> Result<Arc<[u8]>, String> {
        self.0.get(path.as_str()).map(|bytes| bytes.as_slice().into()).ok_or_else(|| "there is no such file".into())
    }
}

/// The Dockerfile of a manifest with these texts; `None` where it is refused. JSON is YAML.
fn dockerfile(texts: &Texts) -> Option<String> {
    let manifest = json!({
        "apiVersion": "kmodgen/v1",
        "namespace": "kmm-ci",
        "sources": {"driver": {
            "git": "https://git.example.com/driver.git",
            "ref": commit_id('1'),
            "dir": texts.folder,
            "patches": [texts.patch_name],
        }},
        "images": {"builder": "quay.example.com/builder:1", "runtime": "quay.example.com/runtime:1"},
        "kernels": [{"release": "5.14.0-427.28.1.el9_4.x86_64", "labels": {"site": texts.label}}],
        "modules": [{
            "name": "alpha",
            "source": "driver",
            "kmods": ["alpha"],
            "image": "quay.example.com/alpha",
            "template": "mine.Dockerfile",
            "build": {"make": {
                "targets": [texts.target],
                "vars": {"VAR": texts.var},
                "env": {"ENV": texts.env},
                "dir": texts.step_folder,
            }},
            "kmm": {"selector": {"a": "b"}, "build": {"buildArgs": [{"name": "ARGUMENT", "value": texts.argument}]}},
        }],
    });
    let template = "{% extends \"kmodgen/dtk\" %}{% block labels %}LABEL site={{ kernel.labels.site | arg }}\n\
                    RUN echo {{ kernel.labels.site | sh }}\n{% endblock %}";
    let mut files = BTreeMap::from([("mine.Dockerfile".to_owned(), template.into())]);
    if let Ok(path) = RelPath::parse(&texts.patch_name) {
        files.insert(path.to_string(), texts.patch.clone().into_bytes());
    }
    let files: Arc<dyn InputFiles> = Arc::new(Files(files));
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let text = manifest.to_string();
    let id = sources.add("kmodgen.yaml", text.as_str());
    let lock = Lock::default();
    let manifest = Manifest::read(id, &text, &*files, &mut sources, &mut faults)?.remove(0);
    let inputs = Inputs { manifest: &manifest, lock: &lock, files: &files, templates: &files };
    let plan = Plan::expand(inputs, &(), 1, &mut sources, &mut faults)?.0;
    plan.mappings().next().and_then(|mapping| plan.draft(mapping)).map(|draft| draft.dockerfile)
}

/// The keywords of a Dockerfile, one for each instruction.
fn keywords(dockerfile: &str) -> Vec<&'static str> {
    let parsed = parse_dockerfile::parse(dockerfile).unwrap_or_else(|error| panic!("{error}\n{dockerfile}"));
    let keyword = |instruction: &Instruction<'_>| match instruction {
        Instruction::From(_) => "FROM",
        Instruction::Arg(_) => "ARG",
        Instruction::Run(run) => {
            assert!(run.here_docs.is_empty(), "{dockerfile}");
            "RUN"
        }
        Instruction::Copy(_) => "COPY",
        Instruction::Label(_) => "LABEL",
        other => panic!("{other:?}\n{dockerfile}"),
    };
    parsed.instructions.iter().map(keyword).collect()
}

#[test]
fn a_harmless_manifest_has_two_stages() {
    let keywords = keywords(&dockerfile(&harmless()).unwrap());
    assert_eq!(keywords.iter().filter(|keyword| **keyword == "FROM").count(), 2);
    assert_eq!(keywords.iter().filter(|keyword| **keyword == "COPY").count(), 1);
}

/// Without this, a property that refused everything would hold.
#[test]
fn strange_texts_are_taken_where_they_mean_themselves() {
    for strange in ["a b", "it's", "\"x\"", "$(id)", "# x", "RUN id", "<<EOF", "a\\", "; id", "{{ x }}", "ü🦀"] {
        let strange = strange.to_owned();
        let mut texts = harmless();
        (texts.var, texts.env, texts.argument, texts.label) =
            (strange.clone(), strange.clone(), strange.clone(), strange.clone());
        texts.patch = format!("{strange}\n {strange}\n");
        assert!(dockerfile(&texts).is_some(), "{strange}");
    }
}

static EXPECTED: LazyLock<Vec<&str>> = LazyLock::new(|| keywords(&dockerfile(&harmless()).unwrap()));

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_starts_an_instruction(texts in texts()) {
        if let Some(dockerfile) = dockerfile(&texts) {
            let mut expected = EXPECTED.clone();
            // The harmless patch is written by one RUN; another takes as many as it needs.
            let path = RelPath::parse("x.patch").unwrap();
            let writes = Patch::new(path, 1, texts.patch.as_bytes()).write.len();
            let first = expected.iter().position(|keyword| *keyword == "RUN").unwrap();
            expected.splice(first..=first, vec!["RUN"; writes]);
            prop_assert_eq!(keywords(&dockerfile), expected, "{}", dockerfile);
        }
    }
}
