#!/usr/bin/env python3
"""Writes a fleet to measure with: a manifest, its kernel list, a patch and a lock that pins everything.

The same shape gives the same bytes, on any machine. What is in it is what real manifests have: releases
of RHEL (a fifth of them real-time) and Debian, each with labels and its Driver Toolkit by digest; modules
of two kmods with overrides, from four drivers, of which one is patched.
"""

import argparse
import dataclasses
import hashlib
import importlib.machinery
import importlib.util
import json
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Kernel, build and suffix of the streams that releases are taken from, in turns.
STREAMS = [
    ("5.14.0", "284", "el9_2.x86_64"),
    ("5.14.0", "427", "el9_4.x86_64"),
    ("5.14.0", "427", "el9_4.x86_64+rt"),
    ("5.14.0", "503", "el9_5.x86_64"),
    ("5.14.0", "570", "el9_6.x86_64"),
    ("5.14.0", "570", "el9_6.x86_64+rt"),
    ("5.14.0", "611", "el9_7.x86_64"),
    ("4.18.0", "372", "el8_6.x86_64"),
    ("4.18.0", "553", "el8_10.x86_64"),
    ("6.1.0", None, "amd64"),
]
OPENSHIFT = {"el9_2": "4.14", "el9_4": "4.16", "el9_5": "4.18", "el9_6": "4.19", "el9_7": "4.20", "el8_6": "4.12"}
# Seed of what is chosen at random.
SEED = 1

DRIVERS = ["ice", "irdma", "mpt3sas", "v4l2loopback"]
PATCHED = "v4l2loopback"
PATCH = """strlcpy left the kernel in 6.8.

--- a/v4l2loopback.c
+++ b/v4l2loopback.c
@@ -1,3 +1,6 @@
 #include <linux/module.h>
+#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
+#define strlcpy strscpy
+#endif
 #include <linux/videodev2.h>
 #include <linux/slab.h>
"""


def digest_of(text):
    """A digest that looks like any other, and is always the same for this text."""
    return hashlib.sha256(text.encode()).hexdigest()


def shared_release(number):
    """The release with this number, of an endless row of different ones."""
    kernel, build, suffix = STREAMS[number % len(STREAMS)]
    update = number // len(STREAMS) + 1
    return f"{kernel}-{update}-{suffix}" if build is None else f"{kernel}-{build}.{update}.1.{suffix}"


def labels_of(release):
    """What a fleet's owner would note beside a release."""
    stream = release.split(".")[-2]
    labels = {"ocp": OPENSHIFT[stream]} if stream in OPENSHIFT else {}
    labels["family"] = "debian" if release.endswith("amd64") else "rhel"
    if release.endswith("+rt"):
        labels["flavour"] = "rt"
    return labels


@dataclasses.dataclass
class Fleet:
    """Modules, each for `kernels` kernels: those that all share, and the last one of its own.

    A kernel of its own makes it possible to change exactly one mapping where kernels change.
    """

    modules: int
    kernels: int
    revisions: dict = dataclasses.field(default_factory=dict)
    listed: list = None
    layout: str = "files"

    @property
    def mappings(self):
        """How many mappings are generated."""
        return self.modules * self.kernels

    def names(self):
        """The digits that modules are told apart by."""
        width = len(str(self.modules - 1))
        return [f"{number:0{width}}" for number in range(self.modules)]

    def shared(self):
        """The releases that every module is for."""
        return self.listed or [shared_release(number) for number in range(self.kernels - 1)]

    def own(self):
        """The releases that one module each is for."""
        return [] if self.listed else [f"5.14.0-427.28.1.el9_4.lab{name}.x86_64" for name in self.names()]

    def change(self, mappings):
        """Gives kernels another Driver Toolkit, so that exactly this many mappings have to follow."""
        in_all, alone = divmod(mappings, self.modules)
        rhel = [release for release in self.shared() if not release.endswith("amd64")]
        changed = rhel[len(rhel) // 2 :][:in_all] + self.own()[:alone]
        assert len(changed) == in_all + alone, "the fleet has too few kernels for this"
        for release in changed:
            self.revisions[release] = self.revisions.get(release, 0) + 1

    def list_text(self):
        """The kernel list."""
        lines = ["apiVersion: kmodgen/v1", "kernels:"]
        for release in self.shared() + self.own():
            digest = digest_of(f"{release} {self.revisions.get(release, 0)}")
            labels = ", ".join(f"{key}: {json.dumps(value)}" for key, value in labels_of(release).items())
            lines.append(f"  - release: {release}")
            lines.append(f"    dtk: quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:{digest}")
            lines.append(f"    labels: {{{labels}}}")
        return "\n".join(lines) + "\n"

    def manifest_text(self):
        """The manifest."""
        sources = "".join(self.source_text(driver) for driver in DRIVERS)
        modules = "".join(self.module_text(number, name) for number, name in enumerate(self.names()))
        return (
            "apiVersion: kmodgen/v1\n"
            "namespace: drivers\n\n"
            f"sources:\n{sources}\n"
            "baseImages:\n"
            "  builder: dtk\n"
            "  runtime: registry.redhat.io/ubi9/ubi-minimal:9.4\n"
            "  pin: false\n\n"
            "kernels:\n"
            "  - file: fleet.yaml\n\n"
            f"modules:\n{modules}"
            f"output: {{dir: gitops{'' if self.layout == 'files' else ', layout: ' + self.layout}}}\n"
        )

    def source_text(self, driver):
        """One of the sources."""
        patches = "    patches: [patches/strlcpy.patch]\n" if driver == PATCHED else ""
        url = f"https://git.example.com/drivers/{driver}.git"
        return f"  {driver}:\n    git: {url}\n    ref: v1.2.0\n    dir: src\n{patches}"

    def module_text(self, number, name):
        """One of the modules."""
        # A pattern that holds for the kernels of the others: any other digit in any place.
        others = "|".join(f"{name[:at]}[^{digit}]{'.' * (len(name) - at - 1)}" for at, digit in enumerate(name))
        exclude = f"    unless: {{kernel: ['.*\\.lab({others})\\..*']}}\n" if self.own() else ""
        return (
            f"  - name: driver-{name}\n"
            f"    source: {DRIVERS[number % len(DRIVERS)]}\n"
            f"    kmods: [driver_{name}, driver_{name}_aux]\n"
            f"    image: registry.example.com/kmods/driver-{name}\n"
            f"{exclude}"
            "    steps:\n"
            "      - id: compile\n"
            "        make:\n"
            "          targets: [modules]\n"
            '          vars: {KDIR: "/lib/modules/${KERNEL_VERSION}/build", LEVEL: "1"}\n'
            "    overrides:\n"
            "      - when: {kernel: '.*\\+rt'}\n"
            '        steps: {compile: {make: {vars: {RT: "1"}}}}\n'
            "      - when: {labels: {family: debian}}\n"
            "        baseImages: {runtime: docker.io/library/debian:12-slim, pin: false}\n"
            "    moduleSpec:\n"
            '      selector: {node-role.kubernetes.io/worker: ""}\n'
            "      moduleLoader:\n"
            "        container:\n"
            f"          modprobe: {{moduleName: driver_{name}, modulesLoadingOrder: [driver_{name}, driver_{name}_aux]}}\n\n"
        )

    def lock_text(self):
        """The lock, which pins everything."""
        entries = "".join(
            f'  - git: "https://git.example.com/drivers/{driver}.git"\n'
            f'    ref: "v1.2.0"\n'
            f'    commit: "{digest_of(driver)[:40]}"\n'
            for driver in DRIVERS
        )
        head = "# Written by `kmodgen lock` and `kmodgen update`. Commit it beside the manifest.\n"
        return f"{head}version: 1\ntemplates: 1\nsources:\n{entries}"

    def write_list(self, folder):
        """Writes the kernel list alone, after a change."""
        (folder / "fleet.yaml").write_text(self.list_text())

    def write(self, folder):
        """Writes everything to a folder, which may be there; gives the manifest's path."""
        (folder / "patches").mkdir(parents=True, exist_ok=True)
        (folder / "patches/strlcpy.patch").write_text(PATCH)
        (folder / "kmodgen.lock").write_text(self.lock_text())
        self.write_list(folder)
        manifest = folder / "kmodgen.yaml"
        manifest.write_text(self.manifest_text())
        return manifest


@dataclasses.dataclass
class Clusters(Fleet):
    """Modules for many clusters, each with its own selector and most of the kernels, chosen at random but always the
    same: the nodes of each cluster are noted beside the kernels.
    """

    clusters: int = 200

    def own(self):
        """No release is for one module alone."""
        return []

    def cluster_names(self):
        """The names of all clusters."""
        return [f"c{number:03}" for number in range(self.clusters)]

    def shared(self):
        """The releases of at least one cluster."""
        return [release for release, names in self.chosen().items() if names]

    def chosen(self):
        """The names of the clusters that each release is for."""
        chosen = random.Random(SEED)
        releases = [shared_release(number) for number in range(self.kernels)]
        clusters = {release: [] for release in releases}
        for name in self.cluster_names():
            for release in chosen.sample(releases, self.kernels * 4 // 5):
                clusters[release].append(name)
        return clusters

    def list_text(self):
        """The kernel list, with the number of nodes in each cluster."""
        chosen = self.chosen()
        lines = []
        for line in super().list_text().splitlines():
            lines.append(line)
            if line.startswith("  - release: "):
                nodes = ", ".join(f"{name}: 1" for name in chosen[line.split(": ")[1]])
                lines.append(f"    nodes: {{{nodes}}}")
        return "\n".join(lines) + "\n"

    def manifest_text(self):
        """The manifest."""
        clusters = "".join(
            f"  {name}: {{moduleSpec: {{selector: {{example.com/cluster: {name}}}}}}}\n" for name in self.cluster_names()
        )
        return super().manifest_text() + f"clusters:\n{clusters}"


def crawled(path):
    """A fleet of one module and every release in a kernel-crawler's JSON that KMM can serve."""
    loader = importlib.machinery.SourceFileLoader("conformance", str(ROOT / ".ci/conformance"))
    conformance = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(conformance)
    found = json.loads(path.read_text())
    releases = list(dict.fromkeys(entry["kernelrelease"] for kernels in found.values() for entry in kernels))
    refused = conformance.expected_refusals(releases)
    kept = [release for release in releases if release not in refused]
    twins = conformance.expected_twins(kept)
    listed = [release for release in kept if release not in twins]
    return Fleet(modules=1, kernels=len(listed), listed=listed)


def main():
    """Writes one fleet, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--modules", type=int, default=10)
    parser.add_argument("--kernels", type=int, default=1000, help="for each module [default: 1000]")
    parser.add_argument("--clusters", type=int, help="each with four fifths of the kernels, which all modules share")
    parser.add_argument("--layout", default="files", help="`output.layout` of the clusters")
    parser.add_argument("--crawled", type=pathlib.Path, metavar="JSON", help="one module on the releases in this file")
    args = parser.parse_args()
    if args.crawled:
        fleet = crawled(args.crawled)
    elif args.clusters:
        fleet = Clusters(args.modules, args.kernels, clusters=args.clusters, layout=args.layout)
    else:
        fleet = Fleet(args.modules, args.kernels)
    print(f"{fleet.write(args.folder)}: {fleet.mappings} mappings")


if __name__ == "__main__":
    main()
