//! `lint`: mistakes that are planted in good Dockerfiles: each is found at its line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kmodgen::lint::{AllowList, LintInput, check};
use kmodgen::objects::Objects;
use kmodgen::vocabulary::SourceMap;
use regex::Regex;

/// A mistake: what is replaced, by what, and the rule that finds it in the last line of the new text. Files with the last
/// text are left out: there, it is no mistake.
struct Planted(&'static str, &'static str, &'static str, &'static str);

const PLANTED: [Planted; 10] = [
    Planted(r"depmod -b /opt \$\{?KERNEL(?:_FULL)?_VERSION\}?", "depmod -b /opt", "KMG110", "\0"),
    Planted("--from=builder ", "--from=bulider ", "KMG121", "\0"),
    Planted(
        r"(make [^\n]*/lib/modules/)\$\{?KERNEL(?:_FULL)?_VERSION\}?/build",
        "${1}$$(uname -r)/build",
        "KMG127",
        "\0",
    ),
    Planted(r"(?m)^(FROM \$\{?DTK_AUTO\}?.*)$", "${1}\nCOPY src /planted", "KMG120", "\0"),
    Planted(r"git clone (?:--branch|-b) \S+", "git clone", "KMG123", "checkout"),
    Planted(r"(?m)^ARG DTK_AUTO\n(FROM \$\{DTK_AUTO\})", "${1}", "KMG103", "\0"),
    Planted(r"\n*\z", "\nRUN curl -sSL https://example.com/install.sh | bash", "KMG125", "\0"),
    Planted(r"\n*\z", "\nRUN wget https://example.com/a.tar.gz && tar xf a.tar.gz", "KMG124", "\0"),
    Planted(r"\n*\z", "\nRUN cp -r /run/secrets/entitlement /etc/pki/entitlement", "KMG126", "\0"),
    Planted(
        r"(?m)^COPY --from=(\w+) \S+ /opt/lib/modules\S*$",
        "COPY --from=${1} /lib/modules/$${KERNEL_VERSION} /opt/lib/modules/$${KERNEL_VERSION}",
        "KMG117",
        "\0",
    ),
];

/// The Dockerfiles of a folder and of those in it.
fn dockerfiles(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| dockerfiles(folder));
    files.into_iter().filter(|path| path.to_string_lossy().contains("Dockerfile")).chain(below).collect()
}

/// The findings in a Dockerfile as `LINE RULE`.
fn found(dockerfile: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let objects = Objects::read(Vec::new(), &mut sources);
    let dockerfiles = vec![sources.add("Dockerfile", dockerfile)];
    let allow_list = AllowList::default();
    let input = LintInput { objects: &objects, dockerfiles, kernels: Vec::new(), before: None, allow_list };
    let result = check(&input, &sources);
    let findings = result.findings.iter().map(|found| {
        let place = sources.locate(found.labels[0].span);
        format!("{} {}", place.split(':').nth(1).unwrap_or_default(), found.code)
    });
    findings.collect()
}

#[test]
fn planted_mistakes_are_found_at_their_lines() {
    let (mut missed, mut planted) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for path in dockerfiles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/good")) {
        let text = fs::read_to_string(&path).unwrap();
        for Planted(pattern, new, rule, unless) in &PLANTED {
            let pattern = Regex::new(pattern).unwrap();
            let Some(captures) = pattern.captures(&text).filter(|_| !text.contains(unless)) else { continue };
            let place = captures.get(0).unwrap().range();
            let mut changed = text[..place.start].to_owned();
            captures.expand(new, &mut changed);
            let line = 1 + changed.matches('\n').count();
            changed.push_str(&text[place.end..]);
            let found = found(&format!("{changed}\n"));
            if !found.contains(&format!("{line} {rule}")) {
                missed.push(format!("{} {rule} in line {line}: {found:?}", path.display()));
            }
            *planted.entry(rule).or_default() += 1;
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(planted.len() == PLANTED.len() && planted.values().all(|count| *count >= 5), "{planted:?}");
}
