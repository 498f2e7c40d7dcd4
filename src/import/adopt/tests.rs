//! Adoption of single Modules: what becomes of them, and what is refused.

use super::{Adoption, manifest_text};
use crate::kernels::Input;
use crate::objects::{ObjectInput, Objects};
use crate::vocabulary::{Diagnostics, SourceMap};

const HEAD: &str = "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers}
spec:
  selector: {a: ''}
  moduleLoader:
    container:
      modprobe: {moduleName: driver}
";

/// Returns the manifest of a text's Modules, and messages as `place message`.
fn adopt(text: &str, releases: &str) -> (String, Vec<String>) {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let input = ObjectInput::Text { name: "input".into(), text: text.into() };
    let objects = Objects::read(vec![input], &mut sources);
    let list = Input { name: "list".into(), text: releases.into(), image: None };
    let lists: Vec<Input> = (!releases.is_empty()).then_some(list).into_iter().collect();
    let adoption = Adoption::of(&objects, &lists, &mut sources, &mut faults);
    let adoption = adoption.unwrap_or_else(|| panic!("{faults:#?}"));
    let remarks = adoption.manifests.iter().flat_map(|manifest| &manifest.modules).flat_map(|module| &module.remarks);
    let remarks: Vec<String> = remarks.map(|(span, remark)| format!("{} {remark}", sources.locate(*span))).collect();
    let faults = faults.into_sorted().into_iter().map(|fault| {
        let place = fault.labels.first().map(|label| sources.locate(label.span)).unwrap_or_default();
        format!("{place} {}", fault.message)
    });
    let messages = faults.chain(remarks).collect();
    let text: String = adoption.manifests.iter().map(|manifest| manifest_text(manifest, &sources)).collect();
    (text, messages)
}

fn module(mappings: &str) -> String {
    format!("{HEAD}      kernelMappings:\n{mappings}")
}

#[test]
fn a_regular_expression_is_an_image_and_a_fallback() {
    let text =
        module("        - {regexp: '^.+\\.x86_64$', containerImage: 'a.example.com/a:${KERNEL_FULL_VERSION}'}\n");
    let (manifest, messages) = adopt(&text, "5.14.0-1.x86_64\n");
    assert_eq!(messages, [""; 0]);
    assert_snapshot!(manifest);
}

#[test]
fn interleaved_mappings_keep_their_order_and_settings() {
    let mappings = "        - {literal: 5.14.0-1.el9.x86_64, containerImage: 'a.example.com/a:own'}
        - regexp: el9
          containerImage: a.example.com/b:${KERNEL_FULL_VERSION}
          build: {dockerfileConfigMap: {name: build}, secrets: [{name: login}]}
        - {literal: 5.14.0-2.el9.x86_64, containerImage: 'a.example.com/never:1'}
        - {literal: 6.1.0-1.x86_64, containerImage: 'a.example.com/a:1', registryTLS: {insecure: true}}
        - {literal: 6.1.0-2.x86_64, containerImage: 'a.example.com/a:1', registryTLS: {insecure: true}}
        - {regexp: '.*', containerImage: 'a.example.com/c:1', sign: {keySecret: {name: k}, certSecret: {name: c}}}\n";
    let text = format!(
        "{}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: build, namespace: drivers}}\ndata:\n  dockerfile: |\n    FROM x\n    RUN echo ${{KERNEL_VERSION}}\n",
        module(mappings)
    );
    let (manifest, messages) = adopt(&text, "");
    assert_eq!(
        messages,
        ["input:14:21 the mapping of `5.14.0-2.el9.x86_64` is left out: an earlier one matches its kernel"]
    );
    assert_snapshot!(manifest);
}

#[test]
fn what_a_manifest_cannot_carry_is_one_error_with_its_line() {
    for (mapping, said) in [
        (
            "{regexp: '[a&&b]', containerImage: 'a.example.com/a:1'}",
            "input:10:20 Module `driver` is not imported: KMM reads",
        ),
        ("{regexp: '.*', containerImage: 'a.example.com/a:${NONE}'}", "input:10:42 KMM does not expand `${NONE}` here"),
        (
            "{regexp: '.*', containerImage: 'a.example.com/a'}",
            "input:10:42 `a.example.com/a` has neither tag nor digest",
        ),
        (
            "{literal: abc, containerImage: 'a.example.com/a:1'}",
            "input:10:21 Module `driver` is not imported: kernel release",
        ),
        ("{literal: 5.1.0-1, regexp: a, containerImage: 'a.example.com/a:1'}", "input:10:11 this mapping has both"),
        ("{regexp: '.*', containerImage: [a]}", "input:10:42 expected a string for `containerImage`"),
        (
            "{regexp: '.*', containerImage: 'a.example.com/a:1', build: {dockerfileConfigMap: {name: a}, secrets: [{name: a.b}]}}",
            "input:10:120 KMM cannot mount the secret",
        ),
    ] {
        let (manifest, messages) = adopt(&module(&format!("        - {mapping}\n")), "6.1.0-1\n");
        assert_eq!(manifest, "", "{mapping}");
        assert!(messages.len() == 1 && messages[0].starts_with(said), "{mapping}: {messages:#?}");
    }
}

#[test]
fn a_refused_module_does_not_stop_the_others() {
    let good = module("        - {regexp: '.*', containerImage: 'a.example.com/a:1'}\n");
    let bad = good.replace("name: driver,", "name: other,").replace("a:1", "a");
    let (manifest, messages) = adopt(&format!("{bad}---\n{good}"), "");
    assert!(manifest.contains("- name: driver\n") && !manifest.contains("name: other"), "{manifest}");
    assert_eq!(messages.len(), 1, "{messages:#?}");
}

#[test]
fn unknown_and_deprecated_fields_have_remarks() {
    let text = module("        - {regexp: '.*', containerImage: 'a.example.com/a:1'}\n")
        .replace("      modprobe:", "      lifecycle: {}\n      inTreeModuleToRemove: old\n      modprobe:")
        .replace(
            "namespace: drivers}",
            "namespace: drivers, labels: {app.kubernetes.io/managed-by: Helm}, uid: x}\nstatus: {}",
        );
    let (manifest, messages) = adopt(&text, "");
    assert_eq!(
        messages,
        [
            "input:9:7 KMM has no `spec.moduleLoader.container.lifecycle`: left out",
            "input:3:55 `app.kubernetes.io/managed-by` is left out: kmodgen writes this label itself",
        ]
    );
    assert!(manifest.contains("inTreeModulesToRemove:\n            - old\n"), "{manifest}");
}

#[test]
fn a_device_plugin_and_a_hub_are_adopted() {
    let plugin = "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: plugin, namespace: openshift-kmm-hub}
spec:
  selector: {a: ''}
  devicePlugin: {container: {image: 'a.example.com/p:1'}}
---
apiVersion: hub.kmm.sigs.x-k8s.io/v1beta1
kind: ManagedClusterModule
metadata: {name: driver}
spec:
  spokeNamespace: drivers
  selector: {wants: 'true'}
  moduleSpec:
    selector: {a: ''}
    moduleLoader:
      container:
        modprobe: {moduleName: driver}
        kernelMappings: [{regexp: '^5', containerImage: 'a.example.com/a:${KERNEL_FULL_VERSION}'}]
";
    let (manifest, messages) = adopt(plugin, "5.14.0-1.x86_64\n");
    assert_eq!(messages, [""; 0]);
    assert_snapshot!(manifest);
}
