//! Proposals for small repositories.

use std::sync::Arc;

use proptest::prelude::*;

use super::repository::RepositoryFiles;
use super::testing::repository;
use super::{ClusterKernel, Proposal, Reference, Request};
use crate::manifest::Manifest;
use crate::vocabulary::{Diagnostics, InputError, InputFiles, Listed, RelPath, SourceMap};

fn request() -> Request {
    let reason = "the newest release among 3 tags".to_owned();
    Request {
        url: "https://git.example.com/driver.git".to_owned(),
        name: "driver".to_owned(),
        reference: Reference { name: "v1.2".to_owned(), reason, is_guess: false },
        namespace: "kmods".to_owned(),
        image: None,
        kernels: None,
        is_read: true,
    }
}

fn proposal(files: &[(&str, &str)]) -> Proposal {
    Proposal::new(&request(), &repository(files))
}

/// The lines of the manifest's only module, without comments.
fn module(files: &[(&str, &str)]) -> String {
    let Proposal { manifest, remarks, .. } = proposal(files);
    let (_, modules) = manifest.split_once("modules:\n").unwrap();
    let lines = modules.lines().map(|line| line.split("  #").next().unwrap().trim());
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("image")).skip(2).collect();
    format!("{} {}", lines.join(" "), remarks.join(" ")).trim().to_owned()
}

#[test]
fn a_repository_without_kmods_has_gaps() {
    let proposal = proposal(&[("README", "")]);
    assert!(!proposal.is_complete());
    assert_eq!(proposal.gaps[0].field, "modules[0].kmods");
    assert!(proposal.manifest.contains("kmods: [driver]  # FILL IN:"), "{}", proposal.manifest);
}

#[test]
fn submodules_without_kmods_beside_them_are_named() {
    let modules = (".gitmodules", "[submodule \"a\"]\n\tpath = drivers/a\n\turl = ../a.git\n\tpath=b\u{1b}\n");
    let remark = |folder: &str| {
        format!(
            "{folder} is a submodule, and its files are not read: run `kmodgen init` with its URL, or list its kmods"
        )
    };
    assert_eq!(proposal(&[modules]).remarks, [remark("drivers/a"), remark("b\\u{1b}")]);
    assert_eq!(proposal(&[modules, ("Kbuild", "obj-m := a.o\n")]).remarks, [""; 0]);
}

#[test]
fn a_call_in_an_included_file_counts() {
    let files = [
        ("Makefile", "include rules.mk\nobj-m := a.o\n"),
        ("rules.mk", "KVER ?= $(shell uname -r)\nall:\n\t$(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR)\n"),
    ];
    assert_eq!(module(&files), "kmods: [a] steps: - make: vars: {KVER: \"${KERNEL_VERSION}\"}");
    let step = proposal(&files).found.into_iter().find(|finding| finding.fact == "step").unwrap();
    assert_eq!(step.reason, "rules.mk:3: it calls kbuild for the kernel that KVER names");
}

#[test]
fn dkms_conf_counts_where_it_lies_above_the_code() {
    let conf = "PACKAGE_NAME=a\nPACKAGE_VERSION=3.1\nBUILT_MODULE_NAME[0]=a\n";
    assert_eq!(module(&[("dkms.conf", conf), ("src/Kbuild", "obj-m := a.o b.o\n")]), "kmods: [a] steps: - dkms: {}");
    assert_eq!(
        module(&[("m/dkms.conf", conf), ("m/Makefile", "obj-m := a.o\n"), ("m/old/dkms.conf", conf)]),
        "kmods: [a] steps: - dkms: dir: m"
    );
    assert_eq!(module(&[("dkms.conf", conf)]), "kmods: [a] steps: - dkms: {}");
    // In the layout of a package it names what is not there.
    assert_eq!(
        module(&[("debian/dkms.conf", conf), ("src/Kbuild", "obj-m := b.o\n")]),
        "kmods: [b] steps: - kbuild: dir: src"
    );
    assert_eq!(
        module(&[("dkms.conf", "PACKAGE_NAME=a\nBUILT_MODULE_NAME=$(ls)\n"), ("Kbuild", "obj-m := b.o\n")]),
        "kmods: [b] steps: - dkms: {} dkms.conf:2 names a kmod by `$(ls)`, which only a shell can compute"
    );
    let proposal = Proposal::new(
        &Request { reference: Reference { name: "main".to_owned(), ..request().reference }, ..request() },
        &repository(&[("dkms.conf", conf)]),
    );
    assert!(
        proposal.manifest.contains("    version: \"3.1\"  # PACKAGE_VERSION of dkms.conf\n"),
        "{}",
        proposal.manifest
    );
}

#[test]
fn configure_counts_where_it_decides() {
    let makefile = ("mod/Makefile", "obj-m := a.o\n");
    assert_eq!(module(&[("configure", "#!/bin/sh\n"), makefile]), "kmods: [a] steps: - kbuild: dir: mod");
    assert_eq!(
        module(&[("configure.ac", "AC_ARG_WITH([linux], [])\n"), makefile]),
        "kmods: [a] steps: - configure: autoreconf: true args: [\"--with-linux=/lib/modules/${KERNEL_VERSION}/build\"] \
         - make: jobs: all"
    );
    assert_eq!(
        module(&[("sub/configure", "#!/bin/sh\n"), ("sub/mod/Kbuild.in", "obj-$(CONFIG_A) := a.o\n")]),
        "kmods: [a] steps: - configure: dir: sub - make: dir: sub jobs: all vars: {CONFIG_A: m}"
    );
}

#[test]
fn options_that_a_file_sets_are_left_to_it() {
    let kbuild = "obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += b.o\nobj-$(CONFIG_C) += c/\n";
    assert_eq!(
        module(&[("Kbuild", kbuild), ("c/Kbuild", "CONFIG_A := m\nobj-m += c.o\n")]),
        "kmods: [a, b, c] steps: - kbuild: vars: {CONFIG_B: m, CONFIG_C: m}"
    );
    assert_eq!(
        module(&[(
            "Makefile",
            "obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += b.o\nall:\n\tmake -C $(KDIR) M=$(PWD) CONFIG_A=m\n"
        )]),
        "kmods: [a, b] steps: - make: vars: {CONFIG_B: m, KDIR: \"/lib/modules/${KERNEL_VERSION}/build\"}"
    );
}

#[test]
fn a_kmod_is_built_once() {
    assert_eq!(
        module(&[("new/Kbuild", "obj-m := a.o\n"), ("old/Kbuild", "obj-m := a.o\n")]),
        "kmods: [a] steps: - kbuild: dir: new `a` of old/Kbuild:1 is left out: new/Kbuild:1 has it, too"
    );
    assert_eq!(module(&[("Kbuild", "obj-m := x/a.o y/a.o b.o\n")]), "kmods: [x/a, y/a, b]");
    let many: Vec<(String, String)> =
        (0..12).map(|number| (format!("m{number:02}/Kbuild"), format!("obj-m := k{number}.o\n"))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let proposal = proposal(&many);
    assert_eq!(proposal.manifest.matches("- name: k").count(), 8);
    assert_eq!(
        proposal.remarks,
        ["4 more folders are left out, such as m08/Kbuild:1, m09/Kbuild:1, m10/Kbuild:1, m11/Kbuild:1"]
    );
}

#[test]
fn kmods_in_conditions_are_named() {
    let text = "ifeq ($(CONFIG_X86),y)\nobj-m += a.o b.o\nendif\nifneq ($(KERNELRELEASE),)\nobj-m += c.o\nendif\n";
    let gap = &proposal(&[("Makefile", text)]).gaps[0];
    assert_eq!(gap.reason, "in conditions that were not judged: a, b; take out what is not built");
    assert!(!gap.is_needed);
}

/// The list of kernels of a manifest that has one.
struct Fleet;

impl InputFiles for Fleet {
    fn read(&self, _: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        Ok(Arc::new(b"apiVersion: kmodgen/v1\nkernels: [6.1.0-47-amd64]\n".to_vec()))
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err(InputError::Absent)
    }
}

/// Lines of all kinds of files, and what may break them.
const LINE: &str = r#"((obj-m|obj-y|obj-\$\(CONFIG_A\)|KDIR|export CONFIG_A|BUILT_MODULE_NAME\[[01]\]|PACKAGE_NAME|MAKE\[0\]) ?(=|:=|\+=|\?=) ?([a-z]{1,3}\.o |[a-z]{1,3}/ |\.\./|\$\(KDIR\)|\$\(shell uname -r\)|m |`|"|\\|[\x00-\u{ff}]){0,4}|ifeq x|endif|else|define x|endef|all: a|	make -C \$\(KDIR\) M=\.|-?include (\.\./)?[a-c/]{0,2}a\.mk|obj-m = \$\((addsuffix|patsubst|strip) [a-z%,.]{0,6}\)|AC_ARG_WITH\(\[kernel\],|\PC{0,20})"#;

proptest! {
    #[test]
    fn every_proposal_is_a_manifest(
        texts in proptest::collection::btree_map(
            "(|[a-c]/|a/b/|[\\x00-\u{ff}]{1,2}/)(Kbuild|Makefile|Kbuild\\.in|dkms\\.conf|configure|configure\\.ac|COPYING|\\.gitmodules|a\\.mk)",
            proptest::collection::vec(LINE, 0..8).prop_map(|lines| lines.join("\n")),
            0..6,
        ),
        name in "[a-z-]{0,70}",
        reason in "\\PC{0,20}|[\\x00-\u{ff}]{0,10}",
        openshift in proptest::option::of(any::<bool>()),
        image in proptest::option::of(Just("registry.example.com/a/b".to_owned())),
    ) {
        let files = RepositoryFiles {
            paths: texts.keys().cloned().collect(),
            unread: texts.keys().map(|path| (path.clone(), reason.clone())).collect(),
            texts,
            cut: None,
        };
        let kernel = openshift.map(|is_openshift| {
            let (release, distribution) = ("6.1.0-47-amd64".to_owned(), Some(reason.clone()));
            vec![ClusterKernel { release, distribution, is_openshift, nodes: 1 }]
        });
        let mut request = Request { name: super::name_of_url(&name), kernels: kernel, image, ..request() };
        request.reference.reason = reason;
        let Proposal { manifest, .. } = Proposal::new(&request, &files);
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let source = sources.add("kmodgen.yaml", manifest.as_str());
        let read = Manifest::read(source, &manifest, &Fleet, &mut sources, &mut faults);
        prop_assert!(read.is_some() && !faults.has_errors(), "{manifest}\n{:?}", faults.into_sorted());
        prop_assert!(!manifest.chars().any(|c| c.is_control() && c != '\n'), "{manifest}");
    }
}
