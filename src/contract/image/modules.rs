//! Each module by itself: an object of the right architecture, built for the right kernel, signed
//! where that is asked for.

use super::facts::Facts;
use super::placement::{Folder, Module};
use super::{Report, Target, shown};

/// Checks the modules of one kernel.
pub(super) fn check(folder: &Folder<'_>, target: Option<&Target>, signed: bool, report: &mut Report) {
    for module in &folder.modules {
        let Some(kmod) = module.kmod() else {
            tell_unreadable(module, report);
            continue;
        };
        if let Some(target) = target.filter(|target| target.architecture != kmod.architecture) {
            let Target { architecture, witness } = target;
            report.find(
                "architecture",
                &module.path,
                format!("is for {}, and {witness} is {architecture}", kmod.architecture),
                "build on the architecture of the nodes, or with a cross compiler and ARCH set",
            );
        }
        match kmod.info.as_ref().and_then(|info| info.release()) {
            Some(release) if release == folder.release => {}
            Some(release) => report.find(
                "vermagic",
                &module.path,
                format!("was built for kernel {}, and would not load on {}", shown(release), folder.release),
                "build against /lib/modules/<release>/build of that kernel; do not rely on `uname -r`",
            ),
            None => report.find(
                "vermagic",
                &module.path,
                "does not say which kernel it was built for",
                "build it with the kernel's own build system (kbuild), and do not strip more than --strip-debug",
            ),
        }
        if signed && !kmod.signed {
            report.find(
                "unsigned",
                &module.path,
                "carries no signature",
                "name it in the Module's `sign.filesToSign`, and do not strip or pack it after signing",
            );
        }
    }
}

fn tell_unreadable(module: &Module<'_>, report: &mut Report) {
    let message = match module.facts.map(AsRef::as_ref) {
        None => "is a link to no file of the image".to_owned(),
        Some(Facts::Module(Err(why)) | Facts::Unread(why)) => why.clone(),
        Some(_) => "is a link to a file whose name is not a module's".to_owned(),
    };
    report.find("not-a-module", &module.path, message, "copy the .ko file that the build made, as it is");
}

#[cfg(test)]
mod tests {
    use super::super::testing::{R, Tree, codes, kmod_file};
    use super::super::{Expected, Image, check};
    use crate::contract::image::facts::{Facts, Kind};
    use crate::contract::image::{Finding, elf::Kmod};

    const A: &str = "opt/lib/modules/5.14.0-1.el9.x86_64/a.ko";

    fn find(facts: Facts, architecture: Option<&str>, signed: bool) -> Vec<Finding> {
        let root = Tree::new().file(A, 0o644, facts).root();
        let image = Image { root, architecture: architecture.map(str::to_owned), ..Image::default() };
        let mut found = check(&image, &Expected { signed, ..Expected::default() }).findings;
        found.retain(|finding| finding.path == format!("/{A}"));
        found
    }

    fn module(machine: u16, info: &str) -> Facts {
        Facts::of(Kind::Module, kmod_file(machine, info))
    }

    #[test]
    fn an_image_is_for_the_kernels_architecture() {
        let root = Tree::new().file(A, 0o644, module(62, &format!("vermagic={R}\0"))).root();
        let find = |name: &str| {
            let image = Image { root: root.clone(), architecture: Some(name.into()), ..Image::default() };
            let findings = check(&image, &Expected::default()).findings;
            findings.into_iter().filter(|finding| finding.code == "architecture").collect::<Vec<_>>()
        };
        assert_eq!(codes(&find("arm64")), ["architecture /"]);
        assert_eq!(codes(&find("mips")), ["architecture /"]);
        assert!(find("amd64").is_empty());
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
            (Facts::of(Kind::Module, b"hello".to_vec()), None, false, "not-a-module"),
            (Facts::Unread("is too large".into()), None, false, "not-a-module"),
            (Facts::Plain, None, false, "not-a-module"),
        ] {
            let found = find(facts, architecture, signed);
            assert_eq!(codes(&found), [format!("{code} /{A}")], "{found:?}");
        }
        let Facts::Module(Ok(mut kmod)) = module(62, &good) else { panic!() };
        kmod.signed = true;
        assert!(find(Facts::Module(Ok(Kmod { ..kmod })), None, true).is_empty());
    }
}
