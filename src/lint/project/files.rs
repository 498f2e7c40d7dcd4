//! Rules on what a Module expects of its Dockerfile.

use super::super::facts::{BuildFacts, DockerfileFacts, ProjectFacts, Text, text, texts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::Severity;

/// A Module with these lines of its container from line 8 on, and a Dockerfile with these lines.
macro_rules! pair {
    ([$($line:literal)*] [$($instruction:literal)*]) => {
        concat!(
            "=== module.yaml\napiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\n",
            "metadata: {name: driver, namespace: drivers}\nspec:\n  selector: {node-role.kubernetes.io/worker: \"\"}\n",
            "  moduleLoader:\n    container:\n",
            $("      ", $line, "\n",)*
            "      kernelMappings:\n        - regexp: '^.+$'\n",
            "          containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}\n",
            "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\n",
            "data:\n  dockerfile: |\n",
            $("    ", $instruction, "\n",)*
        )
    };
}

pub(in crate::lint) static UNSIGNED_FILE: Rule = Rule {
    id: "KMG320",
    name: "file-to-sign-not-in-image",
    severity: Severity::Warning,
    summary: "`filesToSign` names a file that no instruction of the Dockerfile creates",
    why: "A path in `filesToSign` that matches no file fails KMM's signing build, and the image is never pushed.",
    wrong: RuleExample {
        text: pair! {
            ["modprobe: {moduleName: driver}"
             "build: {dockerfileConfigMap: {name: driver}}"
             "sign:"
             "  keySecret: {name: key}"
             "  certSecret: {name: cert}"
             "  filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/extra/driver.ko']"]
            ["FROM registry.example.com/driver-builder:1 AS builder"
             "FROM registry.access.redhat.com/ubi9/ubi:9.4"
             "ARG KERNEL_FULL_VERSION"
             "COPY --from=builder /build/driver.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/"
             "RUN depmod -b /opt ${KERNEL_FULL_VERSION}"]
        },
        line: 13,
    },
    right: pair! {
        ["modprobe: {moduleName: driver}"
         "build: {dockerfileConfigMap: {name: driver}}"
         "sign:"
         "  keySecret: {name: key}"
         "  certSecret: {name: cert}"
         "  filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/driver.ko']"]
        ["FROM registry.example.com/driver-builder:1 AS builder"
         "FROM registry.access.redhat.com/ubi9/ubi:9.4"
         "ARG KERNEL_FULL_VERSION"
         "COPY --from=builder /build/driver.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/"
         "RUN depmod -b /opt ${KERNEL_FULL_VERSION}"]
    },
    check: RuleCheck::Project(unsigned_file),
};

/// Replaces variables by `*`, so that a release is the same in both texts.
fn generalised(path: &str) -> String {
    let mut general = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        general.push_str(&rest[..at]);
        general.push('*');
        let after = &rest[at + 1..];
        rest = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}').map_or("", |(_, rest)| rest),
            None => after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
        };
    }
    general + rest
}

/// The paths of kmods that the last stage copies one by one; `None` if others may be there too.
fn kmod_paths(dockerfile: &DockerfileFacts<'_>) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    let moves = dockerfile.last_commands().any(|one| {
        one.is_script
            || matches!(
                one.program.as_str(),
                "mv" | "cp" | "ln" | "install" | "find" | "make" | "tar" | "rpm" | "dnf" | "xz" | ""
            ) && (one.mentions(".ko") || one.mentions("/opt") || one.program == "make" || one.program == "tar")
    });
    if moves {
        return None;
    }
    for copy in dockerfile.last_copies() {
        let is_folder = copy.target.ends_with('/') || copy.sources.len() > 1;
        for source in &copy.sources {
            let file = source.rsplit('/').next().unwrap_or_default();
            if !file.contains(".ko") {
                if copy.target.contains("lib")
                    || copy.target == "/opt"
                    || copy.target == "/"
                    || copy.target.ends_with("/opt/")
                {
                    return None;
                }
                continue;
            }
            let has_name = !is_folder && copy.target.contains(".ko");
            let folder = copy.target.trim_end_matches('/');
            paths.push(generalised(&if has_name { copy.target.clone() } else { format!("{folder}/{file}") }));
        }
    }
    (!paths.is_empty()).then_some(paths)
}

fn matches(pattern: &str, text: &str) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(&text.replace('*', "x")))
}

/// Checks if two paths with `*` may be of the same file.
fn may_be_same(one: &str, other: &str) -> bool {
    let [one, other]: [Vec<&str>; 2] = [one, other].map(|path| path.split('/').collect());
    one.len() == other.len()
        && one.iter().zip(&other).all(|(one, other)| one == other || matches(one, other) || matches(other, one))
}

fn unsigned_file(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        let Some(paths) = kmod_paths(dockerfile) else { continue };
        for file in signed_files(project, &build) {
            let expected = generalised(file.text);
            if !paths.iter().any(|path| may_be_same(path, &expected)) {
                let message = "no instruction of the Dockerfile puts a kmod here";
                let help = format!("write `{}`, or copy the kmod to this path", shown(&paths[0], file.text));
                report.at(file.span, message, help);
            }
        }
    }
}

/// Returns a path as it would be written in `filesToSign`.
fn shown(path: &str, like: &str) -> String {
    let release = if like.contains("${KERNEL_FULL_VERSION}") { "${KERNEL_FULL_VERSION}" } else { "*" };
    path.replacen('*', release, 1)
}

fn signed_files<'n>(project: &ProjectFacts<'n>, build: &BuildFacts<'n>) -> Vec<Text<'n>> {
    let module = &project.modules[build.module];
    let own = build.mapping.and_then(|at| module.mappings.get(at)).and_then(|mapping| mapping.node.get("sign"));
    let outer = module.container.and_then(|container| container.get("sign"));
    own.or(outer).map(|sign| texts(sign, "filesToSign")).unwrap_or_default()
}

pub(in crate::lint) static NO_FIRMWARE: Rule = Rule {
    id: "KMG321",
    name: "firmware-not-in-image",
    severity: Severity::Warning,
    summary: "No instruction of the Dockerfile mentions the folder of `firmwarePath`",
    why: "KMM's worker copies `firmwarePath` out of the image before it loads the kmods. A folder that is not there fails \
          each load.",
    wrong: RuleExample {
        text: pair! {
            ["modprobe: {moduleName: driver, firmwarePath: /firmware}"
             "build: {dockerfileConfigMap: {name: driver}}"]
            ["FROM registry.example.com/driver-builder:1 AS builder"
             "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"
             "COPY --from=builder /opt/lib/modules /opt/lib/modules"
             "COPY --from=builder /build/blobs /fw"]
        },
        line: 8,
    },
    right: pair! {
        ["modprobe: {moduleName: driver, firmwarePath: /firmware}"
         "build: {dockerfileConfigMap: {name: driver}}"]
        ["FROM registry.example.com/driver-builder:1 AS builder"
         "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"
         "COPY --from=builder /opt/lib/modules /opt/lib/modules"
         "COPY --from=builder /build/blobs /firmware"]
    },
    check: RuleCheck::Project(no_firmware),
};

fn no_firmware(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    let mut seen = Vec::new();
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        let module = &project.modules[build.module];
        let Some(path) = module.modprobe.and_then(|modprobe| text(modprobe, "firmwarePath")) else { continue };
        let folder = path.text.trim_end_matches('/');
        let takes_all = dockerfile.last_copies().any(|copy| {
            let target = copy.target.trim_end_matches('/');
            target.is_empty() || folder.starts_with(&format!("{target}/")) || copy.target.contains('$')
        });
        let is_known = dockerfile.text.contains(folder) || takes_all || seen.contains(&path.span);
        if !is_known && !folder.is_empty() {
            seen.push(path.span);
            let message = format!("nothing in the Dockerfile makes `{folder}`");
            report.at(path.span, message, "copy the firmware to this folder in the last stage");
        }
    }
}

pub(in crate::lint) static UNLISTED_SECRET: Rule = Rule {
    id: "KMG322",
    name: "secret-not-in-module",
    severity: Severity::Warning,
    summary: "A Dockerfile reads a secret that the Module does not list in `build.secrets`",
    why: "KMM mounts the secrets of `build.secrets` at `/run/secrets/NAME`, and no others. The file is then missing, and \
          the build fails.",
    wrong: RuleExample {
        text: pair! {
            ["modprobe: {moduleName: driver}"
             "build: {dockerfileConfigMap: {name: driver}}"]
            ["FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"
             "RUN git clone -b v1 https://$(cat /run/secrets/git-token/token)@git.example.com/driver.git"]
        },
        line: 9,
    },
    right: pair! {
        ["modprobe: {moduleName: driver}"
         "build: {dockerfileConfigMap: {name: driver}, secrets: [{name: git-token}]}"]
        ["FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"
         "RUN git clone -b v1 https://$(cat /run/secrets/git-token/token)@git.example.com/driver.git"]
    },
    check: RuleCheck::Project(unlisted_secret),
};

/// Secrets that OpenShift mounts itself.
const OF_OPENSHIFT: [&str; 4] = ["etc-pki-entitlement", "rhsm", "redhat.repo", "kubernetes.io"];

/// The names below `/run/secrets/` in a text.
fn secrets(text: &str) -> Vec<&str> {
    const FOLDER: &str = "/run/secrets/";
    let names = text.split(FOLDER).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(rest.len());
        rest[..end].trim_end_matches('.')
    });
    names.filter(|name| !name.is_empty() && !OF_OPENSHIFT.contains(name)).collect()
}

/// The secrets that a build lists, those of the container included.
fn listed<'n>(project: &ProjectFacts<'n>, build: &BuildFacts<'n>) -> Vec<Text<'n>> {
    let outer = project.modules[build.module].container.and_then(|container| container.get("build"));
    let nodes = [Some(build.node), outer.map(|outer| &**outer)];
    let lists =
        nodes.into_iter().flatten().filter_map(|node| node.get("secrets")).filter_map(|list| list.as_sequence());
    lists.flatten().filter_map(|item| text(item, "name")).collect()
}

fn unlisted_secret(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        let listed = listed(project, &build);
        let mut told: Vec<&str> = Vec::new();
        for name in secrets(dockerfile.text) {
            if !listed.iter().any(|secret| secret.text == name) && !told.contains(&name) {
                told.push(name);
                let message = format!("the Dockerfile reads the secret `{name}`, which is not in `build.secrets`");
                report.at(build.config_map.span, message, format!("add `secrets: [{{name: {name}}}]` to `build`"));
            }
        }
    }
}

pub(in crate::lint) static UNUSED_SECRET: Rule = Rule {
    id: "KMG323",
    name: "unused-secret",
    severity: Severity::Warning,
    summary: "A Module lists a build secret that its Dockerfile does not mention",
    why: "KMM mounts the secret into each build, which any instruction and program of the build can read.",
    wrong: RuleExample {
        text: pair! {
            ["modprobe: {moduleName: driver}"
             "build: {dockerfileConfigMap: {name: driver}, secrets: [{name: git-token}]}"]
            ["FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"
             "RUN echo driver"]
        },
        line: 9,
    },
    right: pair! {
        ["modprobe: {moduleName: driver}"
         "build: {dockerfileConfigMap: {name: driver}}"]
        ["FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"
         "RUN echo driver"]
    },
    check: RuleCheck::Project(unused_secret),
};

fn unused_secret(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        // A path with a variable may be that of any secret.
        let is_open = dockerfile.text.contains("/run/secrets/$") || dockerfile.text.contains("/run/secrets/*");
        for secret in texts_of(build.node) {
            // Package managers read those of OpenShift without being told.
            let is_known = OF_OPENSHIFT.contains(&secret.text) || dockerfile.text.contains(secret.text);
            if !is_open && !is_known {
                let message = format!("the Dockerfile does not use the secret `{}`", secret.text);
                report.at(secret.span, message, "remove it from `build.secrets`");
            }
        }
    }
}

fn texts_of(build: &kmodgen_yaml::Node) -> Vec<Text<'_>> {
    let items = build.get("secrets").and_then(|list| list.as_sequence()).unwrap_or_default();
    items.iter().filter_map(|item| text(item, "name")).collect()
}
