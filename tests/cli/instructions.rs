//! No value starts a Dockerfile instruction: whatever a manifest says, the Dockerfile has the
//! instructions of a harmless one, or the manifest is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use kmodgen::lock::Lock;
use kmodgen::manifest::Manifest;
use kmodgen::plan::{EmbeddedFile, Inputs, Plan, Purpose};
use kmodgen::template::{InProcess, Renderers};
use kmodgen::vocabulary::{Diagnostics, InputError, InputFiles, Listed, RelPath, SourceMap, list_in_memory};
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

/// Texts that are packages of a stage.
const PACKAGES: [&str; 2] = ["package", "runtime package"];

/// What a manifest leaves to its author, as far as it reaches a Dockerfile, with a harmless text.
const FIELDS: [(&str, &str); 47] = [
    ("var", "x"),
    ("env", "x"),
    ("target", "all"),
    ("argument", "x"),
    ("kernel label", "x"),
    ("folder", "src"),
    ("step folder", "sub"),
    ("patch name", "x.patch"),
    ("patch", "-a\n+b\n"),
    ("url", "https://example.com/a.tar.gz"),
    ("at", "driver/more"),
    ("inner", "src/x.tar.gz"),
    ("beside", "local"),
    ("secret", "login"),
    ("mirror", "https://mirror.example.com/"),
    ("image mirror", "mirror.example.com"),
    ("package", "bc"),
    ("runtime package", "pciutils"),
    ("repository", "vendor"),
    ("repository url", "https://packages.example.com/vendor"),
    ("suite", "stable"),
    ("component", "main"),
    ("fetch", "quay.example.com/git:1"),
    ("script", "build.sh"),
    ("script beside", "own.sh"),
    ("text of a script", "make\n"),
    ("lines of a script", "make\n"),
    ("script argument", "x"),
    ("configure argument", "--x"),
    ("defconfig", "defconfig"),
    ("option", "X"),
    ("option value", "m"),
    ("spec", "x.spec"),
    ("define", "xyz"),
    ("define value", "x"),
    ("firmware", "fw"),
    ("firmware folder", "vendor"),
    ("license", "COPYING"),
    ("file", "tool"),
    ("place", "/usr/bin/tool"),
    ("rpm", "kmod-x"),
    ("rpm folder", "/root/rpms"),
    ("kmod folder", "/lib/modules/x"),
    ("label", "x.y"),
    ("label value", "x"),
    ("user", "201:0"),
    ("install", "extra"),
];

/// A text for each of the fields.
#[derive(Debug, Clone)]
struct Texts(BTreeMap<&'static str, String>);

impl Texts {
    fn get(&self, field: &str) -> &str {
        &self.0[field]
    }

    fn set(&mut self, field: &'static str, text: &str) {
        assert!(self.0.insert(field, text.to_owned()).is_some(), "{field}");
    }
}

fn harmless() -> Texts {
    Texts(FIELDS.map(|(field, text)| (field, text.to_owned())).into())
}

/// One of the texts replaced, so that the others do not have the manifest refused.
fn texts() -> impl Strategy<Value = Texts> {
    (prop::sample::select(&FIELDS[..]), any::<bool>(), hostile()).prop_map(|((field, text), added, hostile)| {
        let mut texts = harmless();
        // A harmless beginning gets past what looks at beginnings alone.
        texts.set(field, &if added { format!("{text}{hostile}") } else { hostile });
        texts
    })
}

/// The files beside a manifest.
struct Files(BTreeMap<String, Vec<u8>>);

impl InputFiles for Files {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        self.0.get(path.as_str()).map(|bytes| bytes.clone().into()).ok_or_else(|| "there is no such file".into())
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        list_in_memory(self.0.keys().map(String::as_str), folder)
    }
}

/// The Dockerfile of a manifest with these texts; `None` where it is refused. JSON is YAML.
fn dockerfile(texts: &Texts) -> Option<String> {
    let get = |field: &str| texts.get(field).to_owned();
    let named = |name: &str, value: &str| BTreeMap::from([(get(name), get(value))]);
    let manifest = json!({
        "apiVersion": "kmodgen/v1",
        "namespace": "kmm-ci",
        "sources": {
            "driver": {
                "git": "https://git.example.com/driver.git",
                "ref": commit_id('1'),
                "dir": get("folder"),
                "secret": get("secret"),
                "patches": [get("patch name")],
            },
            "more": {"archive": get("url"), "sha256": "a".repeat(64), "at": get("at"), "secret": get("secret")},
            "local": {"path": get("beside")},
            "inner": {"in": "more", "archive": get("inner")},
        },
        "mirrors": {"https://git.example.com/": get("mirror"), "quay.example.com": get("image mirror")},
        "baseImages": {
            "builder": "quay.example.com/builder:1",
            "runtime": "quay.example.com/runtime:1",
            "pin": false,
            "fetch": get("fetch"),
        },
        "kernels": [{"release": "5.14.0-427.28.1.el9_4.x86_64", "labels": {"site": get("kernel label")}}],
        "modules": [{
            "name": "alpha",
            "source": ["driver", "more", "local", "inner"],
            "kmods": ["alpha", {"kmod": "./beta", "from": get("kmod folder")}],
            "image": "quay.example.com/alpha",
            "template": "mine.Dockerfile",
            "packages": {"builder": [get("package")], "runtime": [get("runtime package")], "repositories": [{
                "name": get("repository"),
                "url": get("repository url"),
                "suite": get("suite"),
                "components": [get("component")],
                "key": {"url": "https://packages.example.com/key.asc", "sha256": "a".repeat(64)},
            }]},
            "steps": [
                {"make": {
                    "targets": [get("target")],
                    "vars": {"VAR": get("var")},
                    "env": {"ENV": get("env")},
                    "dir": get("step folder"),
                }},
                {"run": {"path": get("script"), "args": [get("script argument")], "env": {"ENV": get("env")}}},
                {"run": {"file": get("script beside")}},
                {"run": {"script": get("lines of a script"), "args": [get("script argument")]}},
                {"configure": {"args": [get("configure argument")]}},
                {"kconfig": {"defconfig": get("defconfig"), "options": named("option", "option value")}},
                {"rpmbuild": {"spec": get("spec"), "defines": named("define", "define value")}},
                {"dkms": {"env": {"ENV": get("env")}}},
            ],
            "install": {
                "modDir": get("install"),
                "firmware": [get("firmware"), {"from": get("firmware"), "to": get("firmware folder")}],
                "licenses": [get("license")],
                "files": [{"from": get("file"), "to": get("place")}],
                "rpms": [get("rpm"), {"rpm": get("rpm"), "from": get("rpm folder")}],
            },
            "imageLabels": named("label", "label value"),
            "user": get("user"),
            "moduleSpec": {
                "selector": {"a": "b"},
                "moduleLoader": {"container": {
                    "modprobe": {"moduleName": "alpha"},
                    "build": {"buildArgs": [{"name": "ARGUMENT", "value": get("argument")}]},
                }},
            },
        }],
    });
    let template = "{% extends \"kmodgen/dtk\" %}{% block labels %}{{ super() }}\nLABEL site={{ kernel.labels.site | arg }}\n\
                    RUN echo {{ kernel.labels.site | sh }}\n{% endblock %}";
    let mut files = BTreeMap::from([("mine.Dockerfile".to_owned(), template.into())]);
    for (name, text) in [("patch name", "patch"), ("script beside", "text of a script")] {
        if let Ok(path) = RelPath::parse(texts.get(name)) {
            files.insert(path.to_string(), texts.get(text).as_bytes().to_vec());
        }
    }
    if let Ok(path) = RelPath::parse(texts.get("beside")) {
        files.insert(format!("{path}/Makefile"), Vec::new());
    }
    let files: Arc<dyn InputFiles> = Arc::new(Files(files));
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let text = manifest.to_string();
    let id = sources.add("kmodgen.yaml", text.as_str());
    let lock = Lock::default();
    let manifest = Manifest::read(id, &text, &*files, &mut sources, &mut faults)?.remove(0);
    let renderers: Arc<dyn Renderers> = Arc::new(InProcess);
    let inputs = Inputs { manifest: &manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
    let plan = Plan::make(inputs, 1, &mut sources, &mut faults)?;
    plan.mappings().next().and_then(|mapping| plan.render(mapping)).map(|rendered| rendered.dockerfile)
}

/// The keywords of a Dockerfile, one for each instruction.
fn keywords(dockerfile: &str) -> Vec<&'static str> {
    let parsed = parse_dockerfile::parse(dockerfile).unwrap_or_else(|error| panic!("{error}\n{dockerfile}"));
    let keyword = |instruction: &Instruction<'_>| match instruction {
        Instruction::From(_) => "FROM",
        Instruction::Arg(_) => "ARG",
        Instruction::Env(_) => "ENV",
        Instruction::Run(run) => {
            assert!(run.here_docs.is_empty(), "{dockerfile}");
            "RUN"
        }
        Instruction::Copy(_) => "COPY",
        Instruction::Label(_) => "LABEL",
        Instruction::User(_) => "USER",
        other => panic!("{other:?}\n{dockerfile}"),
    };
    parsed.instructions.iter().map(keyword).collect()
}

#[test]
fn a_harmless_manifest_has_three_stages() {
    let keywords = keywords(&dockerfile(&harmless()).unwrap());
    assert_eq!(keywords.iter().filter(|keyword| **keyword == "FROM").count(), 3);
    assert_eq!(keywords.iter().filter(|keyword| **keyword == "COPY").count(), 8);
    assert_eq!(keywords.last(), Some(&"USER"));
}

/// Without this, a property that refused everything would hold.
#[test]
fn strange_texts_are_taken_where_they_mean_themselves() {
    for strange in ["a b", "it's", "\"x\"", "$$(id)", "# x", "RUN id", "<<EOF", "a\\", "; id", "{{ x }}", "ü🦀"] {
        let mut texts = harmless();
        for field in ["var", "env", "argument", "kernel label", "label value", "script argument", "define value"] {
            texts.set(field, strange);
        }
        for field in ["patch", "text of a script", "lines of a script"] {
            texts.set(field, &format!("{strange}\n {strange}\n"));
        }
        assert!(dockerfile(&texts).is_some(), "{strange}");
    }
}

static EXPECTED: LazyLock<Vec<&str>> = LazyLock::new(|| keywords(&dockerfile(&harmless()).unwrap()));

/// Returns the keywords with harmless texts. A package with the release in its name is installed behind what kernels
/// share.
fn expected(texts: &Texts) -> Vec<&'static str> {
    let mut like = harmless();
    for field in PACKAGES.into_iter().filter(|field| texts.get(field).contains("${KERNEL_")) {
        like.set(field, "x-${KERNEL_VERSION}");
    }
    if like.0 == harmless().0 { EXPECTED.clone() } else { keywords(&dockerfile(&like).unwrap()) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_starts_an_instruction(texts in texts()) {
        if let Some(dockerfile) = dockerfile(&texts) {
            let mut expected = expected(&texts);
            // A harmless file is written by one RUN; another takes as many as it needs.
            let more = |field: &str, purpose| {
                let file = EmbeddedFile::new(String::new(), "/x".into(), purpose, texts.get(field).as_bytes());
                vec!["RUN"; file.write.len() - 1]
            };
            // Patches come after the sources, of which the last one is copied, and scripts before the last stage.
            let last_stage = expected.iter().rposition(|keyword| *keyword == "FROM").unwrap();
            expected.splice(last_stage..last_stage, more("text of a script", Purpose::Script));
            let patches = expected.iter().position(|keyword| *keyword == "COPY").unwrap() + 1;
            expected.splice(patches..patches, more("patch", Purpose::Patch));
            prop_assert_eq!(keywords(&dockerfile), expected, "{}", dockerfile);
        }
    }
}
