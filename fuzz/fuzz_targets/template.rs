//! A user's template, and the one that it includes: it ends, and no value of it leaves its place.
#![no_main]

use kmodgen_fuzz::{Files, generate};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = r#"apiVersion: kmodgen/v1
namespace: kmm-ci
sources: {code: {git: https://git.example.com/code.git, ref: main}}
baseImages: {builder: dtk, runtime: registry.example.com/runtime:1, pin: false}
kernels: [5.14.0-427.28.1.el9_4.x86_64]
modules:
  - name: first
    source: code
    kmods: [one, two]
    template: t.Dockerfile
    steps: [{make: {targets: [all], vars: {A: 'x $y "z"'}}}]
    image: registry.example.com/kmods/first
    moduleSpec: {selector: {a: b}, moduleLoader: {container: {modprobe: {moduleName: one}}}}
"#;

fuzz_target!(|bytes: &[u8]| generate(MANIFEST, Files::one("t.Dockerfile", bytes)));
