"""Writes the objects of a cluster as `oc get -o json` prints them, to measure `status` with. The same size gives the same
bytes, on any machine. Every module is loaded on every node.
"""

import json

KERNELS = 20


def release(number):
    """A kernel's release."""
    return f"5.14.0-427.{number % KERNELS}.1.el9_4.x86_64"


def image(module, kernel):
    """The image of a module for a kernel."""
    return f"registry.example.com/drivers/module-{module}:{kernel}-{module:016x}"


def config(module, kernel):
    """What a NodeModulesConfig has of a module, wanted or loaded."""
    return {
        "config": {
            "containerImage": image(module, kernel),
            "imagePullPolicy": "IfNotPresent",
            "insecurePull": False,
            "kernelVersion": kernel,
            "modprobe": {"dirName": "/opt", "moduleName": f"module_{module}"},
        },
        "imageRepoSecret": {"name": "pull"},
        "name": f"module-{module}",
        "namespace": "drivers",
        "serviceAccountName": "loader",
    }


def node(number):
    """A node, with the lists of labels, conditions and images that real ones have."""
    labels = {"node-role.kubernetes.io/worker": ""} | {f"feature.node.kubernetes.io/cpu-{n}": "true" for n in range(40)}
    images = [{"names": [f"quay.io/openshift/image@sha256:{n:064x}"], "sizeBytes": 1 << 28} for n in range(50)]
    conditions = [
        {"lastHeartbeatTime": "2026-01-01T00:00:00Z", "message": "kubelet is posting ready status", "status": status, "type": kind}
        for kind, status in [("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True")]
    ]
    info = {
        "architecture": "amd64",
        "bootID": f"boot-{number}",
        "kernelVersion": release(number),
        "osImage": "Red Hat Enterprise Linux CoreOS 416.94.202407081958-0 (Plow)",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": labels, "name": f"worker-{number}.east.example.com"},
        "spec": {"providerID": f"libvirt:///worker-{number}"},
        "status": {"conditions": conditions, "images": images, "nodeInfo": info},
    }


def node_modules(number, modules):
    """The NodeModulesConfig of a node."""
    wanted = [config(module, release(number)) for module in range(modules)]
    return {
        "apiVersion": "kmm.sigs.x-k8s.io/v1beta1",
        "kind": "NodeModulesConfig",
        "metadata": {"name": f"worker-{number}.east.example.com"},
        "spec": {"modules": wanted},
        "status": {"modules": [one | {"bootId": f"boot-{number}"} for one in wanted]},
    }


def module(number):
    """A Module with a mapping for each kernel."""
    mappings = [{"containerImage": image(number, release(n)), "literal": release(n)} for n in range(KERNELS)]
    container = {"kernelMappings": mappings, "modprobe": {"moduleName": f"module_{number}"}}
    return {
        "apiVersion": "kmm.sigs.x-k8s.io/v1beta1",
        "kind": "Module",
        "metadata": {"name": f"module-{number}", "namespace": "drivers"},
        "spec": {"moduleLoader": {"container": container}, "selector": {"node-role.kubernetes.io/worker": ""}},
    }


def images(number):
    """The ModuleImagesConfig of a Module."""
    states = [{"image": image(number, release(n)), "status": "Exists"} for n in range(KERNELS)]
    return {
        "apiVersion": "kmm.sigs.x-k8s.io/v1beta1",
        "kind": "ModuleImagesConfig",
        "metadata": {"name": f"module-{number}", "namespace": "drivers"},
        "status": {"imagesStates": states},
    }


def write(folder, nodes, modules):
    """Writes a file for each kind; returns their paths."""
    kinds = {
        "nodes": [node(n) for n in range(nodes)],
        "nodemodulesconfigs": [node_modules(n, modules) for n in range(nodes)],
        "modules": [module(n) for n in range(modules)],
        "moduleimagesconfigs": [images(n) for n in range(modules)],
    }
    paths = []
    for kind, items in kinds.items():
        paths.append(folder / f"{kind}.json")
        paths[-1].write_text(json.dumps({"apiVersion": "v1", "items": items, "kind": "List"}, indent=4))
    return paths
