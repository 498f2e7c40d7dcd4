"""Rules of KMM's webhook and of the API server on Modules and ManagedClusterModules that the CRDs do
not express. Written from the behaviour of KMM and Kubernetes alone, without a look at how kmodgen
checks the same, so that the two can disagree.

`violations(objects, platform)` returns one line per broken rule.
"""

import re

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
# Kubernetes' stricter form of the names of environment variables, which every version takes.
ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
# The grammar of image references, as the distribution project defines it.
COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
HOST = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]+)?"
REFERENCE = re.compile(
    rf"({HOST}/)?{COMPONENT}(/{COMPONENT})*(?P<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?P<digest>@sha256:[0-9a-f]{{64}})?"
)
VOLUME_SOURCES = {"name"}
HOST_PATH_TYPES = {None, "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"}
# What the downward API gives to environment variables.
POD_FIELDS = re.compile(
    r"metadata\.(name|namespace|uid|(labels|annotations)\['.+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?)"
)
CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
HOST_PATHS = ("/dev", "/sys", "/var", "/opt", "/run")
# Variables that KMM replaces: everywhere, and in `containerImage` alone.
KERNEL_VARIABLES = {"KERNEL_FULL_VERSION", "KERNEL_VERSION", "KERNEL_XYZ", "KERNEL_X", "KERNEL_Y", "KERNEL_Z"}
IMAGE_VARIABLES = KERNEL_VARIABLES | {"MOD_NAME", "MOD_NAMESPACE"}
# The first KMM that has a field, by its path in the spec.
SINCE = {
    ("moduleLoader", "container", "inTreeModulesToRemove"): (2, 1),
    ("tolerations",): (2, 3),
    ("devicePlugin", "initContainer"): (2, 4),
    ("moduleLoader", "container", "imagePullPolicy"): (2, 4),
    ("devicePlugin", "automountServiceAccountToken"): (2, 6),
    ("imageRebuildTriggerGeneration",): (2, 6),
    ("dra",): (2, 7),
}
SUFFIXES = {"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
SUFFIXES |= {unit + "i": 1024 ** (power + 1) for power, unit in enumerate("KMGTPE")}
QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:(n|u|m|k|M|G|T|P|E|[KMGTPE]i)|[eE]([+-]?[0-9]+))?")


def quantity(value):
    """The number that a quantity is; None if it is none."""
    found = QUANTITY.fullmatch(str(value))
    if not found or isinstance(value, bool):
        return None
    number, suffix, exponent = found.groups()
    return float(number) * (10.0 ** int(exponent) if exponent else SUFFIXES[suffix or ""])


def normalised(release):
    return re.sub(r"[^A-Za-z0-9._-]", "_", release)


def dns_safe(release):
    return normalised(release).lower().replace("_", "-").replace(".", "-").strip("-")


def version_of(text):
    """`2.6` as a pair; None if nothing is said."""
    found = re.match(r"v?(\d+)(?:\.(\d+))?", str(text or ""))
    return (int(found[1]), int(found[2] or 0)) if found else None


class Rules:
    def __init__(self, platform):
        self.kind = platform.get("kind")
        self.kmm = version_of(platform.get("kmm"))
        self.cluster = version_of(platform.get("version"))
        self.found = []

    def say(self, rule, detail):
        self.found.append(f"{rule}: {detail!r}"[:160])

    def require(self, holds, rule, detail):
        if not holds:
            self.say(rule, detail)

    def dns_label(self, text, what, limit=63):
        self.require(isinstance(text, str) and LABEL.fullmatch(text) and len(text) <= limit, f"{what} is no DNS label", text)

    def subdomain(self, text, what):
        self.require(isinstance(text, str) and SUBDOMAIN.fullmatch(text) and len(text) <= 253, f"{what} is no object name", text)

    def label_value(self, text, what):
        fine = isinstance(text, str) and len(text) <= 63 and (text == "" or QUALIFIED.fullmatch(text))
        self.require(fine, f"{what} is no label value", text)

    def label_key(self, text, what):
        prefix, slash, name = str(text).rpartition("/")
        fine = QUALIFIED.fullmatch(name) and len(name) <= 63
        if slash:
            fine = fine and SUBDOMAIN.fullmatch(prefix) and len(prefix) <= 253
        self.require(isinstance(text, str) and fine, f"{what} has a key that is no label key", text)

    def selector(self, labels, what):
        for key, value in (labels or {}).items():
            self.label_key(key, what)
            self.label_value(value, what)

    def reference(self, image, what, variables=frozenset(), needs_tag=False):
        if not isinstance(image, str):
            return
        text = image
        for name in re.findall(r"\$\{?([A-Za-z_]\w*)\}?", image):
            self.require(name in variables, f"{what} has a variable that KMM does not expand", image)
        text = re.sub(r"\$\{?[A-Za-z_]\w*\}?", "1", text)
        found = REFERENCE.fullmatch(text)
        self.require(found, f"{what} is no image reference", image)
        if found and needs_tag:
            self.require(found["tag"] or found["digest"], f"{what} has neither tag nor digest", image)

    def module(self, obj):
        self.metadata(obj)
        spec, name, namespace = obj.get("spec") or {}, obj["metadata"].get("name"), obj["metadata"].get("namespace")
        if obj["kind"] == "ManagedClusterModule":
            namespace = spec.get("spokeNamespace")
            self.dns_label(namespace, "spokeNamespace")
            self.selector(spec.get("selector"), "the hub's selector")
            spec = spec.get("moduleSpec") or {}
            self.require("moduleLoader" in spec, "a ManagedClusterModule needs a module loader", name)
        limit = 40 if self.kmm and self.kmm < (2, 7) else 41
        self.require(len(str(name) + str(namespace)) <= limit, f"name and namespace exceed {limit} characters", name)
        self.since(spec)
        self.selector(spec.get("selector"), "selector")
        self.object_reference(spec.get("imageRepoSecret"), "imageRepoSecret")
        self.tolerations(spec.get("tolerations"))
        loader = spec.get("moduleLoader")
        if isinstance(loader, dict):
            self.service_account(loader)
            if isinstance(loader.get("container"), dict):
                self.loader(loader["container"])
        self.require("dra" not in spec or "devicePlugin" not in spec, "dra and devicePlugin exclude each other", name)
        for key in ["devicePlugin", "dra"]:
            if isinstance(spec.get(key), dict):
                self.plugin(spec[key], key)
        if "dra" in spec and self.cluster:
            first = (4, 21) if self.kind == "openshift" else (1, 34)
            self.require(self.cluster >= first, "the cluster has no dra", self.cluster)

    def metadata(self, obj):
        metadata = obj["metadata"]
        self.dns_label(metadata.get("name"), "the Module's name")
        if obj["kind"] == "Module":
            self.dns_label(metadata.get("namespace"), "the namespace")

    def since(self, spec):
        if not self.kmm:
            return
        for path, first in SINCE.items():
            place = spec
            for part in path:
                place = place.get(part) if isinstance(place, dict) else None
            self.require(place is None or self.kmm >= first, f"KMM {self.kmm} has no {path[-1]}", path)

    def object_reference(self, reference, what):
        if isinstance(reference, dict):
            self.subdomain(reference.get("name"), what)

    def service_account(self, holder):
        account = holder.get("serviceAccountName")
        if account is not None and account != "":
            self.subdomain(account, "serviceAccountName")

    def tolerations(self, tolerations):
        for one in tolerations or []:
            if not isinstance(one, dict):
                continue
            operator, key, value, effect = (one.get(part) or "" for part in ("operator", "key", "value", "effect"))
            self.require(operator in ("", "Exists", "Equal"), "toleration operator", operator)
            self.require(effect in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"), "toleration effect", effect)
            if key:
                self.label_key(key, "a toleration")
            else:
                self.require(operator == "Exists", "a toleration without key needs Exists", operator)
            if operator == "Exists":
                self.require(value == "", "a toleration with Exists has no value", value)
            else:
                self.label_value(value, "a toleration")
            seconds = one.get("tolerationSeconds") is not None
            self.require(not seconds or effect == "NoExecute", "tolerationSeconds needs NoExecute", effect)

    def loader(self, container):
        version = container.get("version")
        if version is not None:
            self.label_value(version, "version")
        self.modprobe(container.get("modprobe") or {})
        self.require(
            not (container.get("inTreeModuleToRemove") and container.get("inTreeModulesToRemove")),
            "inTreeModuleToRemove beside inTreeModulesToRemove", container.get("inTreeModuleToRemove"),
        )  # fmt: skip
        policy = container.get("imagePullPolicy")
        self.require(policy in (None, "", "Always", "IfNotPresent", "Never"), "imagePullPolicy", policy)
        labels = {}
        for mapping in container.get("kernelMappings") or []:
            if isinstance(mapping, dict):
                self.mapping(mapping, container, labels)

    def mapping(self, mapping, container, labels):
        literal, regexp = mapping.get("literal"), mapping.get("regexp")
        self.require(bool(literal) != bool(regexp), "a mapping has one of literal and regexp", literal)
        if literal:
            self.release(literal, labels)
        self.reference(mapping.get("containerImage") or container.get("containerImage") or "", "containerImage", IMAGE_VARIABLES, True)
        build, sign = mapping.get("build") or container.get("build"), mapping.get("sign") or container.get("sign")
        if isinstance(build, dict):
            self.build(build)
        if isinstance(sign, dict):
            self.sign(sign, (container.get("modprobe") or {}).get("dirName") or "/opt", "build" in mapping or "build" in container)

    def release(self, release, labels):
        self.require(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+~-]*", release), "no kernel release", release)
        self.require(not release.endswith("+"), "a release ends in +", release)
        self.require(len(re.split(r"[.,-]", release)) >= 3, "a release has fewer than three components", release)
        label = dns_safe(release)
        self.require(len(label) <= 63, "a release is too long for a label", release)
        self.require(labels.setdefault(label, release) == release, "two releases have one label", release)

    def build(self, build):
        names = [secret.get("name") for secret in build.get("secrets") or [] if isinstance(secret, dict)]
        for name in names:
            self.dns_label(name, "a build secret", 56)
        self.require(len(names) == len({str(name) for name in names}), "a build secret is listed twice", names)
        self.selector(build.get("selector"), "build.selector")
        self.object_reference(build.get("dockerfileConfigMap"), "dockerfileConfigMap")
        if isinstance(build.get("kanikoParams"), dict) and "tag" in build["kanikoParams"]:
            self.require(TAG.fullmatch(str(build["kanikoParams"]["tag"])), "kaniko's tag", build["kanikoParams"]["tag"])
        for argument in build.get("buildArgs") or []:
            if isinstance(argument, dict):
                self.require(re.fullmatch(r"[A-Za-z_]\w*", str(argument.get("name"))), "a build argument's name", argument)

    def sign(self, sign, folder, built):
        for key in ["keySecret", "certSecret"]:
            self.object_reference(sign.get(key), key)
        files = sign.get("filesToSign")
        self.require(files, "filesToSign is empty", files)
        for path in files or []:
            self.require(str(path).startswith(folder.rstrip("/") + "/"), "filesToSign is outside of dirName", path)
            for name in re.findall(r"\$\{?([A-Za-z_]\w*)\}?", str(path)):
                self.require(name in KERNEL_VARIABLES, "filesToSign has a variable that KMM does not expand", path)
        if sign.get("unsignedImage") and not built:
            self.reference(sign["unsignedImage"], "unsignedImage", KERNEL_VARIABLES)
        self.require(built or sign.get("unsignedImage"), "signing without build needs unsignedImage", sign.get("unsignedImage"))

    def modprobe(self, modprobe):
        name, raw = modprobe.get("moduleName"), modprobe.get("rawArgs") or {}
        if not isinstance(raw, dict):
            return
        if name:
            self.require(not raw.get("load") and not raw.get("unload"), "rawArgs beside moduleName", name)
        else:
            self.require(raw.get("load") and raw.get("unload"), "neither moduleName nor both rawArgs", raw)
        for key in ["dirName", "firmwarePath"]:
            self.copied(modprobe.get(key), key)
        order = modprobe.get("modulesLoadingOrder")
        if order:
            self.require(name, "modulesLoadingOrder without moduleName", order)
            self.require(len(order) >= 2, "modulesLoadingOrder has one kmod", order)
            self.require(order[0] == name, "modulesLoadingOrder does not begin with moduleName", order)
            self.require(len(order) == len({str(kmod) for kmod in order}), "modulesLoadingOrder repeats a kmod", order)

    def copied(self, path, key):
        """A folder of the image: KMM copies it in a shell without quotes, beside a volume at /tmp."""
        if not path or not isinstance(path, str):
            return
        self.require(re.fullmatch(r"[^\s\"'`$\\;&|<>()*?\[\]{}!#~]+", path), f"a shell splits or expands {key}", path)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        self.require(parts[:1] != ["tmp"], f"{key} is below /tmp, where a volume is", path)
        self.require(parts or key != "firmwarePath", "firmwarePath is the whole image", path)

    def plugin(self, plugin, key):
        self.service_account(plugin)
        volumes = [volume for volume in plugin.get("volumes") or [] if isinstance(volume, dict)]
        names = [str(volume.get("name")) for volume in volumes]
        self.require(len(names) == len(set(names)), "two volumes have one name", names)
        for volume in volumes:
            self.volume(volume)
        for part in ["container", "initContainer"]:
            if isinstance(plugin.get(part), dict):
                self.container(plugin[part], set(names), f"{key}.{part}")
        if key == "dra":
            self.subdomain(plugin.get("driverName"), "driverName")
            self.require(len(str(plugin.get("driverName"))) <= 63, "driverName is too long", plugin.get("driverName"))
            classes = [one.get("name") for one in plugin.get("deviceClasses") or [] if isinstance(one, dict)]
            for one in classes:
                self.subdomain(one, "a device class")
            self.require(len(classes) == len({str(one) for one in classes}), "a device class is listed twice", classes)

    def volume(self, volume):
        self.dns_label(volume.get("name"), "a volume's name")
        sources = set(volume) - VOLUME_SOURCES
        self.require(len(sources) == 1, "a volume has one source", sorted(sources))
        medium = (volume.get("emptyDir") or {}).get("medium") if isinstance(volume.get("emptyDir"), dict) else None
        self.require(not medium or medium == "Memory" or str(medium).startswith("HugePages"), "an emptyDir's medium", medium)
        host = volume.get("hostPath") if isinstance(volume.get("hostPath"), dict) else {}
        self.require(host.get("type") in HOST_PATH_TYPES, "a hostPath's type", host.get("type"))
        path = host.get("path")
        if path is not None:
            below = any(path == root or str(path).startswith(root + "/") for root in HOST_PATHS)
            self.require(below and ".." not in str(path).split("/"), "a hostPath that KMM refuses", path)
        for source, key in [("configMap", "name"), ("secret", "secretName"), ("persistentVolumeClaim", "claimName")]:
            if isinstance(volume.get(source), dict):
                self.subdomain(volume[source].get(key), f"the volume's {source}")
                for item in volume[source].get("items") or []:
                    self.require(CONFIG_KEY.fullmatch(str(item.get("key"))), "no key of a ConfigMap or Secret", item)
                    path = str(item.get("path"))
                    self.require(path and not path.startswith("/") and ".." not in path.split("/"), "a path that leaves its volume", item)
                mode = volume[source].get("defaultMode")
                self.require(mode is None or isinstance(mode, str) or 0 <= mode <= 0o777, "defaultMode", mode)

    def container(self, container, volumes, what):
        self.require(container.get("image"), f"{what} has no image", container.get("image"))
        if container.get("image"):
            self.reference(container["image"], f"{what}.image")
        policy = container.get("imagePullPolicy")
        self.require(policy in (None, "", "Always", "IfNotPresent", "Never"), "imagePullPolicy", policy)
        mounted = []
        for mount in container.get("volumeMounts") or []:
            if not isinstance(mount, dict):
                continue
            self.require(mount.get("name") in volumes, f"{what} mounts a volume that is not there", mount.get("name"))
            path = mount.get("mountPath")
            self.require(path, f"{what} has a mount without mountPath", path)
            mounted.append(path)
        self.require(len(mounted) == len({str(path) for path in mounted}), f"{what} mounts two volumes at one path", mounted)
        for variable in container.get("env") or []:
            if not isinstance(variable, dict):
                continue
            name = variable.get("name")
            self.require(isinstance(name, str) and ENV_NAME.fullmatch(name), f"{what} has a bad environment name", name)
            self.require(not (variable.get("value") and variable.get("valueFrom")), "value beside valueFrom", name)
            source = variable.get("valueFrom")
            self.require(source is None or len(source) == 1, "valueFrom has one source", name)
            field = (source or {}).get("fieldRef")
            if field is not None:
                self.require(POD_FIELDS.fullmatch(str(field.get("fieldPath"))), "no field of a pod", field)
        self.resources(container.get("resources") or {}, what)

    def resources(self, resources, what):
        amounts = {}
        for kind in ["requests", "limits"]:
            for name, value in (resources.get(kind) or {}).items():
                number = quantity(value)
                self.require(number is not None and number >= 0, f"{what} has a bad quantity", value)
                amounts[kind, name] = number
                standard = name in ("cpu", "memory", "ephemeral-storage") or str(name).startswith("hugepages-")
                self.require(standard or "/" in str(name), f"{what} has an unknown resource", name)
        for (kind, name), number in amounts.items():
            limit = amounts.get(("limits", name))
            if kind == "requests" and None not in (limit, number):
                self.require(number <= limit, f"{what} requests more than its limit", name)


def violations(objects, platform):
    """Broken rules of Modules and ManagedClusterModules, given as their parsed YAML."""
    rules = Rules(platform)
    for obj in objects:
        rules.module(obj)
    return rules.found
