//! Fields of Kubernetes' own types and of KMM's, with the types and rules of the API server.

use crate::testing::World;

fn faults(fields: &str) -> Vec<String> {
    let own = [("selector", "selector: {a: b}\n"), ("modprobe", "modprobe: {moduleName: one}\n")];
    let own: String = own.iter().filter(|(key, _)| !fields.starts_with(key)).map(|(_, line)| *line).collect();
    World::small().of_spec(&format!("{own}{fields}")).and("platform: {kind: openshift, version: '4.21'}\n").faults()
}

/// Refuses fields of `moduleSpec` with one message that has `said` in it.
fn refuses(fields: &str, said: &str) {
    let faults = faults(fields);
    assert!(faults.len() == 1 && faults[0].contains(said), "{fields}: {faults:#?}");
}

fn accepts(fields: &str) {
    assert_eq!(faults(fields), Vec::<String>::new(), "{fields}");
}

fn container(rest: &str) -> String {
    format!("devicePlugin: {{container: {{image: x, {rest}}}, volumes: [{{name: v, emptyDir: {{}}}}]}}")
}

fn volume(kind: &str) -> String {
    format!("devicePlugin: {{container: {{image: x}}, volumes: [{{name: v, {kind}}}]}}")
}

fn dra(rest: &str) -> String {
    format!("dra: {{driverName: d.example.com, container: {{image: x}}, {rest}}}")
}

#[test]
fn a_whole_device_plugin_is_right() {
    accepts(&container(
        "imagePullPolicy: Always, command: [a], args: [b],
         env: [{name: A, value: '1'}, {name: B, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}},
           {name: C, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}},
           {name: D, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}},
           {name: E, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: \"metadata.labels['a/b']\"}}}, {name: F}],
         resources: {limits: {cpu: 2, memory: 64Mi, example.com/gpu: 1}, requests: {cpu: 500m}},
         volumeMounts: [{name: v, mountPath: /a, readOnly: true, subPath: x/y, mountPropagation: Bidirectional}]",
    ));
    for kind in [
        "configMap: {name: c, defaultMode: 420, items: [{key: a, path: b/c, mode: 256}]}",
        "secret: {secretName: s, optional: true}",
        "hostPath: {path: /dev/x, type: CharDevice}",
        "hostPath: {path: /run/x, type: ''}",
        "emptyDir: {medium: Memory, sizeLimit: 1Gi}",
        "emptyDir: {}",
        "downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}",
        "projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 3600}}, {configMap: {name: c}}]}",
        "persistentVolumeClaim: {claimName: c}",
        "csi: {driver: csi.example.com, volumeAttributes: {a: b}}",
        "nfs: {server: s, path: /x}",
        "ephemeral: {volumeClaimTemplate: {metadata: {}, spec: {accessModes: [ReadWriteOnce], storageClassName: '', resources: {requests: {storage: 1Gi}}}}}",
        "image: {reference: 'registry.example.com/x:1', pullPolicy: IfNotPresent}",
    ] {
        accepts(&volume(kind));
    }
}

#[test]
fn kinds_are_those_of_the_structure() {
    refuses(&container("args: x"), "expected a list for `args`, found a string | write `args: [x]`");
    refuses(&container("args: [[x]]"), "expected a string for an item of `args`, found a list");
    refuses(&container("env: {A: b}"), "expected a list for `env`, found a map");
    refuses(&container("env: [A]"), "expected a map for an item of `env`, found a string");
    refuses(
        &container("env: [{name: A, value: 1}]"),
        "expected a string for `value`, found a number | write `value: \"1\"`",
    );
    refuses(&container("env: [{name: A, value: on}]"), "found a boolean | write `value: \"on\"`");
    refuses(&container("env: [{name: A, value: 0644}]"), "found a number | write `value: \"0644\"`");
    refuses(&container("env: [{name: A, value: ~}]"), "`value` has no value");
    refuses(&container("resources: [x]"), "expected a map for `resources`");
    refuses(&container("resources: {limits: {cpu: 0.5}}"), "write `\"0.5\"`");
    refuses(&container("volumeMounts: [{name: v, mountPath: /a, readOnly: 'true'}]"), "write `readOnly: true`");
    refuses(&container("volumeMounts: [{name: v, mountPath: /a, readOnly: yes}]"), "write `readOnly: true`");
    refuses(
        "tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: '3'}]",
        "write `tolerationSeconds: 3`",
    );
    refuses("selector: [a]", "expected a map for `selector`");
    refuses("registryTLS: true", "expected a map for `registryTLS`");
    refuses("devicePlugin: x", "expected a map for `devicePlugin`");
}

fn mode(mode: &str) -> String {
    volume(&format!("configMap: {{name: c, defaultMode: {mode}}}"))
}

#[test]
fn integers_are_decimal_and_in_range() {
    refuses(&mode("0644"), "`0644` is octal to kubectl, and 420 in decimal | write `defaultMode: 420`");
    refuses(&mode("0o644"), "write `defaultMode: 420`");
    refuses(&mode("0x1a4"), "write `defaultMode: 420`");
    refuses(&mode("'420'"), "write `defaultMode: 420`");
    refuses(&mode("644"), "must be from 0 to 511, which is octal 777 | write `defaultMode: 420`, which is octal 644");
    refuses(&mode("-1"), "must be from 0 to 511");
    refuses(&mode("1.5"), "expected an integer");
    refuses(&mode("99999999999999999999"), "must be from 0 to 511");
    refuses("imageRebuildTriggerGeneration: 99999999999999999999", "must be from");
    refuses("imageRebuildTriggerGeneration: 0x10", "write `imageRebuildTriggerGeneration: 16`");
    refuses(&volume("gcePersistentDisk: {pdName: p, partition: 256}"), "must be from 0 to 255");
}

#[test]
fn what_is_required_is_there() {
    refuses("devicePlugin: {container: {args: [a]}}", "`container` has no `image`");
    refuses("devicePlugin: {volumes: []}", "`devicePlugin` has no `container`");
    refuses("dra: {container: {image: x}}", "`dra` has no `driverName`");
    refuses("imageRepoSecret: {}", "`imageRepoSecret` has no `name`");
    refuses("build: {secrets: [{}]}", "an item of `secrets` has no `name`");
    refuses(&volume("configMap: {}"), "`configMap` has no `name`");
    refuses(&volume("secret: {}"), "`secret` has no `secretName`");
    refuses(&volume("hostPath: {type: File}"), "`hostPath` has no `path`");
    refuses(&container("env: [{value: x}]"), "an item of `env` has no `name`");
    refuses(&container("volumeMounts: [{name: v}]"), "has no `mountPath`");
    refuses(&container("env: [{name: A, valueFrom: {secretKeyRef: {key: k}}}]"), "`secretKeyRef` has no `name`");
    refuses(&volume("ephemeral: {}"), "`ephemeral` has no `volumeClaimTemplate`");
    refuses("modprobe: {moduleName: one, args: {load: []}}", "`load` is empty");
    refuses("modprobe: {moduleName: one, args: {unload: []}}", "`unload` is empty");
    refuses("modprobe: {moduleName: ''}", "is empty");
    refuses(&volume("gcePersistentDisk: {pdName: ''}"), "`pdName` is empty");
    refuses(&volume("scaleIO: {gateway: g, system: s, secretRef: {name: x}, volumeName: ''}"), "`volumeName` is empty");
    accepts(&volume("scaleIO: {gateway: g, system: s, secretRef: {name: x}, volumeName: v, storagePool: ''}"));
    accepts("build: {buildArgs: [{name: A, value: ''}]}");
}

#[test]
fn unknown_keys_are_told_with_the_near_one() {
    refuses(
        &volume("hostpath: {path: /dev/x}"),
        "an item of `volumes` has no key `hostpath` | did you mean `hostPath`?",
    );
    refuses(&container("volumeMount: []"), "did you mean `volumeMounts`?");
    refuses(&container("ports: []"), "`container` has no key `ports` | it takes `args`");
    refuses("tolerations: [{key: a, operater: Exists}]", "did you mean `operator`?");
    refuses(&container("resources: {limit: {cpu: 1}}"), "did you mean `limits`?");
    refuses(
        &volume(
            "ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}",
        ),
        "has no key `labels` | remove it",
    );
    refuses("imageRepoSecret: {nam: x}", "did you mean `name`?");
}

#[test]
fn names_are_those_of_objects() {
    for bad in ["Registry_Login", "a/b", "-a", "''"] {
        refuses(&format!("imageRepoSecret: {{name: {bad}}}"), "not a Kubernetes name");
        refuses(&format!("serviceAccountName: {bad}"), "not a Kubernetes name");
        refuses(&format!("sign: {{keySecret: {{name: {bad}}}, certSecret: {{name: c}}}}"), "not a Kubernetes name");
    }
    refuses("build: {secrets: [{name: git.example.com}]}", "KMM cannot mount the secret `git.example.com`");
    refuses(&format!("build: {{secrets: [{{name: {}}}]}}", "a".repeat(57)), "at most 56 characters");
    accepts(&format!("build: {{secrets: [{{name: {}}}]}}", "a".repeat(56)));
    refuses("build: {secrets: [{name: a}, {name: b}, {name: a}]}", "the secret `a` is given twice");
    refuses("selector: {zone: 'rack 7'}", "`rack 7` is not a label value");
    refuses("selector: {'a b': c}", "`a b` is not a label key");
    refuses("build: {selector: {a/b/c: d}}", "not a label key");
    refuses("devicePlugin: {container: {image: 'Registry/x'}}", "not an image reference");
    refuses("devicePlugin: {container: {image: 'x:${KERNEL_FULL_VERSION}'}}", "does not expand in `image`");
    refuses("devicePlugin: {container: {image: x}, serviceAccountName: A}", "not a Kubernetes name");
}

#[test]
fn volumes_have_one_kind_and_names_of_their_own() {
    refuses(&volume("emptyDir: {}, hostPath: {path: /dev/x}"), "a volume has both `emptyDir` and `hostPath`");
    refuses("devicePlugin: {container: {image: x}, volumes: [{name: v}]}", "a volume has no kind");
    refuses(
        "devicePlugin: {container: {image: x}, volumes: [{name: v, emptyDir: {}}, {name: v, emptyDir: {}}]}",
        "the volume `v` is given twice",
    );
    refuses("devicePlugin: {container: {image: x}, volumes: [{name: V, emptyDir: {}}]}", "contains 'V'");
    refuses(
        "devicePlugin: {container: {image: x}, volumes: [{name: kubelet-device-plugins, emptyDir: {}}]}",
        "KMM itself has a volume",
    );
    refuses(&container("volumeMounts: [{name: w, mountPath: /a}]"), "no volume has the name `w` | did you mean `v`?");
    refuses(
        &container("volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a/}]"),
        "the mount path `/a` is given twice",
    );
    refuses(&container("volumeMounts: [{name: v, mountPath: a}]"), "is not absolute");
    refuses(&container("volumeMounts: [{name: v, mountPath: /a, subPath: ../b}]"), "is outside the volume");
    refuses(&container("volumeMounts: [{name: v, mountPath: /var/lib/kubelet/device-plugins}]"), "KMM mounts");
    refuses(
        &container("volumeMounts: [{name: v, mountPath: /a, mountPropagation: Both}]"),
        "not a value of `mountPropagation`",
    );
    refuses(
        &volume(
            "projected: {sources: [{configMap: {name: c, items: [{key: a, path: p}]}}, {secret: {name: s, items: [{key: b, path: p}]}}]}",
        ),
        "the path `p` is given twice",
    );
    refuses(&volume("fc: {targetWWNs: [a]}"), "needs a `lun`");
    refuses(&volume("csi: {driver: 'a b'}"), "not a Kubernetes name");
}

#[test]
fn variables_have_one_value() {
    refuses(
        &container("env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"),
        "are mutually exclusive",
    );
    refuses(&container("env: [{name: A, valueFrom: {}}]"), "`valueFrom` is empty");
    refuses(
        &container("env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.node}}}]"),
        "did you mean `spec.nodeName`?",
    );
    refuses(&container("env: [{name: A B}]"), "not the name of an environment variable");
    refuses(&container("env: [{name: A}, {name: A}]"), "the variable `A` is given twice");
    refuses(&container("env: [{name: A, value: 'v${KERNEL_FULL_VERSION}'}]"), "does not expand in `env`");
}

#[test]
fn resources_are_amounts_of_known_ones() {
    refuses(&container("resources: {limits: {cpu: 1GB}}"), "`1GB` is not a quantity | write `1G`");
    refuses(&container("resources: {limits: {cpus: '1'}}"), "did you mean `cpu`?");
    refuses(&container("resources: {limits: {cpu: '-1'}}"), "is less than 0");
    refuses(&container("resources: {limits: {cpu: 1}, requests: {cpu: 1500m}}"), "exceeds its limit");
    refuses(&container("resources: {requests: {example.com/gpu: 1}}"), "has no limit");
    refuses(&container("resources: {limits: {example.com/gpu: 500m}}"), "must be a whole number");
    refuses(&container("resources: {limits: {hugepages-2Mi: 4Mi}}"), "requires `cpu` or `memory`");
    refuses(&container("resources: {limits: {memory: 010}}"), "found a number");
    refuses(&container("resources: {claims: [{name: a}]}"), "no resource claims");
}

fn claim(resources: &str) -> String {
    let spec = format!("{{accessModes: [ReadWriteOnce], resources: {resources}}}");
    volume(&format!("ephemeral: {{volumeClaimTemplate: {{spec: {spec}}}}}"))
}

#[test]
fn claims_are_for_storage() {
    accepts(&claim("{limits: {storage: 1Gi}, requests: {storage: 1024Mi}}"));
    for (resources, said) in [
        ("{requests: {storage: 1Gi, cpu: 1}}", "a claim requests `storage`, not `cpu`"),
        ("{limits: {memory: 1Gi}, requests: {storage: 1Gi}}", "a claim requests `storage`, not `memory`"),
        ("{limits: {storage: 1Gi}}", "no `requests.storage`"),
        ("{requests: {storage: 0}}", "a claim of size 0"),
        ("{limits: {storage: 1Gi}, requests: {storage: 1025Mi}}", "exceeds its limit"),
    ] {
        refuses(&claim(resources), said);
    }
}

#[test]
fn tolerations_have_keys_and_values_of_taints() {
    refuses("tolerations: [{key: dedicated, operator: Equal, value: 'a/b', effect: NoSchedule}]", "not a label value");
    refuses("tolerations: [{key: 'a b', operator: Exists}]", "not a label key");
    accepts("tolerations: [{operator: Exists}, {key: a.b/c, value: d, effect: NoExecute, tolerationSeconds: 3}]");
}

#[test]
fn device_classes_have_names_of_their_own() {
    let right = "deviceClasses: [{name: a, selectors: [{cel: {expression: 'true'}}], config: [{opaque: {driver: d.example.com, parameters: {a: [1, 0.5, true, x]}}}]}]";
    accepts(&dra(right));
    for (rest, said) in [
        ("deviceClasses: [{name: a}, {name: a}]", "the device class `a` is given twice"),
        ("deviceClasses: [{name: A}]", "not a Kubernetes name"),
        ("deviceClasses: [{name: a, selectors: [{}]}]", "has no `cel`"),
        (
            "deviceClasses: [{name: a, config: [{opaque: {driver: d, parameters: x}}]}]",
            "expected a map for `parameters`",
        ),
        ("deviceClasses: [{name: a, config: [{opaque: {driver: d, parameters: {a: on}}}]}]", "for a boolean"),
    ] {
        refuses(&dra(rest), said);
    }
    refuses(&dra("").replace("d.example.com", "D"), "not a Kubernetes name");
    let selector = |length| {
        let expression = "x".repeat(length);
        dra(&format!("deviceClasses: [{{name: a, selectors: [{{cel: {{expression: '{expression}'}}}}]}}]"))
    };
    accepts(&selector(10240));
    refuses(&selector(0), "`expression` is empty");
    refuses(&selector(10241), "more than 10240 bytes");
    let keys: String = (0..1000).map(|number| format!("k{number}: x, ")).collect();
    let config = |parameters: String| {
        dra(&format!(
            "deviceClasses: [{{name: a, config: [{{opaque: {{driver: d.example.com, parameters: {parameters}}}}}]}}]"
        ))
    };
    for (right, wrong) in [
        (format!("{{a: {}}}", "x".repeat(10_000)), format!("{{a: {}}}", "x".repeat(10_240))),
        (format!("{{{}: 1}}", "x".repeat(1000)), format!("{{a: {{{keys}}}}}")),
        (format!("{{a: [{}]}}", "x, ".repeat(2000)), format!("{{a: [{}]}}", "x, ".repeat(3000))),
    ] {
        accepts(&config(right));
        refuses(&config(wrong), "`parameters` has more than 10240 bytes");
    }
}

#[test]
fn values_of_volumes_have_the_forms_of_their_storage() {
    let iscsi = |name: &str| format!("iscsi: {{targetPortal: t, iqn: '{name}', lun: 0}}");
    let (eui, naa) = (format!("eui.{}", "a1".repeat(8)), format!("naa.{}", "a1".repeat(16)));
    for name in ["iqn.2001-04.com.example:a", "iqn.2001-04.com.ex-ample:a:b.c", &eui, &naa] {
        accepts(&volume(&iscsi(name)));
    }
    for name in [
        "",
        "x",
        "iqn.x",
        "iqn.2001-04",
        "iqn.200x-04.com.example:a",
        "iqn.2001:04.com.example:a",
        "iqn.2001-0x.com.example:a",
        "iqn.2001-04:com.example:a",
        "iqn.2001-04.com.example",
        "iqn.2001-04.:a",
        "iqn.2001-04.com_example:a",
        "iqn.2001-04.com.example:",
        "iqn.2001-04.com.example:a,b",
        "iqn.2001-04.com.example:a b",
        &eui[..19],
        &naa[..35],
        "naa.a1_a",
    ] {
        refuses(&volume(&iscsi(name)), "not an iSCSI name");
    }
    for (right, wrong, said) in [
        ("emptyDir: {medium: HugePages-2Mi}", "emptyDir: {medium: HugePages-x}", "not a value of `medium`"),
        ("emptyDir: {medium: ''}", "emptyDir: {medium: Disk}", "not a value of `medium`"),
        ("quobyte: {volume: v, registry: 'a:1'}", "quobyte: {volume: v, registry: a}", "not a list of registries"),
        (
            "quobyte: {volume: v, registry: 'a:1,b:65535'}",
            "quobyte: {volume: v, registry: 'a:1,b:65536'}",
            "registries",
        ),
        ("quobyte: {volume: v, registry: 'a:1'}", "quobyte: {volume: v, registry: 'a:0'}", "not a list of registries"),
        ("quobyte: {volume: v, registry: 'a:1'}", "quobyte: {volume: v, registry: ':1'}", "not a list of registries"),
        ("flocker: {datasetName: a}", "flocker: {datasetName: a/b}", "has no `/`"),
        (&signed_by("example.com/a.b"), &signed_by("example.com"), "not the name of a signer"),
        (&signed_by("example.com/a"), &signed_by("example/a"), "not the name of a signer"),
        (&signed_by("example.com/a"), &signed_by("Example.com/a"), "not the name of a signer"),
        (&signed_by("example.com/a"), &signed_by("example.com/a/b"), "not the name of a signer"),
        (&signed_by("example.com/a"), &signed_by("example.com/a..b"), "not the name of a signer"),
    ] {
        accepts(&volume(right));
        refuses(&volume(wrong), said);
    }
}

/// A volume with the certificates of a signer.
fn signed_by(signer: &str) -> String {
    format!("projected: {{sources: [{{clusterTrustBundle: {{signerName: {signer}, path: p}}}}]}}")
}
