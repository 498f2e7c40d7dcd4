//! Ways in which people write Modules.

use super::{nodes, same_for_kmm};
use crate::scenario::{EL9, Project, RT};

const OTHER: &str = "6.12.0-55.29.1.el10_0.x86_64";

/// A regular expression, built from a ConfigMap with secrets, and signed.
const BUILT: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: sensor-build, namespace: sensors}
data:
  dockerfile: |
    ARG DTK_AUTO
    FROM ${DTK_AUTO} AS builder
    ARG KERNEL_FULL_VERSION
    RUN make -C /lib/modules/${KERNEL_FULL_VERSION}/build M=/src

    FROM registry.example.com/base/ubi:9
    COPY --from=builder /src/sensor.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/
    RUN depmod -b /opt ${KERNEL_FULL_VERSION}
---
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata:
  name: sensor
  namespace: sensors
  labels: {team: lab}
  annotations: {example.com/runbook: https://wiki.example.com/sensor}
spec:
  moduleLoader:
    serviceAccountName: sensor-loader
    container:
      imagePullPolicy: Always
      modprobe: {moduleName: sensor, parameters: ['rate=10', 'debug=true']}
      build:
        buildArgs: [{name: MODE, value: fast}]
        secrets: [{name: entitlement}]
        dockerfileConfigMap: {name: sensor-build}
      sign:
        keySecret: {name: sign-key}
        certSecret: {name: sign-cert}
        filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/sensor.ko']
      kernelMappings:
        - regexp: '^.*\\.x86_64$'
          containerImage: registry.example.com/sensors/sensor:${KERNEL_FULL_VERSION}
        - regexp: '\\+rt$'
          containerImage: registry.example.com/sensors/sensor-rt:1
          build:
            buildArgs: [{name: MODE, value: slow}, {name: RT, value: 'yes'}]
            dockerfileConfigMap: {name: sensor-build}
  imageRepoSecret: {name: registry-login}
  selector: {node-role.kubernetes.io/worker: ''}
";

#[test]
fn a_regular_expression_with_build_secrets_and_sign() {
    let project = Project::empty().with("deploy/sensor.yaml", BUILT).with("nodes.json", nodes(&[EL9, RT]));
    let run = project.run("import deploy --nodes nodes.json -o kmods").fine();
    assert_snapshot!("built", run);
    assert_snapshot!("built_manifest", project.read("kmods/kmodgen.yaml"));
    same_for_kmm(&project, BUILT, &[EL9, RT, OTHER]);
    let module = project.read("kmods/gitops/sensor/module.yaml");
    // The text of the Dockerfile is the same, indented as a ConfigMap's is.
    let dockerfile = BUILT.split("  dockerfile: |\n").nth(1).unwrap().split("---\n").next().unwrap();
    assert!(module.contains(dockerfile) && module.contains("name: sensor-build\n"), "{module}");
    for line in ["    team: lab\n", "    example.com/runbook: https://wiki.example.com/sensor\n"] {
        assert!(module.contains(line), "{module}");
    }
}

#[test]
fn without_a_list_regular_expressions_stay() {
    let project = Project::empty().with("sensor.yaml", BUILT);
    let run = project.run("import sensor.yaml -o kmods").fine();
    assert!(run.stdout.contains("with `--nodes FILE`"), "{run}");
    same_for_kmm(&project, BUILT, &[EL9, RT, OTHER]);
    assert!(!project.read("kmods/gitops/sensor/module.yaml").contains("literal:"));
}

/// A literal mapping for each kernel, as `oc get module -o yaml` prints it.
const LISTED: &str = "apiVersion: v1
items:
- apiVersion: kmm.sigs.x-k8s.io/v1beta1
  kind: Module
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: |
        {}
    creationTimestamp: '2026-01-01T00:00:00Z'
    finalizers: [kmm.node.kubernetes.io/module-finalizer]
    generation: 3
    managedFields: [{manager: kubectl, operation: Update, fieldsV1: {f:spec: {}}}]
    name: port
    namespace: ports
    resourceVersion: '12345'
    uid: 11111111-2222-3333-4444-555555555555
  spec:
    moduleLoader:
      container:
        imagePullPolicy: IfNotPresent
        kernelMappings:
        - containerImage: registry.example.com/ports/port:v1-a
          literal: 5.14.0-427.28.1.el9_4.x86_64
        - containerImage: registry.example.com/ports/port:v1-b
          inTreeModulesToRemove: [port_old]
          literal: 5.14.0-427.81.1.el9_4.x86_64+rt
          registryTLS: {insecureSkipTLSVerify: true}
        modprobe: {dirName: /opt, moduleName: port}
        registryTLS: {}
    selector: {ports: 'true'}
  status: {moduleLoader: {availableNumber: 2}}
- apiVersion: v1
  data: {ca.crt: text}
  kind: ConfigMap
  metadata: {name: kube-root-ca.crt, namespace: ports}
kind: List
metadata: {resourceVersion: ''}
";

#[test]
fn a_list_of_a_cluster_with_literal_mappings() {
    let project = Project::empty().with("cluster.yaml", LISTED);
    let run = project.run("import cluster.yaml -o kmods").fine();
    assert_snapshot!("listed", run);
    assert_snapshot!("listed_manifest", project.read("kmods/kmodgen.yaml"));
    same_for_kmm(&project, LISTED, &[EL9, RT, OTHER]);
    // One kernel gets another image, and nothing else changes.
    let text = project.read("kmods/kmodgen.yaml");
    project.write("kmods/kmodgen.yaml", text.replace("port:v1-a", "port:v2-a"));
    let run = project.run("generate -f kmods/kmodgen.yaml").fine();
    assert!(run.stdout.contains("0 mappings to load, 1 to reload, 0 to unload"), "{run}");
}

#[test]
fn a_managed_cluster_module_stays_one() {
    let text = "apiVersion: hub.kmm.sigs.x-k8s.io/v1beta1
kind: ManagedClusterModule
metadata: {name: edge}
spec:
  spokeNamespace: edge
  selector: {wants-edge: 'true'}
  moduleSpec:
    selector: {edge: 'true'}
    moduleLoader:
      container:
        modprobe: {moduleName: edge}
        kernelMappings:
          - regexp: '^.+$'
            containerImage: registry.example.com/edge/edge:${KERNEL_FULL_VERSION}
            build: {dockerfileConfigMap: {name: edge-build}}
";
    let project = Project::empty().with("edge.yaml", text).with("fleet.txt", format!("{EL9}\n"));
    let run = project.run("import edge.yaml --kernels fleet.txt -o kmods").fine();
    assert_snapshot!("hub", run);
    same_for_kmm(&project, text, &[EL9, RT]);
    assert!(project.read("kmods/gitops/edge/module.yaml").contains("spokeNamespace: edge\n"));
}

#[test]
fn a_kustomization_with_a_generator() {
    let module = BUILT.split("---\n").nth(1).unwrap().replace("  namespace: sensors\n", "");
    let kustomization = "namespace: sensors
resources: [module.yaml]
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator: [{name: sensor-build, files: [dockerfile=Dockerfile]}]
";
    let dockerfile = "FROM registry.example.com/base/ubi:9\nRUN echo ${KERNEL_VERSION}\n";
    let project = Project::empty()
        .with("deploy/kustomization.yaml", kustomization)
        .with("deploy/module.yaml", &module)
        .with("deploy/Dockerfile", dockerfile);
    project.run("import deploy/kustomization.yaml -o kmods").fine().shows("sensors/sensor");
    let old = module.replace("  name: sensor\n", "  name: sensor\n  namespace: sensors\n");
    same_for_kmm(&project, &old, &[EL9, RT]);
    assert!(project.read("kmods/gitops/sensor/module.yaml").contains("    RUN echo ${KERNEL_VERSION}\n"));
    // kustomize alone knows the name with its hash.
    project.edit("deploy/kustomization.yaml", "generatorOptions: {disableNameSuffixHash: true}\n", "");
    project
        .run("import deploy -o other")
        .trouble()
        .says("kustomize adds a hash to the name of ConfigMap `sensor-build`");
    project.append("deploy/kustomization.yaml", "namePrefix: a-\n");
    project.run("import deploy -o other").trouble().says("`namePrefix` of a kustomization changes Module `sensor`");
}

#[test]
fn namespaces_have_a_manifest_each() {
    let project = Project::empty().with("a.yaml", BUILT).with("b.yaml", LISTED);
    project.run("import a.yaml b.yaml -o kmods").fine().shows("kmods/ports/kmodgen.yaml written");
    project.run("generate -f kmods/sensors/kmodgen.yaml").fine();
    project.run("generate -f kmods/ports/kmodgen.yaml").fine();
}
