//! Each module by itself: an object of the right architecture, built for the right kernel, signed
//! where that is asked for.

use crate::facts::Facts;
use crate::placement::{Folder, Module, name};
use crate::root::{Node, Root};
use crate::signature::Signature;
use crate::{Contract, Expected, Report, Target, shown};

/// Checks the modules of one kernel.
pub(crate) fn check(
    root: &Root,
    folder: &Folder<'_>,
    target: Option<&Target>,
    expected: &Expected,
    report: &mut Report,
) {
    for module in &folder.modules {
        let Some(kmod) = module.kmod() else {
            tell_unreadable(module, report);
            continue;
        };
        if expected.contract != Contract::Kmm1 {
            check_link(root, folder, module, report);
        }
        if let Some((why, help)) = &kmod.packing {
            report.find("compression", &module.path, why.clone(), *help);
        }
        if let Some(why) = kmod.lacks {
            report.find("stripped", &module.path, why, "strip at most with `strip --strip-debug`");
        }
        if let Some(target) = target.filter(|target| target.architecture != kmod.architecture) {
            let Target { architecture, witness } = target;
            report.find(
                "architecture",
                &module.path,
                format!("is for {}, but {witness} is {architecture}", kmod.architecture),
                "build on the architecture of the nodes, or with a cross compiler and ARCH set",
            );
        }
        match kmod.info.as_ref().and_then(|info| info.release()) {
            Some(release) if release == folder.release => {}
            Some(release) => report.find(
                "vermagic",
                &module.path,
                format!("was built for kernel {} and cannot be loaded on {}", shown(release), folder.release),
                "build against /lib/modules/<release>/build of that kernel; do not rely on `uname -r`",
            ),
            None => report.find(
                "vermagic",
                &module.path,
                "has no vermagic with the kernel that it was built for",
                "build it with the kernel's own build system (kbuild), and do not strip more than --strip-debug",
            ),
        }
        check_name(module, report);
        match kmod.signature {
            Signature::Absent if expected.signed => report.find(
                "unsigned",
                &module.path,
                "has no signature",
                "add it to the Module's `sign.filesToSign`, and do not strip or compress it after signing",
            ),
            Signature::Broken(why) => report.find(
                "signature",
                &module.path,
                format!("ends like a signed module, but its signature {why}: no kernel loads it"),
                "sign the module as the build made it, and do not change it afterwards",
            ),
            Signature::Absent | Signature::Present => {}
        }
    }
}

/// modprobe finds a module by its file's name, and unloads it by that which it loaded.
fn check_name(module: &Module<'_>, report: &mut Report) {
    let info = module.kmod().and_then(|kmod| kmod.info.as_ref());
    let Some(own) = info.and_then(|info| info.name.as_deref()).filter(|own| name(own) != module.name()) else { return };
    let file = module.path.rsplit('/').next().unwrap_or_default();
    let suffix = file.find(".ko").map_or("", |at| &file[at..]);
    report.find(
        "module-name",
        &module.path,
        format!("is the module {}, which modprobe expects in a file of that name", shown(own)),
        format!("name the file {}{suffix}, and run depmod again", shown(own)),
    );
}

/// The worker of KMM 2 copies the folder as it is: a link is the same text there, under another root.
fn check_link(root: &Root, folder: &Folder<'_>, module: &Module<'_>, report: &mut Report) {
    let Some(Node::Link(target)) = root.get(&module.path) else { return };
    let inside = root.resolve(&module.path).is_ok_and(|real| real.starts_with(&format!("{}/", folder.path)));
    if target.starts_with('/') || !inside {
        report.find(
            "module-link",
            &module.path,
            format!("is a link to {}, which points elsewhere after KMM's worker has copied the folder", shown(target)),
            "copy the file itself to this place",
        );
    }
}

fn tell_unreadable(module: &Module<'_>, report: &mut Report) {
    let message = match module.facts.map(AsRef::as_ref) {
        None => "is a link to a file that is not in the image".to_owned(),
        Some(Facts::Module(Err(error))) => error.to_string(),
        Some(Facts::Unread(why)) => why.clone(),
        Some(_) => "is a link to a file whose name is not a module's".to_owned(),
    };
    report.find("not-a-module", &module.path, message, "copy the .ko file that the build made, as it is");
}

#[cfg(test)]
mod tests {
    use crate::Finding;
    use crate::facts::Facts;
    use crate::signature::tests::signature;
    use crate::testing::{R, Tree, codes, kmod, kmod_file, stripped_kmod_file};
    use crate::{Contract, Expected, Image, check};

    const A: &str = "opt/lib/modules/5.14.0-1.el9.x86_64/a.ko";

    fn find(facts: Facts, architecture: Option<&str>, signed: bool) -> Vec<Finding> {
        let root = Tree::new().file(A, 0o644, facts).root();
        let image = Image { root, architecture: architecture.map(str::to_owned), ..Image::default() };
        let mut found = check(&image, &Expected { signed, ..Expected::default() }).findings;
        found.retain(|finding| finding.path == format!("/{A}"));
        found
    }

    fn module(machine: u16, info: &str) -> Facts {
        kmod(kmod_file(machine, info))
    }

    #[test]
    fn an_image_is_for_the_kernels_architecture() {
        let root = Tree::new().file(A, 0o644, module(62, &format!("vermagic={R}\0"))).root();
        for (name, expected) in [("arm64", &["architecture /"][..]), ("mips", &["architecture /"]), ("amd64", &[])] {
            let image = Image { root: root.clone(), architecture: Some(name.into()), ..Image::default() };
            let mut found = check(&image, &Expected::default()).findings;
            found.retain(|finding| finding.code == "architecture");
            assert_eq!(codes(&found), expected, "{name}");
        }
    }

    #[test]
    fn a_module_is_for_its_kernel_and_architecture() {
        let good = format!("vermagic={R} SMP preempt mod_unload modversions \0");
        assert!(find(module(62, &good), Some("amd64"), false).is_empty());
        for (facts, architecture, signed, code) in [
            (module(183, &good), None, false, "architecture"),
            (module(62, "vermagic=5.14.0-1.el9.x86_64+rt SMP\0"), None, false, "vermagic"),
            (module(62, "name=a\0"), None, false, "vermagic"),
            (module(62, &good), Some("amd64"), true, "unsigned"),
            (kmod(b"hello".to_vec()), None, false, "not-a-module"),
            (kmod(Vec::new()), None, false, "not-a-module"),
            (kmod(stripped_kmod_file(62, &good)), None, false, "stripped"),
            (module(62, &format!("name=b\0{good}")), None, false, "module-name"),
            (kmod([&kmod_file(62, &good)[..], b"~Module signature appended~\n"].concat()), None, true, "signature"),
            (kmod([&kmod_file(62, &good)[..], b"x~Module signature appended~\n"].concat()), None, false, "signature"),
            (Facts::of_module("a.ko", &[0x1f, 0x8b], &kmod_file(62, &good), false), None, false, "compression"),
            (Facts::of_module("a.ko.gz", &[0x1f, 0x8b], &kmod_file(62, &good), true), None, false, "compression"),
            (Facts::Unread("is too large".into()), None, false, "not-a-module"),
            (Facts::Plain, None, false, "not-a-module"),
        ] {
            let found = find(facts, architecture, signed);
            assert_eq!(codes(&found), [format!("{code} /{A}")], "{found:?}");
        }
        let signed = [kmod_file(62, &format!("name=a\0{good}")), signature()].concat();
        assert!(find(kmod(signed), None, true).is_empty());
    }

    fn find_link(path: &str, target: &str, contract: Contract) -> Vec<String> {
        let module = module(62, &format!("vermagic={R}\0"));
        let tree = Tree::new().file(A, 0o644, module.clone()).file("srv/b.ko", 0o644, module);
        let image = Image { root: tree.link(path, target).root(), ..Image::default() };
        let mut found = check(&image, &Expected { contract, ..Expected::default() }).findings;
        found.retain(|finding| finding.code == "module-link");
        codes(&found)
    }

    #[test]
    fn links_lead_where_the_worker_copies_them() {
        let (b, folder) = (format!("opt/lib/modules/{R}/b.ko"), format!("/opt/lib/modules/{R}"));
        for target in ["/srv/b.ko", "../../../../srv/b.ko", &format!("{folder}/a.ko")] {
            assert_eq!(find_link(&b, target, Contract::Any), [format!("module-link /{b}")], "{target}");
            assert!(find_link(&b, target, Contract::Kmm1).is_empty());
        }
        assert!(find_link(&b, "a.ko", Contract::Kmm2).is_empty());
    }
}
