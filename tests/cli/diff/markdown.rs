//! `--format markdown`: a comment on a pull request.

use std::fmt::Write as _;

use super::committed;
use crate::scenario::Project;

/// Most characters of a comment on GitHub.
const MOST: usize = 65_536;

#[test]
fn a_comment_reads_well() {
    let project = committed();
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project.edit("kmodgen.yaml", "  - {release: 6.12.107+deb12-cloud-amd64, nodes: 4}\n", "");
    let run = project.run("diff v1 --format markdown").fine().silent();
    assert_snapshot!("diff_markdown", run.unhashed());
}

/// Modules that all change in another way.
fn large(modules: usize) -> Project {
    let project = Project::fleet();
    let manifest = project.read("kmodgen.yaml");
    let (start, _) = manifest.split_once("modules:\n").unwrap();
    let mut text = format!("{start}modules:\n");
    for number in 0..modules {
        let _ = write!(
            text,
            "  - name: m{number}\n    source: driver\n    kmods: [m{number}]\n    image: registry.example.com/m{number}\n    \
             steps: [{{make: {{vars: {{A: \"{number} before\"}}}}}}]\n    moduleSpec: {{selector: {{a: b}}}}\n"
        );
    }
    project.write("kmodgen.yaml", text);
    project.commit("v1");
    project.write("kmodgen.yaml", project.read("kmodgen.yaml").replace(" before", &format!(" {}", "after ".repeat(9))));
    project
}

#[test]
fn a_long_comment_is_cut_and_counts_what_is_missing() {
    for modules in [90, 150] {
        let project = large(modules);
        let text = project.run("diff v1 --format markdown").fine().stdout;
        assert!(text.chars().count() <= MOST && text.len() > MOST / 2, "{}", text.len());
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert_eq!(text.lines().filter(|line| line.starts_with("```")).count() % 2, 0, "{text}");
        let left = text.lines().last().unwrap();
        let shown = text.matches("<details>").count();
        assert!(left.starts_with("**Left out for lack of room:** "), "{left}");
        assert!(left.contains(&format!("{} diffs", modules - shown)), "{left}");
        assert_eq!(left.contains("50 table rows"), modules == 150, "{left}");
    }
}

/// Texts of the manifest stay inside of code.
#[test]
fn nothing_in_a_manifest_is_markup() {
    let project = committed();
    let evil = "</details> <img src=x> @everyone [a](javascript:b) | x";
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", &format!("DEBUG: \"{evil}\""));
    project.append("kmodgen.yaml", "metadata: {annotations: {team: '````` <script> \u{202e}'}}\n");
    project.write("patches/a`b.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-</details>\n+````` <script>\n");
    project.edit("kmodgen.yaml", "[patches/fix.patch]", "[patches/fix.patch, \"patches/a`b.patch\"]");
    let text = project.run("diff v1 --format markdown").fine().stdout;
    assert!(!text.contains('\u{202e}'), "{text}");
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line.trim() == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                for evil in ["@everyone", "<img", "javascript", "<script", "`````"] {
                    assert!(!line.contains(evil), "{line}\n{text}");
                }
            }
        }
    }
    assert_eq!(fence, None, "{text}");
    assert!(text.contains(evil) && text.contains("<script>"), "{text}");
}
