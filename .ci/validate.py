#!/usr/bin/env python3
"""Checks generated trees as a cluster would: every Module and ManagedClusterModule against KMM's own
CRDs and every ConfigMap against Kubernetes' schema, unknown fields refused, and what the files say of
one another. A preflight validation on standard input is checked too."""

import argparse
import copy
import pathlib
import re
import sys

import jsonschema
import kubernetes_validate
import yaml

KUBERNETES = "1.32"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A label's value, as the API server has it.
LABEL = {"type": "string", "maxLength": 63, "pattern": r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"}


def strict(schema):
    """The schema of a CRD as JSON Schema that refuses unknown fields, as strict field validation does."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {}
    for key, value in schema.items():
        # `properties` is no schema but a mapping to schemas.
        result[key] = {name: strict(inner) for name, inner in value.items()} if key == "properties" else strict(value)
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
        result["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not open_ended:
        result["additionalProperties"] = False
    return result


def validator(path, version="v1beta1"):
    """A validator of the objects of a CustomResourceDefinition."""
    crd = yaml.load(pathlib.Path(path).read_text(), LOADER)
    [version] = [one for one in crd["spec"]["versions"] if one["name"] == version]
    schema = strict(version["schema"]["openAPIV3Schema"])
    # The API server's own, which a CRD only names.
    named = ["name", "namespace"] if crd["spec"]["scope"] == "Namespaced" else ["name"]
    schema["properties"]["metadata"] = {
        "type": "object",
        "properties": {
            **{key: {"type": "string"} for key in named},
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
            "labels": {"type": "object", "additionalProperties": LABEL},
        },
        "required": named,
        "additionalProperties": False,
    }
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_controls(validator):
    """What must be refused is: a validator that takes everything would pass unseen."""
    module = {
        "apiVersion": "kmm.sigs.x-k8s.io/v1beta1",
        "kind": "Module",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {
            "selector": {"a": "b"},
            "moduleLoader": {
                "container": {"modprobe": {"moduleName": "a"}, "kernelMappings": [{"literal": "5", "containerImage": "x:y"}]}
            },
        },
    }
    assert not list(validator.iter_errors(module)), list(validator.iter_errors(module))
    container = ["spec", "moduleLoader", "container"]
    for path, key, value in [
        (["spec"], "unknown", "x"),
        (container, "lifecycle", {}),
        (container + ["modprobe"], "inTreeModuleToRemove", "x"),
        (container, "version", 2),
        (container, "imagePullPolicy", 1),
    ]:
        wrong = copy.deepcopy(module)
        place = wrong
        for part in path:
            place = place[part]
        place[key] = value
        assert list(validator.iter_errors(wrong)), f"{key} is not refused"
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"dockerfile": 1}}
    for wrong in [config_map, {**config_map, "data": {}, "dockerfile": "x"}]:
        try:
            kubernetes_validate.validate(wrong, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError:
            continue
        raise AssertionError(f"not refused: {wrong}")


# What only a build with a context can do.
COPIES = re.compile(r"^COPY (?!--from)", re.MULTILINE)


def load(path):
    return yaml.load(path.read_text(), LOADER)


def module_spec(module):
    """The spec of the Module, which a ManagedClusterModule has inside."""
    return module["spec"].get("moduleSpec", module["spec"])


class Trees:
    def __init__(self, validators):
        self.validators = validators
        self.errors = []
        self.modules = self.config_maps = 0

    def error(self, path, text):
        self.errors.append(f"{path}: {text}")

    def tree(self, root):
        # One tree, or one for each cluster.
        modules = sorted([*root.glob("*/module.yaml"), *root.glob("*/*/module.yaml")])
        if not modules:
            self.error(root, "no module.yaml")
        for path in modules:
            self.module(path)
        for path in [*root.glob("namespace.yaml"), *root.glob("*/namespace.yaml")]:
            self.kubernetes(path, load(path))

    def kubernetes(self, path, document):
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            self.error(path, error.message)

    def module(self, path):
        documents = list(yaml.load_all(path.read_text(), LOADER))
        self.modules += len(documents)
        for document in documents:
            for error in self.validators[document["kind"]].iter_errors(document):
                self.error(path, f"{error.json_path}: {error.message}")
        # The first builds, and the others load the same images.
        loaders = [module_spec(document).get("moduleLoader") for document in documents]
        listed = [loader["container"]["kernelMappings"] if loader else [] for loader in loaders]
        images = [[(m["literal"], m["containerImage"]) for m in mappings if "literal" in m] for mappings in listed]
        if any(other != images[0] for other in images):
            self.error(path, "its Modules have different images")
        # What somebody else builds has no folder; what is built of a folder beside the manifest has one,
        # and copies from outside, which KMM cannot.
        folders = sorted(entry.name for entry in path.parent.iterdir() if entry.is_dir())
        copies = {name for name in folders if COPIES.search((path.parent / name / "Dockerfile").read_text())}
        built = [mapping for mapping in listed[0] if "literal" in mapping and mapping["literal"] in copies]
        if any("build" in mapping for mapping in built):
            self.error(path, "KMM cannot build what copies from outside")
        mappings = [mapping for mapping in listed[0] if "build" in mapping]
        if folders != sorted(mapping["literal"] for mapping in [*mappings, *built]):
            self.error(path, "its mappings are not its folders")
        for mapping in mappings:
            self.mapping(path.parent / mapping["literal"], documents[0], mapping)

    def mapping(self, folder, module, mapping):
        path = folder / "configmap.yaml"
        config_map = load(path)
        self.config_maps += 1
        self.kubernetes(path, config_map)
        metadata = config_map["metadata"]
        dockerfile = (folder / "Dockerfile").read_text()
        facts = [
            (metadata["name"] == mapping["build"]["dockerfileConfigMap"]["name"], "the Module names another ConfigMap"),
            (
                module["kind"] != "Module" or metadata["namespace"] == module["metadata"]["namespace"],
                "another namespace than the Module's",
            ),
            (config_map["data"] == {"dockerfile": dockerfile}, "its text is not the Dockerfile's"),
            (config_map["immutable"] is True, "not immutable"),
            (all(map(jsonschema.Draft202012Validator(LABEL).is_valid, metadata["labels"].values())), "an illegal label"),
            (metadata["labels"]["kmodgen/module"] == module["metadata"]["labels"]["kmodgen/module"], "the label of another module"),
            (re.fullmatch(r".+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", mapping["containerImage"]), "no legal tag"),
            (mapping["containerImage"].endswith("-" + metadata["annotations"]["kmodgen/content-hash"][:12]), "another hash in the tag"),
        ]
        for fine, text in facts:
            if not fine:
                self.error(path, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crds", required=True, type=pathlib.Path, help="a folder with KMM's CustomResourceDefinitions")
    parser.add_argument("--preflight", action="store_true", help="check the preflight validation on standard input")
    parser.add_argument("trees", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    if args.preflight:
        preflight = validator(args.crds / "kmm.sigs.x-k8s.io_preflightvalidationsocp.yaml", "v1beta2")
        errors = list(preflight.iter_errors(yaml.load(sys.stdin, LOADER)))
        for error in errors:
            print(f"{error.json_path}: {error.message}", file=sys.stderr)
        sys.exit(1 if errors else 0)
    validators = {
        "Module": validator(args.crds / "kmm.sigs.x-k8s.io_modules.yaml"),
        "ManagedClusterModule": validator(args.crds / "hub.kmm.sigs.x-k8s.io_managedclustermodules.yaml"),
    }
    check_controls(validators["Module"])
    trees = Trees(validators)
    for root in args.trees:
        trees.tree(root)
    for error in trees.errors[:40]:
        print(error, file=sys.stderr)
    print(f"{trees.modules} Modules, {trees.config_maps} ConfigMaps, {len(trees.errors)} errors")
    sys.exit(1 if trees.errors or not trees.config_maps else 0)


if __name__ == "__main__":
    main()
