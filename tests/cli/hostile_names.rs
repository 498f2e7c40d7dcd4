//! Values that try to be more than values: paths that leave their folder, names that would be
//! options, texts with more than one line.

use crate::scenario::Project;

/// Replaces `from` in the fleet's manifest; the run must say `said` at that line, and write nothing.
fn refused(from: &str, to: &str, said: &str) {
    let project = Project::fleet();
    let line = project.read("kmodgen.yaml").split_once(from).unwrap().0.matches('\n').count() + 1;
    project.edit("kmodgen.yaml", from, to);
    let before = project.tree();
    let run = project.run("generate").trouble().says(said);
    let places: Vec<bool> = (0..=to.matches('\n').count())
        .map(|more| run.stderr.contains(&format!("kmodgen.yaml:{}:", line + more)))
        .collect();
    assert!(places.contains(&true), "not at line {line}:\n{run}");
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    project.outside_is_untouched();
}

#[test]
fn paths_stay_in_their_folder() {
    for path in ["../outside", "/etc/passwd", "a/../../outside", "..", "'a\\b'", "''", "\"a\\0b\"", "\"a\\nb\"", "/"] {
        refused("patches/fix.patch", path, "path `");
        refused("  driver:\n", &format!("  driver:\n    dir: {path}\n"), "path `");
        refused("kernels:\n", &format!("kernels:\n  - file: {path}\n"), "path `");
        refused("baseImages:\n", &format!("output: {{dir: {path}}}\nbaseImages:\n"), "path `");
        refused("make: {", &format!("make: {{dir: {path}, "), "path `");
        refused("  - name: alpha\n", &format!("  - name: alpha\n    install: {{modDir: {path}}}\n"), "path `");
    }
    for path in ["../mine.Dockerfile", "/etc/passwd", "a/../../x"] {
        refused("  - name: alpha\n", &format!("  - name: alpha\n    template: {path}\n"), "path `");
        refused("kmods: [alpha]", &format!("kmods: [{path}/alpha]"), "path `");
    }
    refused(
        "  - name: alpha\n",
        "  - name: alpha\n    install: {modDir: lib/modules}\n",
        "not a folder for kernel modules",
    );
}

#[test]
fn names_are_names() {
    for name in ["../x", "/x", "..", ".", "a/b", "-x", "\"a\\nb\"", "\"a\\0b\"", "A", "''", "\"a b\"", "x.y"] {
        refused("name: alpha", &format!("name: {name}"), "module name `");
        refused("namespace: kmm-ci", &format!("namespace: {name}"), "namespace `");
        refused("  tools:\n", &format!("  {name}:\n"), "source name `");
        refused("source: tools", &format!("source: {name}"), "source name `");
    }
    for name in ["-x", "a b", "$(id)", "'a;b'", "\"a\\nRUN b\"", "''"] {
        refused("kmods: [alpha]", &format!("kmods: [{name}]"), "is not the name of a kernel module");
    }
    for release in
        ["../../x", "5.14.0/../x", "-5.14.0-1", "\"5.14.0-1\\nRUN x\"", "\"5.14.0\\0-1\"", "5.14.0-$(id)", "''"]
    {
        refused("6.12.107+deb12-cloud-amd64", release, "kernel release");
    }
}

#[test]
fn urls_run_nothing() {
    let marker = Project::empty();
    let touch = format!("touch {}", marker.outside().join("owned").display());
    for (url, said) in [
        (format!("--upload-pack={touch}"), "would be read as an option by git"),
        ("-u".into(), "would be read as an option by git"),
        (format!("\"ext::sh -c '{touch}'\""), "contains ' '"),
        ("ext::sh".into(), "names a remote helper"),
        ("fd::17".into(), "names a remote helper"),
        ("ssh://-oProxyCommand=x/a".into(), "would be read as an option"),
        ("\"-oProxyCommand=x:a\"".into(), "would be read as an option"),
        ("ftp://git.example.com/a".into(), "has the scheme `ftp`"),
        ("\"https://h/a\\nRUN id\"".into(), "contains '\\n'"),
        ("\"https://h/a\\0\"".into(), "contains '\\0'"),
        ("https://user:secret@git.example.com/a.git".into(), "contains a user or password"),
        ("\"https://h/$(id)\"".into(), "contains '$'"),
    ] {
        refused("https://git.example.com/tools.git", &url, said);
    }
    for reference in ["-x", "--all", "\"a b\"", "a..b", "\"a\\nb\"", "\"main\\0\"", "'@{-1}'", "a.lock"] {
        refused(&format!("\"{}\"", "2".repeat(40)), reference, "is not a git ref");
    }
    marker.outside_is_untouched();
}

#[test]
fn images_are_images() {
    let runtime = format!("registry.example.com/ubi9/ubi-minimal:9.4@sha256:{}", "c".repeat(64));
    for image in ["\"a b\"", "\"a\\nRUN x\"", "a/../b", "https://quay.io/x", "'${X}'", "-a", "''", "\"a\\0\""] {
        refused(&runtime, image, "is not an image reference");
        refused("image: registry.example.com/kmods/alpha", &format!("image: {image}"), "is not an image reference");
        let said = if image == "'${X}'" { "is not a build variable" } else { "is not an image reference" };
        refused("builder: dtk", &format!("builder: {image}"), said);
    }
    refused(
        "  - 6.12.107+deb12-cloud-amd64",
        "  - {release: 6.12.107-1-amd64, dtk: \"quay.io/x:1\\nRUN x\"}",
        "is not an image reference",
    );
}

#[test]
fn values_have_one_line() {
    for value in
        ["\"a\\nRUN id\"", "\"a\\r\\nRUN id\"", "\"a\\0b\"", "\"a\\eb\"", "|\n            a\n            RUN id\n"]
    {
        for key in ["vars", "env"] {
            let to = format!("\n    - make:\n        {key}:\n          DEBUG: {value}\n");
            refused(" [{id: compile, make: {vars: {DEBUG: \"0\"}}}]\n", &to, "the value `");
        }
    }
    refused("{DEBUG: \"0\"}", "{\"A\\nRUN id\": x}", "is not the name of a variable");
    refused("{DEBUG: \"0\"}", "{\"A B\": x}", "is not the name of a variable");
    refused("make: {", "make: {targets: [\"a\\nb\"], ", "the value `");
    refused("make: {", "make: {targets: [--eval=x], ", "is not a make target");
}

#[test]
fn patterns_are_bounded() {
    let add = |pattern: &str| format!("  - name: alpha\n    when: {{kernel: ['{pattern}']}}\n");
    refused("  - name: alpha\n", &add("(a{1000}){1000}"), "exceeds the size limit of patterns");
    for pattern in [&"(".repeat(20_000), "[", "a)|(b"] {
        refused("  - name: alpha\n", &add(pattern), "is not a regular expression");
    }
    let many: Vec<String> = (0..400).map(|number| format!(r"'[0-9]{{{number}}}(\w{{99}}){{50}}'")).collect();
    let many = format!("  - name: alpha\n    when: {{kernel: [{}]}}\n", many.join(", "));
    refused("  - name: alpha\n", &many, "exceed the total size limit");
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "  - name: alpha\n", &add("(a*)*(a*)*(a*)*(a*)*b|.*"));
    project.run("generate").fine();
}
