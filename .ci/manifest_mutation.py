"""Well-formed mutations of manifests: `mutate(document, rng)` changes one place of a parsed manifest
and says what it did. Every mutation is valid YAML; whether it is a valid manifest is left to others."""

import copy
import random

import yaml


class Raw(str):
    """A scalar that is written without quotes, such as 0644 or yes."""


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


Dumper.add_representer(
    Raw, lambda dumper, data: dumper.represent_scalar(dumper.resolve(yaml.ScalarNode, str(data), (True, False)), str(data))
)

# Values by the key that has them: legal ones, and ones at the edge of what is legal.
TEXTS = [
    "a", "b", "a1", "abc", "a-b-c", "a-b", "a.b", "a_b", "A", "1", "1a", "-a", "a-", "", " ", "a b", "ä", "yes", "null", "0644", "1.10", "a/b", "/a", "../a",
    "a" * 53, "a" * 57, "a" * 63, "a" * 64, "a" * 254, "a:b", "${KERNEL_VERSION}", "$HOME", "$(id)", "{{ a }}", "#a", "a\nb",
]  # fmt: skip
OTHERS = [1, 0, -1, 1.5, True, False, None, [], {}, ["a"], {"a": "b"}, ["a", "a"], 2**31, 2**63, Raw("0644"), Raw("yes"), Raw("0x1F")]
IMAGES = [
    "registry.example.com/b:2", "quay.example.com/org/app/b:v1.2-3", "registry.example.com/c@sha256:" + "b" * 64,
    "registry.example.com/a", "registry.example.com/a:1", "registry.example.com:5000/a/b", "a", "a:1", "Registry.example.com/a:1",
    "registry.example.com/A", "registry.example.com/a:" + "t" * 129, "registry.example.com/a@sha256:" + "a" * 64,
    "registry.example.com/a@sha256:abc", "http://registry.example.com/a:1", "registry.example.com//a:1", "[fd00::1]:5000/a:1",
    "registry.example.com/a:1-${KERNEL_FULL_VERSION}", "registry.example.com/${MOD_NAME}:1", "registry.example.com/a:${FOO}",
    "registry.example.com/a:1-$KERNEL_VERSION",
]  # fmt: skip
QUANTITIES = ["1", "100m", "1Gi", "1.5", "1e3", "-1", "1 Gi", "1gi", "a", "0", 1, 2.5, ".5", "1Ki", "1000000n"]
LABEL_MAPS = [
    {"a": "b"}, {"a.b/c": "d", "e": "f"}, {"node-role.kubernetes.io/worker": ""}, {"x": "1.2_3"}, {"a": ""}, {"a/b": "c"}, {"a.b/c": "d"}, {"a/b/c": "d"}, {"-a": "b"}, {"a": "-b"}, {"a": "b" * 64}, {"a" * 64: "b"},
    {"a": 1}, {"a": True}, {"A_b": "C.d"}, {"a b": "c"}, {"": "a"}, {"a": "b c"}, {"x" * 254 + "/a": "b"}, {},
]  # fmt: skip
RELEASES = [
    "5.14.0-427.28.1.el9_4.x86_64", "6.1.0-18-amd64", "5.14", "5.14.0+", "kernel-5.14.0-1.el9.x86_64", "5.14.0-1.el9.x86_64+rt",
    "5.14.0 1", "x", "6.8.0-51-generic", "5.14.0-" + "1" * 60, 5.14,
]  # fmt: skip
POOLS = {
    "image": IMAGES, "prebuilt": IMAGES, "unsignedImage": IMAGES, "runtime": IMAGES, "builder": IMAGES, "selector": LABEL_MAPS,
    "cpu": QUANTITIES, "memory": QUANTITIES, "storage": QUANTITIES, "release": RELEASES, "kernels": RELEASES,
    "imagePullPolicy": ["Always", "IfNotPresent", "Never", "always", "", "Sometimes"],
    "kmm": ["1.0", "2.0", "2.2", "2.4", "2.6", "2.7", "2", "3.0", "v2.4", "two", 2.4, 2],
    "kind": ["openshift", "kubernetes", "OpenShift", "k3s"],
    "version": ["1.2.3", "1", "1.2.3+x", "-1", "v" * 64, "", "1_2", 1.2],
    "operator": ["Exists", "Equal", "In", "exists"], "effect": ["NoSchedule", "NoExecute", "PreferNoSchedule", "noSchedule", ""],
    "path": ["/dev/x", "/sys", "/etc", "/", "dev", "/opt/../etc", "/var/lib/x", "/run"],
    "namespace": ["kmm", "a.b", "A", "n" * 30, "n" * 38, "n" * 64, "-n", "n_n"],
    "name": ["a", "kmm-ci", "a.b", "A", "n" * 20, "n" * 39, "n" * 64, "a_b", "-a"],
    "filesToSign": [["/opt/lib/modules/*/extra/a.ko"], [], ["/lib/a.ko"], ["/opt/a"], [1], "/opt/a", ["/opt/lib/modules/${KERNEL_FULL_VERSION}/a.ko"]],
    "dirName": ["/opt", "/opt/", "opt", "/", "/mnt", ""],
    "firmwarePath": ["/opt/lib/firmware", "/firmware", "lib/firmware", "/", "/opt/lib/firmware/${KERNEL_VERSION}",
                     "/opt/lib//firmware/", "/opt/lib/firmware/vendor", "/opt/lib", "/tmp/firmware", "/opt/my firmware"],
}  # fmt: skip

SECRET = {"name": "a"}
# What the examples hardly have: legal fields of `moduleSpec` that mutations then change further.
CONTAINER = {
    "image": "registry.example.com/plugin:1",
    "command": ["/plugin"],
    "env": [{"name": "A", "value": "b"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}},
    "volumeMounts": [{"name": "dev", "mountPath": "/dev/x", "readOnly": True}],
}
VOLUMES = [
    {"name": "dev", "hostPath": {"path": "/dev/x", "type": "Directory"}},
    {"name": "cm", "configMap": {"name": "settings", "defaultMode": 420, "items": [{"key": "a", "path": "a"}]}},
    {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
    {"name": "key", "secret": {"secretName": "key", "optional": True}},
]
PLUGIN = {"container": CONTAINER, "volumes": VOLUMES, "serviceAccountName": "plugin", "automountServiceAccountToken": True}
FIELDS = {
    "tolerations": [
        {"key": "a", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "b", "value": "c", "effect": "NoExecute", "tolerationSeconds": 60},
        {"operator": "Exists"},
    ],
    "imageRepoSecret": SECRET,
    "serviceAccountName": "loader",
    "imagePullPolicy": "Always",
    "registryTLS": {"insecure": True, "insecureSkipTLSVerify": False},
    "devicePlugin": PLUGIN,
    "dra": {**PLUGIN, "driverName": "gpu.example.com", "deviceClasses": [{"name": "gpu.example.com"}], "initContainer": {"image": "a.example.com/b:1"}},
    "inTreeModulesToRemove": ["a", "b"],
    "imageRebuildTriggerGeneration": 2,
    "sign": {"keySecret": {"name": "key"}, "certSecret": {"name": "cert"}},
    "build": {"secrets": [SECRET, {"name": "b"}], "selector": {"a": "b"}, "buildArgs": [{"name": "A", "value": "b"}], "kanikoParams": {"tag": "v1"}},
}
PARAMETERS = {"parameters": ["a=1"], "args": {"load": ["-v"], "unload": ["-v"]}, "dirName": "/opt"}
UNKNOWN = ["lifecycle", "containerImage", "kernelMappings", "nodeName", "Selector", "x", "modprobe", "version"]


# Fields of the container, and other fields of modules that load kmods.
BUILD = {"build", "sign"}
CONTAINER_FIELDS = {"inTreeModulesToRemove", "imagePullPolicy", "registryTLS"} | BUILD
LOADER = CONTAINER_FIELDS | {"serviceAccountName", "imageRebuildTriggerGeneration"}


def legal_fields(document, module, first):
    """The fields that may be added to the `moduleSpec` of a module, whose first Module builds."""
    fields = {*FIELDS}
    if not module.keys() & {"image", "prebuilt"}:
        fields -= LOADER | {"devicePlugin", "dra"}
    sources = document.get("sources") or {}
    if "image" not in module or not first or any("path" in one and "image" not in one for one in sources.values()):
        fields -= BUILD
    if "kmm" in (document.get("platform") or {}):
        fields -= {"dra", "devicePlugin", "imageRebuildTriggerGeneration"}
    return fields


def enrich(document, rng):
    """Adds legal fields to `moduleSpec` of one Module, so that there is more to change."""
    places = []
    for module in document.get("modules") or []:
        for at, one in enumerate([module, *(module.get("additionalModules") or [])]):
            if isinstance(one.get("moduleSpec"), dict):
                places.append((one["moduleSpec"], legal_fields(document, module, at == 0)))
    if not places:
        return
    spec, fields = rng.choice(places)
    for key in rng.sample(sorted(fields), min(len(fields), rng.randint(0, 3))):
        if not ({"dra", "devicePlugin"} & spec.keys() and key in ("dra", "devicePlugin")):
            parent = spec
            if key in CONTAINER_FIELDS | {"serviceAccountName"}:
                parent = parent.setdefault("moduleLoader", {})
            if key in CONTAINER_FIELDS:
                parent = parent.setdefault("container", {})
            parent.setdefault(key, copy.deepcopy(FIELDS[key]))
    modprobe = spec.get("moduleLoader", {}).get("container", {}).get("modprobe")
    if isinstance(modprobe, dict) and "moduleName" in modprobe and rng.random() < 0.3:
        key = rng.choice(sorted(PARAMETERS))
        modprobe.setdefault(key, copy.deepcopy(PARAMETERS[key]))


def places(node, path=()):
    """Every value of a document with its path, the document itself left out."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    for key, value in list(entries):
        yield node, key, (*path, key)
        yield from places(value, (*path, key))


def key_of(path):
    """The last key of a path that is no position in a list."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def change_value(parent, key, path, rng):
    pool = POOLS.get(key_of(path))
    value = rng.choice(pool) if pool and rng.random() < 0.75 else rng.choice(TEXTS)
    parent[key] = copy.deepcopy(value)


def change_type(parent, key, path, rng):
    parent[key] = copy.deepcopy(rng.choice(OTHERS))


def remove(parent, key, path, rng):
    del parent[key]


def rename(parent, key, path, rng):
    if not isinstance(parent, dict):
        return remove(parent, key, path, rng)
    value = parent.pop(key)
    spellings = [key + "s", key[:-1], key.lower(), key.upper(), key.replace("e", "", 1), rng.choice(UNKNOWN)]
    parent[rng.choice(spellings) or "x"] = value


def add_key(parent, key, path, rng):
    if isinstance(parent, dict):
        parent[rng.choice(UNKNOWN)] = copy.deepcopy(rng.choice([*TEXTS, *OTHERS]))
    else:
        parent.insert(key, copy.deepcopy(rng.choice([parent[key], *OTHERS])))


def wrap(parent, key, path, rng):
    value = parent[key]
    parent[key] = value[0] if isinstance(value, list) and value else [value]


def repeat(parent, key, path, rng):
    value = parent[key]
    if isinstance(value, list) and value:
        value.extend(copy.deepcopy(value) * rng.choice([1, 1, 20]))
    elif isinstance(value, str) and value:
        parent[key] = value * rng.choice([2, 10, 100])
    else:
        change_value(parent, key, path, rng)


def shuffle(parent, key, path, rng):
    value = parent[key]
    if isinstance(value, list) and len(value) > 1:
        rng.shuffle(value)
    elif isinstance(value, dict) and len(value) > 1:
        keys = list(value)
        rng.shuffle(keys)
        parent[key] = {name: value[name] for name in keys}
    else:
        change_value(parent, key, path, rng)


MUTATORS = [(change_value, 42), (change_type, 9), (remove, 14), (rename, 4), (add_key, 4), (wrap, 4), (repeat, 7), (shuffle, 18)]


def mutate(document, rng: random.Random):
    """A changed copy of a manifest, the name of the change, and its path."""
    document = copy.deepcopy(document)
    if rng.random() < 0.7:
        enrich(document, rng)
    if rng.random() < 0.2:
        return document, "add legal fields", ()
    everywhere = list(places(document))
    in_specs = [place for place in everywhere if "moduleSpec" in place[2]]
    parent, key, path = rng.choice(in_specs if in_specs and rng.random() < 0.5 else everywhere)
    mutator = rng.choices([one for one, _ in MUTATORS], [weight for _, weight in MUTATORS])[0]
    mutator(parent, key, path, rng)
    if mutator in (rename, add_key):
        # It is the map or list around that changes.
        path = path[:-1]
    return document, mutator.__name__, path


def dump(document):
    """The text of a manifest."""
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)
