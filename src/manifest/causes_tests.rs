//! Errors that another error causes are not reported.

use crate::testing::World;

const MANIFEST: &str = "apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  code: {git: https://example.com/code.git, ref: main}
baseImages: {builder: dtk, runtime: registry.example.com/runtime:1}
kernels: [5.14.0-1.el9.x86_64]
clusters:
  lab: {moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}
modules:
  - name: first
    image: r.example.com/first
    source: code
    kmods: [one]
    steps: [{make: {}}]
    clusters: [lab]
    moduleSpec: {selector: {a: b}}
";

/// Texts of the manifest and their replacements.
type Changes<'c> = &'c [(&'c str, &'c str)];

/// The codes of the faults of the manifest with changes.
fn codes(changes: Changes<'_>) -> Vec<String> {
    let mut world = World::small();
    world.manifest = MANIFEST.into();
    let world = changes.iter().fold(world, |world, (from, to)| world.with(from, to));
    world.faults().iter().map(|fault| code(fault).to_owned()).collect()
}

/// The code of a fault, between its place and its message.
fn code(fault: &str) -> &str {
    fault.split(": ").next().and_then(|start| start.split(' ').next_back()).unwrap()
}

#[test]
fn one_mistake_is_one_error() {
    assert_eq!(codes(&[]), Vec::<String>::new());
    let cases: &[(&str, &str, &str)] = &[
        ("kmods: [one]", "kmods: one", "wrong-kind"),
        ("kmods: [one]", "kmods: {one: two}", "wrong-kind"),
        ("kmods: [one]", "kmods: ['o ne']", "invalid-value"),
        ("kmods: [one]", "kmods: [[one]]", "wrong-kind"),
        ("kmods: [one]", "kmods:", "no-value"),
        ("kmods: [one]", "kmods: []", "no-kmods"),
        ("kmods: [one]", "kmod: [one]", "unknown-key"),
        ("    kmods: [one]\n", "", "missing-key"),
        ("source: code", "sourc: code", "unknown-key"),
        (
            "steps: [{make: {}}]",
            "steps: [{id: a, make: 1}]\n    overrides: [{when: {arch: x86_64}, steps: {a: {make: {jobs: 2}}}}]",
            "wrong-kind",
        ),
        ("source: code", "source: [[code]]", "wrong-kind"),
        ("kmods: [one]", "kmods: [{kmod: one, from: /proc/x}]", "invalid-value"),
        ("kmods: [one]", "kmods: [{kmod: one, from: }]", "no-value"),
        ("steps: [{make: {}}]", "install: {rpms: [{rpm: a, from: [b]}]}", "wrong-kind"),
        ("ref: main", "ref: main, at: /usr/lib/x", "invalid-value"),
        ("{git: https://example.com/code.git, ref: main}", "{in: cod, rpm: a.rpm}", "unknown-source"),
        ("ref: main", "ref: 'v${KERNEL_VERSION}'", "misplaced-variable"),
        ("moduleSpec: {selector: {a: b}}", "moduleSpec: {selctor: {a: b}}", "unknown-key"),
        ("    clusters: [lab]\n    moduleSpec: {selector: {a: b}}", "    moduleSpec:", "no-value"),
        ("    clusters: [lab]\n    moduleSpec: {selector: {a: b}}", "    moduleSpec: []", "wrong-kind"),
        (
            "moduleSpec: {selector: {a: b}}",
            "moduleSpec: {selector: {a: b}}\n    additionalModules: [{name: 'A B', moduleSpec: {selector: {a: c}}}]",
            "invalid-value",
        ),
        ("  code: {git: https://example.com/code.git, ref: main}", "  1", "wrong-kind"),
        ("  code: {git: https://example.com/code.git, ref: main}", "  - code", "wrong-kind"),
        ("  code: {git: https://example.com/code.git, ref: main}", "  code: 1", "wrong-kind"),
        ("sources:\n  code: {git: https://example.com/code.git, ref: main}\n", "", "missing-key"),
        ("sources:\n  code: {git: https://example.com/code.git, ref: main}", "sources:", "no-value"),
        ("sources:", "source:", "unknown-key"),
        ("kernels: [5.14.0-1.el9.x86_64]", "kernels: 1", "wrong-kind"),
        ("kernels: [5.14.0-1.el9.x86_64]", "kernels: []", "empty-list"),
        ("kernels: [5.14.0-1.el9.x86_64]", "kernels: ['']", "invalid-value"),
        ("kernels: [5.14.0-1.el9.x86_64]", "kernles: [5.14.0-1.el9.x86_64]", "unknown-key"),
        ("  lab: {moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}", "  1", "wrong-kind"),
        ("  lab: {moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}", "  [lab]", "wrong-kind"),
        ("  lab: {moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}", "  lab: 1", "wrong-kind"),
        ("{moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}", "{moduleSpec: 0}", "wrong-kind"),
        (
            "{moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}",
            "{moduleSpec: [a]}",
            "wrong-kind",
        ),
        ("{moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}", "{when: [a]}", "wrong-kind"),
        ("clusters:\n", "cluster:\n", "unknown-key"),
        ("    steps: [{make: {}}]", "    overrides: [{unles: {arch: x86_64}, kmods: [one]}]", "unknown-key"),
        (
            "    moduleSpec: {selector: {a: b}}\n",
            "    moduleSpec: {selector: {a: b}, moduleLoader: {container: {build: {buildArgs: [{name: A, value: b, when: {arch: x86_64}}, {name: A, value: c, when: 1}]}}}}\n",
            "wrong-kind",
        ),
    ];
    let told = cases.iter().map(|(from, to, _)| (*to, codes(&[(from, to)]))).collect::<Vec<_>>();
    let expected = cases.iter().map(|(_, to, code)| (*to, vec![(*code).to_owned()])).collect::<Vec<_>>();
    let wrong: Vec<_> = told.iter().zip(&expected).filter(|(told, expected)| told != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_wrong_key_of_a_version_is_not_also_one_of_its_module() {
    let version = |fields: &str| format!("    kmods: [one]\n    versions: [{{version: '1', {fields}}}]");
    for (fields, code) in [
        ("instal: {strip: true}", "unknown-key"),
        ("kmm: {selector: {c: d}}", "unknown-key"),
        ("kmm: false", "unknown-key"),
        ("versions: []", "unknown-key"),
        ("install: ", "no-value"),
        ("install: [x]", "wrong-kind"),
    ] {
        assert_eq!(codes(&[("    kmods: [one]", &version(fields))]), [code], "{fields}");
    }
}

#[test]
fn what_a_cluster_that_has_an_error_may_give_is_not_missing() {
    let lab = "{moduleSpec: {devicePlugin: {container: {image: r.example.com/plugin:1}}}}";
    let (namespace, selector) = (("namespace: kmm-ci\n", ""), ("    moduleSpec: {selector: {a: b}}\n", ""));
    for to in ["{moduleSpec: 0}", "1"] {
        assert_eq!(codes(&[(lab, to), namespace, selector]), ["wrong-kind"], "{to}");
    }
    assert_eq!(codes(&[(lab, "{}"), namespace, selector]), ["missing-key", "kmm-selector"]);
}

#[test]
fn errors_of_their_own_are_reported_beside_each_other() {
    let cases: &[(Changes<'_>, &[&str])] = &[
        (&[("source: code", "source: cod"), ("kmods: [one]", "kmods: one")], &["unknown-source", "wrong-kind"]),
        (
            &[("clusters: [lab]", "clusters: [lap]"), ("kernels: [5.14.0-1.el9.x86_64]", "kernels: 1")],
            &["wrong-kind", "unknown-cluster"],
        ),
        (&[("kmods: [one]", "kmods: [one, two, 'th ree']")], &["invalid-value", "kmm-modprobe"]),
        (
            &[
                ("source: code\n    kmods: [one]\n    steps: [{make: {}}]", "prebuilt: 'r.example.com/first:1'"),
                ("    image: r.example.com/first\n", ""),
            ],
            &["kmm-modprobe"],
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(codes(changes), *expected, "{changes:?}");
    }
}
