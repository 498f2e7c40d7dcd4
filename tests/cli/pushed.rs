//! Images that are built once and pulled by digest (`builtBy: ci`), and aliases of images. What a real engine and a
//! real registry make of it is for e2e/run to tell.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::building::with_engine;
use crate::registries::registry;
use crate::scenario::{Project, RT, Run};
use crate::verify::world::{Root, archive, configuration, layout, release};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A project whose module `alpha` has these lines, with an engine whose images have the files of `root`, and a registry
/// that has what the engine pushed.
struct Site {
    project: Project,
    path: String,
}

impl Site {
    fn new(lines: &str, root: &Root) -> Self {
        let folder: Arc<OnceLock<PathBuf>> = Arc::default();
        let pushed = folder.clone();
        let port = registry(move |head| {
            let reference = head.split_whitespace().nth(1).unwrap_or_default();
            let tag = reference.rsplit('/').next().unwrap_or_default();
            let asked = std::fs::read_to_string(pushed.get().unwrap().join("asked")).unwrap_or_default();
            let is_pushed = asked.lines().any(|line| {
                line.starts_with("push") && !line.contains("oci-archive") && line.ends_with(&format!(":{tag}"))
            });
            match is_pushed {
                true => format!("200 OK\nDocker-Content-Digest: {DIGEST}"),
                false => "404 Not Found".to_owned(),
            }
        });
        let (project, path) = with_engine("true");
        folder.set(project.path("")).unwrap();
        project.edit("kmodgen.yaml", RT, &release());
        project.edit("kmodgen.yaml", "registry.example.com/kmods/alpha", &format!("127.0.0.1:{port}/kmods/alpha"));
        project.edit("kmodgen.yaml", "    kmods: [alpha]\n", &format!("    kmods: [alpha]\n{lines}"));
        project.edit(
            "kmodgen.yaml",
            "moduleSpec: {selector",
            "moduleSpec: {moduleLoader: {container: {registryTLS: {insecure: true}}}, selector",
        );
        project.write("image.tar", archive(&layout(&[root.layer()], configuration())));
        let exports =
            "case \"$1\" in\npush) test \"${4#oci-archive:}\" = \"$4\" || cp image.tar \"${4#oci-archive:}\" ;;";
        project.edit("bin/buildah", "case \"$1\" in", exports);
        Self { project, path }
    }

    fn build(&self, more: &str) -> Run {
        let line = format!("build --engine buildah --dtk quay.io/dtk:1 {more}");
        self.project.kmodgen(&line).env("PATH", &self.path).run()
    }

    fn asked(&self) -> String {
        self.project.read("asked")
    }

    fn forget_what_was_asked(&self) {
        let pushes = self.asked();
        let pushes = pushes.lines().filter(|line| line.starts_with("push --tls-verify=false 127"));
        self.project.write("asked", pushes.collect::<Vec<_>>().join("\n") + "\n");
    }
}

/// The pattern of the mapping whose kernel is the one of the images.
fn only() -> String {
    format!("--only alpha/{}", release().replace('.', "\\."))
}

#[test]
fn a_module_waits_for_all_its_images() {
    let root = Root::good();
    let site = Site::new("    builtBy: ci\n", &root);
    let held = site.project.run("generate").differs();
    held.says("skipped module `alpha`: ").says("images are not pushed").says("kmodgen build --push");

    // The images of this engine are for one kernel, so the other images do not hold.
    site.build("--push --only alpha/.* --keep-going").differs().shows("1 pushed");
    let lock = site.project.read("kmodgen.lock");
    assert!(lock.contains(&format!("digest: {DIGEST}")) && lock.matches("kmods/alpha").count() == 1, "{lock}");
    site.project.run("generate").differs().says("are not pushed");
}

#[test]
fn a_module_is_written_once_all_its_images_are_pushed() {
    let root = Root::good();
    let when = format!("    builtBy: ci\n    when: {{kernel: '{}'}}\n", release().replace('.', "\\."));
    let site = Site::new(&when, &root);
    site.build("--push --only alpha").fine().shows("1 pushed");
    site.project.run("generate --allow-remove").fine();
    let module = site.project.read("gitops/alpha/module.yaml");
    assert!(module.contains(&format!("@{DIGEST}")) && !module.contains("build:"), "{module}");
    assert!(!site.project.read("gitops/alpha/kustomization.yaml").contains("configmap"));
    let config_map = site.project.read(&format!("gitops/alpha/{}/configmap.yaml", release()));
    assert!(config_map.contains("argocd.argoproj.io/hook: Skip"), "{config_map}");
    site.project.run("generate --check").fine();
    let rows = site.project.run("plan --only alpha --format json").fine().json();
    assert_eq!(rows[0]["state"], "unchanged", "{rows}");

    // Built again, it is skipped, and nothing is pulled: the lock knows it.
    site.forget_what_was_asked();
    site.build("--push --only alpha").fine().shows("1 skipped");
    assert!(!site.asked().contains("pull"), "{}", site.asked());

    // A lock that lost the digest gets it again, from an image that is verified first.
    let lock = site.project.read("kmodgen.lock");
    site.project.write("kmodgen.lock", lock.split_once("pushed:").unwrap().0);
    site.project.run("generate").differs().says("skipped module `alpha`: the image for");
    site.build("--push --only alpha").fine().shows("1 skipped");
    assert!(site.asked().contains("pull --tls-verify=false"), "{}", site.asked());
    assert_eq!(site.project.read("kmodgen.lock"), lock);
}

#[test]
fn an_image_that_does_not_hold_gets_no_digest() {
    let site = Site::new("    builtBy: ci\n", &Root::empty());
    site.build(&format!("--push {}", only())).differs().says("no-modules");
    assert!(!site.project.read("kmodgen.lock").contains("pushed"));
}

#[test]
fn aliases_are_pushed_beside_the_tag() {
    let root = Root::good();
    let aliases =
        "    aliases: ['${KERNEL_FULL_VERSION}', 'x-${KERNEL_VERSION}']\n    unless: {kernel: '6.*', reason: x}\n";
    let site = Site::new(aliases, &root);
    site.build(&format!("--push {}", only())).fine().shows("1 pushed");
    let asked = site.asked();
    for alias in [release(), format!("x-{}", release())] {
        assert!(asked.lines().any(|line| line.starts_with("push") && line.ends_with(&format!(":{alias}"))), "{asked}");
    }
    assert!(!site.project.read("kmodgen.lock").contains("pushed"), "tags need no digest");
    site.forget_what_was_asked();
    site.build(&format!("--push {}", only())).fine().shows("1 skipped");
    assert!(!site.asked().contains("pull"), "{}", site.asked());
    // An alias that is not there is pushed, even if the image is.
    site.project.edit("kmodgen.yaml", "x-$", "y-$");
    site.build(&format!("--push {}", only())).fine().shows("1 skipped");
    assert!(site.asked().contains("pull --tls-verify=false") && site.asked().contains(&format!(":y-{}", release())));
    site.project.run("generate").fine();
    let before = site.project.output();
    site.project.edit("kmodgen.yaml", "y-$", "z-$");
    site.project.run("generate").fine();
    assert_eq!(site.project.output().since(&before), Vec::<String>::new(), "aliases are in no hash");
}

#[test]
fn wrong_aliases_and_builders_are_refused() {
    for (name, lines) in [
        ("alias_repository", "    aliases: ['quay.io/a/b:latest']\n"),
        ("alias_illegal", "    aliases: ['a b']\n"),
        ("alias_of_two_kernels", "    aliases: [latest]\n"),
        ("alias_variable", "    aliases: ['${KVER}']\n"),
        ("built_by", "    builtBy: docker\n"),
    ] {
        let project = Project::fleet();
        project.edit("kmodgen.yaml", "    kmods: [alpha]\n", &format!("    kmods: [alpha]\n{lines}"));
        let before = project.tree();
        assert_snapshot!(name, project.run("generate").trouble());
        assert_eq!(project.tree().written_since(&before), Vec::<&str>::new(), "{name}");
    }
    let project = Project::fleet();
    project.edit(
        "kmodgen.yaml",
        "    kmods: [alpha]\n",
        "    kmods: [alpha]\n    aliases: ['${KERNEL_FULL_VERSION}']\n",
    );
    let rt = project.run("generate").trouble();
    assert_snapshot!("alias_of_a_release_with_plus", rt);
}

#[test]
fn a_version_may_be_in_the_tag() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", "    kmods: [alpha]\n    version: \"1.0\"\n");
    project.run("generate").fine();
    let lines = "    version: \"1.1\"\n    versionInTag: true\n";
    project.edit("kmodgen.yaml", "    version: \"1.0\"\n", lines);
    project.run("generate").fine().shows("3 to reload");
    assert!(project.read("gitops/alpha/module.yaml").contains("kmods/alpha:1.1-5.14.0-427.28.1.el9_4.x86_64-"));
    let before = project.output();
    project.edit("kmodgen.yaml", "\"1.1\"", "\"1.2\"");
    project.run("generate").fine().shows("3 to reload");
    let changed = project.output().since(&before);
    assert_eq!(changed, ["~ alpha/module.yaml"], "the content is the same");
    project.edit("kmodgen.yaml", "    versionInTag: true\n", "");
    project.edit("kmodgen.yaml", "\"1.2\"", "\"1.3\"");
    project.run("generate").fine().shows("3 to reload");

    project.edit("kmodgen.yaml", "    version: \"1.3\"\n", "    versionInTag: true\n");
    assert_snapshot!("version_in_tag_without_version", project.run("generate").trouble());
    project.edit(
        "kmodgen.yaml",
        "    versionInTag: true\n",
        &format!("    version: \"{}\"\n    versionInTag: true\n", "1".repeat(63)),
    );
    let name = "5.14.0-427.28.1.el9_4.x86_64";
    project.edit(
        "kmodgen.yaml",
        &format!("release: {name}"),
        &format!("release: 5.14.0-{}.el9.x86_64", "4".repeat(42)),
    );
    project.run("generate").trouble().says("characters longer than a registry allows").says("remove `versionInTag`");
}
