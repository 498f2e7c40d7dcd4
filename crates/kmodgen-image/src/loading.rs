//! Checks that a kernel can load the modules of an image: each symbol that they import is exported, in the same
//! version and on terms that they meet (kernel, `resolve_symbol` in kernel/module/main.c).

use crate::elf::Kmod;
use crate::exports::Exports;
use crate::kernel::Kernel;
use crate::placement::{self, Module};
use crate::symbols::Import;
use crate::taint::{self, Taint};
use crate::{Image, Report, shown};

/// Number of symbols that a message names.
const NAMED: usize = 5;

const REBUILD: &str = "build it against the headers of the kernel that will load it";

/// Checks the modules of an image against the kernel that is to load them.
pub fn check(image: &Image, kernel: &Kernel, report: &mut Report) {
    for folder in placement::find(&image.root).folders {
        let exports = Exports::of(kernel, &folder);
        for (module, taint) in folder.modules.iter().zip(taint::of(&folder, &exports)) {
            let Some(kmod) = module.kmod() else { continue };
            check_flags(module, kmod, kernel, report);
            check_versions(module, kmod, kernel, report);
            check_imports(module, kmod, &exports, taint.as_ref(), report);
            check_exports(module, kmod, kernel, report);
            if kmod.has_btf {
                report.note(
                    "btf",
                    &module.path,
                    "has BTF type information, which is valid for one build of the kernel only",
                    "a kernel from another build without CONFIG_MODULE_ALLOW_BTF_MISMATCH rejects it",
                );
            }
        }
    }
}

/// Reason why a kernel does not resolve a symbol.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal<'e> {
    Unknown,
    Version,
    GplOnly,
    Namespace(&'e str),
}

/// Judges an import, number `at` of a module, as the kernel does.
pub(crate) fn refusal<'e>(
    module: &Module<'_>,
    (at, import): (usize, &Import),
    exports: &Exports<'e>,
    taint: Option<&Taint>,
) -> Option<Refusal<'e>> {
    let Some(export) = exports.get(&import.name) else { return (!import.is_weak).then_some(Refusal::Unknown) };
    if let Some(taint) = taint.filter(|_| export.is_gpl_only) {
        return taint.refuses(at, import).then_some(Refusal::GplOnly);
    }
    if import.crc.zip(export.crc).is_some_and(|(wanted, found)| wanted != found) {
        return Some(Refusal::Version);
    }
    let namespace = export.namespace.as_deref()?;
    let info = module.kmod().and_then(|kmod| kmod.info.as_ref());
    let imported = info.into_iter().flat_map(|info| &info.namespaces).any(|imported| imported == namespace);
    (!imported && !admits(namespace, &module.kernel_name())).then_some(Refusal::Namespace(namespace))
}

/// Checks whether a namespace is a list of modules, `module:a,b*`, that has this one (kernel,
/// `verify_module_namespace` in kernel/module/main.c, since Linux 6.16).
fn admits(namespace: &str, module: &str) -> bool {
    let Some(modules) = namespace.strip_prefix("module:") else { return false };
    modules.split(',').any(|listed| {
        let listed = listed.replace('-', "_");
        match listed.strip_suffix('*') {
            Some(start) => module.starts_with(start),
            None => listed == module,
        }
    })
}

fn check_imports(module: &Module<'_>, kmod: &Kmod, exports: &Exports<'_>, taint: Option<&Taint>, report: &mut Report) {
    let (mut unknown, mut other_versions, mut gpl_only, mut namespaces) = (vec![], vec![], vec![], vec![]);
    for (at, import) in kmod.symbols.imports.iter().enumerate() {
        match refusal(module, (at, import), exports, taint) {
            None => {}
            Some(Refusal::Unknown) => unknown.push(shown(&import.name)),
            Some(Refusal::Version) => other_versions.push(shown(&import.name)),
            Some(Refusal::GplOnly) => gpl_only.push(shown(&import.name)),
            Some(Refusal::Namespace(namespace)) => {
                namespaces.push(format!("{} ({})", shown(&import.name), shown(namespace)));
            }
        }
    }
    let (terms, help) = terms(kmod, taint);
    for (code, symbols, message, help) in [
        (
            "unknown-symbol",
            unknown,
            "imports symbols that neither the kernel nor a module in the image exports".to_owned(),
            "port it to this kernel, or add the module that exports them to the image",
        ),
        ("symbol-version", other_versions, "was built against other versions of symbols".to_owned(), REBUILD),
        (
            "gpl-symbol",
            gpl_only,
            format!("{terms}, and imports symbols that are for GPL-compatible modules only"),
            &help,
        ),
        (
            "symbol-namespace",
            namespaces,
            "imports symbols of namespaces that it does not import".to_owned(),
            "import each namespace with MODULE_IMPORT_NS in its source",
        ),
    ] {
        if !symbols.is_empty() {
            report.find(code, &module.path, format!("{message}: {}", listed(&symbols)), help);
        }
    }
}

/// Describes why a module is proprietary to the kernel, and how to change that.
fn terms(kmod: &Kmod, taint: Option<&Taint>) -> (String, String) {
    let (terms, of) = match taint {
        Some(Taint::Inherited { symbol, owner, .. }) => {
            let owner = shown(owner);
            (format!("uses {} of the proprietary module {owner}", shown(symbol)), format!(" of {owner}"))
        }
        _ => match taint::license(kmod) {
            Some(license) => (format!("has the licence `{}`", shown(license)), String::new()),
            None => ("has no licence".to_owned(), String::new()),
        },
    };
    let help = format!(
        "use other symbols, or set MODULE_LICENSE{of} to a GPL-compatible licence, such as `Dual MIT/GPL`, if it has one"
    );
    (terms, help)
}

/// Lists the first few symbols, and counts the others.
fn listed(symbols: &[String]) -> String {
    let named = symbols[..symbols.len().min(NAMED)].join(", ");
    match symbols.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}, and {more} more"),
    }
}

/// Compares vermagic but for the release, which the kernel ignores if there are symbol versions (kernel, `same_magic`
/// in kernel/module/version.c).
fn check_flags(module: &Module<'_>, kmod: &Kmod, kernel: &Kernel, report: &mut Report) {
    let own = kmod.info.as_ref().and_then(|info| info.flags());
    if let (Some(own), Some(flags)) = (own, &kernel.flags)
        && own != *flags
    {
        report.find(
            "vermagic-flags",
            &module.path,
            format!("was built with `{}` in vermagic, but the kernel has `{}`", shown(&own), shown(flags)),
            REBUILD,
        );
    }
}

/// A kernel with symbol versions refuses modules without them (kernel, `check_version` in kernel/module/version.c).
fn check_versions(module: &Module<'_>, kmod: &Kmod, kernel: &Kernel, report: &mut Report) {
    if kernel.symvers.has_versions() && !kmod.symbols.has_versions {
        report.find(
            "symbol-version",
            &module.path,
            "has no symbol versions, but the kernel has: without CONFIG_MODULE_FORCE_LOAD, the kernel rejects the module",
            REBUILD,
        );
    }
}

/// A module that exports what the kernel itself exports is refused (kernel, `verify_exported_symbols` in
/// kernel/module/main.c).
fn check_exports(module: &Module<'_>, kmod: &Kmod, kernel: &Kernel, report: &mut Report) {
    let names =
        kmod.symbols.exports.keys().filter(|name| kernel.symvers.get(name).is_some_and(|symbol| symbol.is_built_in));
    let names: Vec<String> = names.map(|name| shown(name)).collect();
    if !names.is_empty() {
        report.find(
            "duplicate-symbol",
            &module.path,
            format!("exports symbols that the kernel itself exports: {}", listed(&names)),
            "rename them, or do not export them on this kernel",
        );
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Finding;
    use crate::elf::Architecture;
    use crate::facts::Facts;
    use crate::modinfo::ModInfo;
    use crate::signature::Signature;
    use crate::symbols::{Export, Symbols};
    use crate::symvers::Symvers;
    use crate::testing::{R, Tree, codes};

    const SYMVERS: &str = "0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\t
0x00000002\tgpl\tvmlinux\tEXPORT_SYMBOL_GPL\t
0x00000003\tcxl\tvmlinux\tEXPORT_SYMBOL_GPL\tCXL
0x00000004\tkvm\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:a,other-*
0x00000005\tmlx\tdrivers/mlx\tEXPORT_SYMBOL\t
0x00000000\tasm\tvmlinux\tEXPORT_SYMBOL\t
";

    /// A module with `name`, these values and imports; an import that ends in `?` is weak.
    pub(crate) fn module(name: &str, info: &str, imports: &[(&str, u32)], exports: &[(&str, u32)]) -> (String, Facts) {
        let imports = imports.iter().map(|(name, crc)| Import {
            name: name.trim_end_matches('?').into(),
            is_weak: name.ends_with('?'),
            crc: Some(*crc),
        });
        let export = |crc| Export { crc: Some(crc), ..Export::default() };
        let exports = exports.iter().map(|(name, crc)| ((*name).to_owned(), export(*crc))).collect();
        let kmod = Kmod {
            architecture: Architecture::X86_64,
            info: Some(ModInfo::parse(info.as_bytes())),
            symbols: Symbols { imports: imports.collect(), exports, has_versions: true },
            has_btf: info.contains("btf"),
            signature: Signature::Absent,
            lacks: None,
            packing: None,
        };
        (format!("opt/lib/modules/{R}/{name}.ko"), Facts::Module(Ok(Box::new(kmod))))
    }

    fn report(modules: Vec<(String, Facts)>, kernel: &Kernel) -> Report {
        let tree = modules.into_iter().fold(Tree::new(), |tree, (path, facts)| tree.file(&path, 0o644, facts));
        let mut report = Report::default();
        check(&Image { root: tree.root(), ..Image::default() }, kernel, &mut report);
        report
    }

    pub(crate) fn kernel(text: &str) -> Kernel {
        Kernel { symvers: Symvers::parse(text.as_bytes()).unwrap(), flags: None, release: None }
    }

    fn found(info: &str, imports: &[(&str, u32)]) -> Vec<String> {
        let report = report(vec![module("a", info, imports, &[])], &kernel(SYMVERS));
        report.findings.into_iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect()
    }

    #[test]
    fn imports_are_resolved_as_the_kernel_does() {
        let none: [&str; 0] = [];
        let fine = [("printk", 1), ("gpl", 2), ("asm", 9), ("gone?", 1), ("kvm", 4)];
        assert_eq!(found("license=GPL\0", &fine), none);
        for (info, imports, expected) in [
            (
                "license=GPL\0",
                &[("gone", 1)][..],
                "unknown-symbol: imports symbols that neither the kernel nor a module in the image exports: gone",
            ),
            ("license=GPL\0", &[("printk", 7)], "symbol-version: was built against other versions of symbols: printk"),
            ("license=GPL\0", &[("printk?", 7)], "symbol-version: was built against other versions of symbols: printk"),
            (
                "license=Proprietary\0",
                &[("printk", 1), ("gpl", 2)],
                "gpl-symbol: has the licence `Proprietary`, and imports symbols that are for GPL-compatible modules only: gpl",
            ),
            (
                "license=X\0license=GPL\0",
                &[("gpl", 2)],
                "gpl-symbol: has the licence `X`, and imports symbols that are for GPL-compatible modules only: gpl",
            ),
            (
                "",
                &[("gpl", 2)],
                "gpl-symbol: has no licence, and imports symbols that are for GPL-compatible modules only: gpl",
            ),
            (
                "license=GPL\0import_ns=CX\0",
                &[("cxl", 3)],
                "symbol-namespace: imports symbols of namespaces that it does not import: cxl (CXL)",
            ),
            (
                "license=GPL\0",
                &[("f", 1), ("e", 1), ("d", 1), ("c", 1), ("b", 1), ("a", 1)],
                "unknown-symbol: imports symbols that neither the kernel nor a module in the image exports: f, e, d, c, b, and 1 more",
            ),
        ] {
            assert_eq!(found(info, imports), [expected], "{info}");
        }
        for license in taint::GPL_COMPATIBLE {
            assert_eq!(found(&format!("license={license}\0import_ns=CXL\0"), &[("cxl", 3)]), none, "{license}");
        }
        assert_eq!(found("license=X\0", &[("gpl?", 2)]), none);
    }

    #[test]
    fn a_namespace_may_list_modules() {
        for (namespace, module, is_admitted) in [
            ("module:a,b", "b", true),
            ("module:a-c", "a_c", true),
            ("module:a*", "abc", true),
            ("module:a", "abc", false),
            ("a", "a", false),
        ] {
            assert_eq!(admits(namespace, module), is_admitted, "{namespace} {module}");
        }
    }

    #[test]
    fn modules_of_the_image_replace_those_of_the_kernel() {
        let a = |crc| module("a", "license=GPL\0", &[("mlx", crc)], &[]);
        let b = || module("b", "license=GPL\0", &[], &[("mlx", 6)]);
        let codes = |modules| codes(&report(modules, &kernel(SYMVERS)).findings);
        let expected = [format!("symbol-version /opt/lib/modules/{R}/a.ko")];
        assert!(codes(vec![a(5)]).is_empty() && codes(vec![a(6), b()]).is_empty());
        assert_eq!(codes(vec![a(6)]), expected);
        assert_eq!(codes(vec![a(5), b()]), expected);
        let duplicate = module("a", "license=GPL\0", &[], &[("printk", 1)]);
        assert_eq!(codes(vec![duplicate]), [format!("duplicate-symbol /opt/lib/modules/{R}/a.ko")]);
    }

    #[test]
    fn gpl_only_symbols_do_not_mix_with_those_of_a_proprietary_module() {
        let help = "use other symbols, or set MODULE_LICENSE of b to a GPL-compatible licence, such as `Dual MIT/GPL`, if it has one";
        let expected = Finding {
            code: "gpl-symbol",
            path: format!("/opt/lib/modules/{R}/a.ko"),
            message:
                "uses own of the proprietary module b, and imports symbols that are for GPL-compatible modules only: gpl"
                    .into(),
            help: help.into(),
        };
        for (imports, expected) in
            [(&[("printk", 1), ("own", 6), ("gpl?", 2)][..], vec![]), (&[("gpl", 2), ("own", 6)], vec![expected])]
        {
            let modules =
                vec![module("a", "license=GPL\0", imports, &[]), module("b", "license=X\0", &[], &[("own", 6)])];
            assert_eq!(report(modules, &kernel(SYMVERS)).findings, expected);
        }
    }

    #[test]
    fn a_module_has_the_options_of_the_kernel() {
        let with = |flags: Option<&str>| Kernel { flags: flags.map(str::to_owned), ..kernel(SYMVERS) };
        let a = || vec![module("a", "vermagic=6.1 SMP  modversions \0license=GPL\0", &[], &[])];
        assert!(report(a(), &with(Some("SMP modversions"))).findings.is_empty());
        assert!(report(a(), &with(None)).findings.is_empty());
        let expected = [format!("vermagic-flags /opt/lib/modules/{R}/a.ko")];
        assert_eq!(codes(&report(a(), &with(Some("SMP preempt modversions"))).findings), expected);
    }

    #[test]
    fn a_kernel_with_versions_wants_modules_with_versions() {
        let without = || {
            let (path, facts) = module("a", "license=GPL\0btf=\0", &[], &[]);
            let Facts::Module(Ok(kmod)) = facts else { panic!() };
            let symbols = Symbols { has_versions: false, imports: vec![], exports: BTreeMap::new() };
            vec![(path, Facts::Module(Ok(Box::new(Kmod { symbols, ..*kmod }))))]
        };
        let report_with = report(without(), &kernel(SYMVERS));
        assert_eq!(codes(&report_with.findings), [format!("symbol-version /opt/lib/modules/{R}/a.ko")]);
        assert_eq!(codes(&report_with.notes), [format!("btf /opt/lib/modules/{R}/a.ko")]);
        assert!(report(without(), &kernel("0x00000000\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n")).findings.is_empty());
    }
}
