"""What is measured: each row makes its fleet, runs kmodgen and its yardstick in turns, and gives figures.

A goal is a ratio to the yardstick, never a time: a ratio holds on other machines too.
"""

import dataclasses
import functools
import hashlib
import pathlib
import resource
import shutil
import subprocess
import typing

import cluster
import fleet
import places
import yardstick
from fleet import Clusters, Fleet
from measure import Failed, Kmodgen, Machine, Run, in_turns, spread

KERNELS = 1000


@dataclasses.dataclass
class Bench:
    """What all rows share."""

    kmodgen: Kmodgen
    yardsticks: yardstick.Yardsticks
    machine: Machine
    # A folder in memory that lasts from the first row to the last.
    work: pathlib.Path
    runs: int
    # How many times smaller than it should be everything is, to try things.
    shrink: int

    def fleet(self, modules, layout="files"):
        """A fleet of this many modules."""
        return Fleet(modules, KERNELS // self.shrink, layout=layout)

    def generated(self, asked, folder):
        """A fleet that is written and generated, and of which the next run has nothing to do."""
        manifest = asked.write(folder)
        created = self.kmodgen.report(manifest)["summary"]["created"]
        unchanged = self.kmodgen.report(manifest)["summary"]["unchanged"]
        least = asked.mappings * (2 if asked.layout == "files" else 1)
        if unchanged != created or created < least:
            raise Failed(f"{created} files were created for {asked.mappings} mappings, then {unchanged} unchanged")
        return manifest


@dataclasses.dataclass
class Row:
    """One line of the table."""

    id: str
    what: str
    measure: typing.Callable[[Bench], dict]
    against: str | None = None
    goal: float | None = None
    stretch: float | None = None
    unit: str = "ratio"


def ratio_of(pairs, scale=1):
    """The figures of a row that compares: the ratio of each pair of runs."""
    peak = {"peak_mb": round(pairs.peak_megabytes(), 1)}
    return spread([ratio * scale for ratio in pairs.ratios()]) | {"seconds": pairs.seconds()} | peak


def unchanged(bench, *flags, layout="files"):
    """10,000 mappings that are as they should be, against ninja."""
    with places.tmpfs() as folder:
        asked = bench.fleet(10, layout)
        manifest = bench.generated(asked, folder)
        pairs = in_turns(
            bench.machine,
            many(bench),
            lambda _: bench.kmodgen.run("generate", manifest, *flags),
            lambda _: bench.yardsticks.ninja(bench.work, asked.mappings),
        )
    return ratio_of(pairs)


def changed(bench, mappings, layout="files"):
    """10,000 mappings of which some have to follow a new Driver Toolkit, against ninja with nothing to do."""
    with places.tmpfs() as folder:
        asked = bench.fleet(10, layout)
        manifest = bench.generated(asked, folder)

        def ours(turn):
            asked.change(mappings)
            asked.write_list(folder)
            if turn == 0:
                reloads = bench.kmodgen.report(manifest, "--dry-run")["nodes"]["reload"]
                if reloads != mappings:
                    raise Failed(f"{reloads} mappings change instead of {mappings}")
            return bench.kmodgen.run("generate", manifest)

        pairs = in_turns(bench.machine, many(bench), ours, lambda _: bench.yardsticks.ninja(bench.work, asked.mappings))
    return ratio_of(pairs)


def cold_pairs(bench, asked, folder, runs, theirs=None, room_for_all=True):
    """Runs into fresh folders. Nothing is deleted before the last one, unless there is no room for them all."""

    def ours(turn):
        if not room_for_all and turn > 1:
            for side in ["ours", "theirs"]:
                shutil.rmtree(folder / f"{side}-{turn - 1}", ignore_errors=True)
        manifest = asked.write(folder / f"ours-{turn}")
        places.flush()
        return bench.kmodgen.run("generate", manifest)

    def yardstick_run(turn):
        places.flush()
        return theirs(folder / f"theirs-{turn}")

    return in_turns(bench.machine, runs, ours, yardstick_run if theirs else None)


def place_for(on, mappings, trees):
    """The file system for this many trees."""
    return places.tmpfs() if on == "tmpfs" else places.journaled_ext4(mappings * trees)


def cold_bare(bench, asked, on, runs):
    """A cold run against the C program that writes the same bytes."""
    # Deleting leaves nothing behind in memory, as it does on a disk.
    room_for_all = on != "tmpfs" or asked.mappings <= 20_000
    if on == "tmpfs":
        places.need_memory_for(asked.mappings * (2 * (runs + 1) if room_for_all else 5))
    with place_for(on, asked.mappings, 2 * (runs + 1)) as folder:
        bare = functools.partial(bench.yardsticks.bare, tree=folder / "ours-0/gitops")
        return ratio_of(cold_pairs(bench, asked, folder, runs, bare, room_for_all))


def cold_jinja(bench, on):
    """10,000 mappings against the loop in Python."""
    asked = bench.fleet(10)
    with place_for(on, asked.mappings, 2 * (bench.runs + 1)) as folder:
        jinja = functools.partial(bench.yardsticks.jinja, mappings=asked.mappings)
        return ratio_of(cold_pairs(bench, asked, folder, bench.runs, jinja))


def against_kustomize(bench):
    """4,000 mappings from nothing, against the tool that makes ConfigMaps of files."""
    asked = bench.fleet(4)

    def kustomize(_):
        return bench.yardsticks.kustomize(bench.work, asked.mappings)

    with places.tmpfs() as folder:
        return ratio_of(cold_pairs(bench, asked, folder, few(bench), kustomize))


def bundle_cold(bench):
    """10,000 mappings as bundles, against the files that have the same objects."""
    bundles, files = bench.fleet(10, "bundle"), bench.fleet(10)
    places.need_memory_for(2 * files.mappings * (bench.runs + 1))
    with places.tmpfs() as folder:

        def cold(asked, turn):
            manifest = asked.write(folder / f"{asked.layout}-{turn}")
            return bench.kmodgen.run("generate", manifest)

        pairs = in_turns(
            bench.machine, bench.runs, lambda turn: cold(bundles, turn), lambda turn: cold(files, turn).seconds
        )
    return ratio_of(pairs)


def bundle_kustomize(bench):
    """CPU time of `kubectl kustomize` for one module as a bundle, against the same module as files."""
    bundle, files = bench.fleet(1, "bundle"), bench.fleet(1)
    with places.tmpfs() as folder:
        sides = [bench.generated(asked, folder / asked.layout).parent / "gitops" for asked in [bundle, files]]

        def kustomize(side):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(["kubectl", "kustomize", str(sides[side])], check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return Run(seconds, after.ru_maxrss * 1024)

        pairs = in_turns(bench.machine, few(bench), lambda _: kustomize(0), lambda _: kustomize(1).seconds)
    return ratio_of(pairs)


def few(bench):
    """How many turns a row has of which each takes gigabytes, or most of a minute."""
    return min(bench.runs, 5)


def many(bench):
    """How many turns a row has of which each takes less than a second."""
    return 3 * bench.runs


def large_unchanged(bench):
    """What a mapping costs of 100,000 that are as they should be, against what it costs of 10,000."""
    many, usual = bench.fleet(100), bench.fleet(10)
    places.need_memory_for(many.mappings + usual.mappings)
    with places.tmpfs() as folder:
        manifests = [bench.generated(asked, folder / str(asked.mappings)) for asked in [many, usual]]
        pairs = in_turns(
            bench.machine,
            bench.runs,
            lambda _: bench.kmodgen.run("generate", manifests[0]),
            lambda _: bench.kmodgen.run("generate", manifests[1]).seconds,
        )
    return ratio_of(pairs, scale=usual.mappings / many.mappings)


def large_memory(bench):
    """The most memory that any run over 100,000 mappings takes: from nothing, unchanged, checked, one changed."""
    asked = bench.fleet(100)
    rounds = few(bench)
    places.need_memory_for(asked.mappings * rounds)
    peaks = []
    with places.tmpfs() as folder:
        manifest = asked.write(folder)
        for number in range(rounds):
            flags = ["--output", str(folder / f"gitops-{number}")]
            bench.machine.settle()
            runs = [bench.kmodgen.run("generate", manifest, *flags, *more) for more in [[], [], ["--check"]]]
            asked.change(1)
            asked.write_list(folder)
            runs.append(bench.kmodgen.run("generate", manifest, *flags))
            peaks.append(max(run.peak_bytes for run in runs))
    return spread([peak / 1e6 for peak in peaks], digits=1)


def each_mapping(pairs, asked):
    """The microseconds that a mapping takes."""
    figures = spread([run.seconds / asked.mappings * 1e6 for run in pairs.ours], digits=3)
    return figures | {"seconds": None, "peak_mb": round(pairs.peak_megabytes(), 1)}


def growth_cold(bench, modules):
    """What a mapping costs from nothing, in a fleet of this size."""
    asked = bench.fleet(modules)
    room_for_all = asked.mappings <= 20_000
    runs = bench.runs if room_for_all else few(bench)
    places.need_memory_for(asked.mappings * (runs + 1 if room_for_all else 3))
    with places.tmpfs() as folder:
        return each_mapping(cold_pairs(bench, asked, folder, runs, room_for_all=room_for_all), asked)


def growth_unchanged(bench, modules):
    """What a mapping costs that is as it should be, in a fleet of this size."""
    asked = bench.fleet(modules)
    places.need_memory_for(asked.mappings)
    with places.tmpfs() as folder:
        manifest = bench.generated(asked, folder)
        return each_mapping(in_turns(bench.machine, bench.runs, lambda _: bench.kmodgen.run("generate", manifest)), asked)


def crawled(bench):
    """Releases that a crawler found, with all their oddities, in one module."""
    path = yardstick.shared() / "data/kernels/kernel-crawler-x86_64.json"
    if not path.is_file():
        raise places.Absent(f"{path.name} is not there")
    asked = fleet.crawled(path)
    asked.listed = asked.listed[:: bench.shrink]
    asked.kernels = len(asked.listed)
    return cold_bare(bench, asked, "tmpfs", bench.runs)


def linted(bench):
    """What `lint` costs for each of 10,000 files, Dockerfiles and ConfigMaps, against each of 1,000."""
    many, few_files = Fleet(5, KERNELS // bench.shrink), Fleet(1, KERNELS // bench.shrink // 2)
    places.need_memory_for(many.mappings + few_files.mappings)
    with places.tmpfs() as folder:
        sides = [(asked, bench.generated(asked, folder / str(asked.mappings))) for asked in [many, few_files]]

        def lint(side):
            _, manifest = side
            return bench.kmodgen.run("lint", manifest, str(manifest.parent / "gitops"))

        pairs = in_turns(bench.machine, bench.runs, lambda _: lint(sides[0]), lambda _: lint(sides[1]).seconds)
    return ratio_of(pairs, scale=few_files.mappings / many.mappings)


def cluster_status(bench):
    """`status` of 1,000 nodes with 20 modules each, against Python's json module that only reads the same files."""
    with places.tmpfs() as folder:
        files = cluster.write(folder, 1000 // bench.shrink, 20)
        pairs = in_turns(
            bench.machine,
            bench.runs,
            lambda _: bench.kmodgen.status(folder, files),
            lambda _: bench.yardsticks.read_json(files),
        )
    return pairs


def status_memory(bench):
    """The most memory that `status` of 1,000 nodes with 20 modules each takes."""
    pairs = cluster_status(bench)
    return spread([run.peak_bytes / 1e6 for run in pairs.ours], digits=1)


def work_tree(bench, manifest, folder):
    """A work tree of git's with the files of a manifest, of which none is committed."""
    bench.yardsticks.git_init(folder)
    bench.kmodgen.report(manifest, "--output", str(folder / "gitops"))


def publish(bench, manifest, repository):
    """One measured run of `publish` to a repository on the same file system."""
    return bench.kmodgen.run("publish", manifest, "--repo", str(repository), "--branch", "main", "--path", "gitops")


def published(bench, asked, folder):
    """A fleet that is written, and an empty repository beside it."""
    manifest = asked.write(folder / "project")
    bench.yardsticks.git_identity(manifest.parent)
    bench.yardsticks.git_init(folder / "fleet.git", "--bare")
    return manifest, folder / "fleet.git"


def publish_first(bench):
    """10,000 mappings to a branch that is not there, against git with all files new."""
    asked = bench.fleet(10)
    places.need_memory_for(asked.mappings * 3 * (bench.runs + 1))
    with places.tmpfs() as folder:

        def ours(turn):
            manifest, repository = published(bench, asked, folder / f"ours-{turn}")
            return publish(bench, manifest, repository)

        def theirs(turn):
            work_tree(bench, folder / f"ours-{turn}/project/kmodgen.yaml", folder / f"theirs-{turn}")
            return bench.yardsticks.git_commit(folder / f"theirs-{turn}")

        return ratio_of(in_turns(bench.machine, bench.runs, ours, theirs))


def publish_again(bench, mappings):
    """10,000 mappings of which some changed since they were published, against git with the same change."""
    asked = bench.fleet(10)
    places.need_memory_for(asked.mappings * 4)
    with places.tmpfs() as folder:
        manifest, repository = published(bench, asked, folder)
        publish(bench, manifest, repository)
        work_tree(bench, manifest, folder / "theirs")
        bench.yardsticks.git_commit(folder / "theirs")

        def ours(_):
            asked.change(mappings)
            asked.write_list(manifest.parent)
            return publish(bench, manifest, repository)

        def theirs(_):
            bench.kmodgen.report(manifest, "--output", str(folder / "theirs/gitops"))
            return bench.yardsticks.git_commit(folder / "theirs")

        pairs = in_turns(bench.machine, bench.runs, ours, theirs)
        commits = [bench.yardsticks.git_count(place) for place in [repository, folder / "theirs"]]
        asked_for = 1 + (bench.runs + 1 if mappings else 0)
        if commits != [asked_for] * 2:
            raise Failed(f"{commits} commits instead of {asked_for}")
    return ratio_of(pairs)


def publish_to_url(bench):
    """10,000 mappings of which one changed since they were pushed, against git with the same change."""
    asked = bench.fleet(10)
    places.need_memory_for(asked.mappings * 5)
    with places.tmpfs() as folder, bench.yardsticks.git_served(folder) as server:
        manifest, repository = published(bench, asked, folder)
        to = ["--repo", f"{server}/fleet.git", "--branch", "main", "--path", "gitops", "--push"]
        bench.kmodgen.run("publish", manifest, *to)
        work_tree(bench, manifest, folder / "theirs")
        bench.yardsticks.git_init(folder / "theirs.git", "--bare")
        bench.yardsticks.git_remote(folder / "theirs", f"{server}/theirs.git")
        bench.yardsticks.git_push(folder / "theirs")

        def ours(_):
            asked.change(1)
            asked.write_list(manifest.parent)
            return bench.kmodgen.run("publish", manifest, *to)

        def theirs(_):
            bench.kmodgen.report(manifest, "--output", str(folder / "theirs/gitops"))
            return bench.yardsticks.git_push(folder / "theirs")

        pairs = in_turns(bench.machine, bench.runs, ours, theirs)
        commits = [bench.yardsticks.git_count(place) for place in [repository, folder / "theirs.git"]]
        if commits != [bench.runs + 2] * 2:
            raise Failed(f"{commits} commits instead of {bench.runs + 2}")
    return ratio_of(pairs)


def generated_contents(output):
    """The contents of all files of an output folder, with their sizes."""
    for path in sorted(output.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield hashlib.sha256(data).digest(), len(data)


class ForClusters:
    """Runs of one verb for one cluster and for many, each of which has 20 modules and four fifths of 400 kernels."""

    def __init__(self, bench, verb, layout, folder):
        self.bench, self.verb, self.layout, self.folder = bench, verb, layout, folder

    def fleet(self, clusters):
        """A fleet for this many clusters."""
        shrink = self.bench.shrink
        return Clusters(20, 400 // shrink, clusters=max(1, clusters // shrink), layout=self.layout)

    def first(self, clusters, turn):
        """A run from nothing, in a folder of its own."""
        manifest, repository = published(self.bench, self.fleet(clusters), self.folder / f"{clusters}-{turn}")
        return manifest, self.again(manifest, repository)

    def again(self, manifest, repository):
        """One more run."""
        if self.verb == "generate":
            return self.bench.kmodgen.run("generate", manifest)
        return publish(self.bench, manifest, repository)

    def contents(self, manifest):
        """The contents of all files, with their sizes."""
        if self.verb == "generate":
            return generated_contents(manifest.parent / "gitops")
        return self.bench.yardsticks.git_contents(manifest.parent.parent / "fleet.git", "main", "gitops")


def clusters_first(bench, verb, layout, clusters, of):
    """The cost of each distinct byte of many clusters, from nothing, against each byte of one cluster."""
    with places.tmpfs() as folder:
        runs = ForClusters(bench, verb, layout, folder)
        scale, values = None, []
        for turn in range(few(bench)):
            bench.machine.settle()
            alone, one = runs.first(1, turn)
            manifest, many = runs.first(clusters, turn)
            if scale is None:
                distinct = sum(dict(runs.contents(manifest)).values())
                scale = distinct / sum(size for _, size in runs.contents(alone))
            values.append(of(many) / of(one) / scale)
            for done in [alone, manifest]:
                shutil.rmtree(done.parent.parent)
    return spread(values)


def clusters_changed(bench, verb, layout, clusters):
    """The CPU time of a run after one kernel changed, against that of the first run."""
    with places.tmpfs() as folder:
        runs = ForClusters(bench, verb, layout, folder)
        values = []
        for turn in range(few(bench)):
            bench.machine.settle()
            manifest, first = runs.first(clusters, turn)
            asked = runs.fleet(clusters)
            asked.change(asked.modules)
            asked.write_list(manifest.parent)
            values.append(runs.again(manifest, manifest.parent.parent / "fleet.git").cpu_seconds / first.cpu_seconds)
            shutil.rmtree(manifest.parent.parent)
    return spread(values)


NINJA = "ninja with nothing to do, 20,000 targets"
BARE = "a bare C program that writes the same bytes to the same paths"
JINJA = "a loop in Python with jinja2 and PyYAML's C emitter"
KUSTOMIZE = "`kubectl kustomize` with configMapGenerator"
FILES = "the same with `layout: files`"
GIT = "`git add` and `git commit` of the same files, already written"
GIT_PUSH = "`git add`, `git commit` and `git push` of the same files, already written, to the same server"

ROWS = [
    Row(
        "unchanged",
        "nothing changed, 10,000 mappings (10 modules x 1,000 kernels)",
        unchanged,
        against=NINJA,
        goal=0.30,
        stretch=0.25,
    ),
    Row(
        "check",
        "the same with `--check`, every byte read",
        lambda bench: unchanged(bench, "--check"),
        against=NINJA,
        goal=1.0,
        stretch=0.8,
    ),
    Row(
        "one-changed",
        "one of 10,000 mappings changed",
        lambda bench: changed(bench, 1),
        against=NINJA,
        goal=0.40,
        stretch=0.32,
    ),
    Row(
        "hundred-changed",
        "100 of 10,000 mappings changed",
        lambda bench: changed(bench, 100),
        against=NINJA,
        goal=0.55,
        stretch=0.45,
    ),
    Row(
        "bundle-unchanged",
        "`layout: bundle`: nothing changed, 10,000 mappings in 31 files",
        lambda bench: unchanged(bench, layout="bundle"),
        against=NINJA,
        goal=0.05,
    ),
    Row(
        "bundle-check",
        "`layout: bundle`: the same with `--check`, every byte read",
        lambda bench: unchanged(bench, "--check", layout="bundle"),
        against=NINJA,
        goal=0.30,
    ),
    Row(
        "bundle-one-changed",
        "`layout: bundle`: one of 10,000 mappings changed",
        lambda bench: changed(bench, 1, layout="bundle"),
        against=NINJA,
        goal=0.25,
    ),
    Row(
        "bundle-cold",
        "`layout: bundle`: 10,000 mappings from nothing, tmpfs",
        bundle_cold,
        against=FILES,
    ),
    Row(
        "bundle-kustomize",
        "`layout: bundle`: CPU time of `kubectl kustomize`, one module with 1,000 kernels",
        bundle_kustomize,
        against=FILES,
    ),
    Row(
        "cold-bare-ext4",
        "10,000 mappings from nothing, journaled ext4",
        lambda bench: cold_bare(bench, bench.fleet(10), "ext4", bench.runs),
        against=BARE,
        goal=0.95,
        stretch=0.80,
    ),
    Row(
        "cold-bare-tmpfs",
        "10,000 mappings from nothing, tmpfs",
        lambda bench: cold_bare(bench, bench.fleet(10), "tmpfs", bench.runs),
        against=BARE,
        goal=1.15,
        stretch=0.90,
    ),
    Row(
        "cold-jinja-ext4",
        "10,000 mappings from nothing, journaled ext4",
        lambda bench: cold_jinja(bench, "ext4"),
        against=JINJA,
        goal=0.22,
    ),
    Row(
        "cold-jinja-tmpfs",
        "10,000 mappings from nothing, tmpfs",
        lambda bench: cold_jinja(bench, "tmpfs"),
        against=JINJA,
        goal=0.13,
    ),
    Row(
        "kustomize",
        "4,000 mappings from nothing, tmpfs",
        against_kustomize,
        against=KUSTOMIZE,
        goal=0.01,
        stretch=0.005,
    ),
    Row(
        "large-cold-ext4",
        "100,000 mappings (100 modules x 1,000 kernels) from nothing, journaled ext4",
        lambda bench: cold_bare(bench, bench.fleet(100), "ext4", few(bench)),
        against=BARE,
        goal=1.0,
    ),
    Row(
        "large-cold-tmpfs",
        "100,000 mappings from nothing, tmpfs",
        lambda bench: cold_bare(bench, bench.fleet(100), "tmpfs", few(bench)),
        against=BARE,
        goal=1.0,
    ),
    Row(
        "large-unchanged",
        "nothing changed, each of 100,000 mappings",
        large_unchanged,
        against="kmodgen itself, each of 10,000 mappings",
        goal=1.0,
    ),
    Row("large-memory", "peak memory, 100,000 mappings", large_memory, goal=120, unit="MB"),
    Row(
        "lint",
        "`lint`, each of 10,000 files (5,000 Dockerfiles and their ConfigMaps)",
        linted,
        against="kmodgen itself, each of 1,000 files",
        goal=1.2,
    ),
    Row(
        "status",
        "`status` of 1,000 nodes with 20 modules each",
        lambda bench: ratio_of(cluster_status(bench)),
        against="Python's json module, which only reads the same files",
        goal=1.0,
    ),
    Row("status-memory", "peak memory, `status` of 1,000 nodes with 20 modules each", status_memory, goal=200, unit="MB"),
    Row("crawled", "4,216 releases of 12 distributions, one module, from nothing, tmpfs", crawled, against=BARE),
    Row(
        "publish-first",
        "`publish` of 10,000 mappings to an empty repository, tmpfs",
        publish_first,
        against=GIT,
        goal=0.30,
        stretch=0.16,
    ),
    Row(
        "publish-one-changed",
        "`publish` after one of 10,000 mappings changed",
        lambda bench: publish_again(bench, 1),
        against=GIT,
        goal=0.33,
        stretch=0.13,
    ),
    Row(
        "publish-unchanged",
        "`publish` with nothing changed, 10,000 mappings",
        lambda bench: publish_again(bench, 0),
        against=GIT,
        goal=0.20,
    ),
    Row(
        "publish-to-url",
        "`publish` to a URL, a git daemon on the same machine, after one of 10,000 mappings changed",
        publish_to_url,
        against=GIT_PUSH,
        goal=1.0,
    ),
]

# Clusters that have much in common. Their files take 0.1 GB each in the layout `files`.
for _verb, _layout, _clusters in [
    ("generate", "shared", 200),
    ("generate", "files", 20),
    ("publish", "shared", 200),
    ("publish", "files", 200),
]:
    _name = f"clusters-{_verb}" if _layout == "files" else f"clusters-{_verb}-{_layout}"
    _in = "" if _layout == "files" else f" with `layout: {_layout}`"
    _all = f"`{_verb}`{_in} from nothing for {_clusters} clusters, 20 modules, each cluster with 80 % of 400 kernels"
    ROWS += [
        Row(
            f"{_name}{_suffix}",
            f"{_what} for each distinct byte, {_all}",
            functools.partial(clusters_first, verb=_verb, layout=_layout, clusters=_clusters, of=_of),
            against="each byte of one cluster",
            goal=1.2,
        )
        for _suffix, _what, _of in [
            ("", "CPU time", lambda run: run.cpu_seconds),
            ("-memory", "peak memory", lambda run: run.peak_bytes),
        ]
    ]
    ROWS.append(
        Row(
            f"{_name}-changed",
            f"CPU time of `{_verb}`{_in} after one kernel of {_clusters} clusters changed",
            functools.partial(clusters_changed, verb=_verb, layout=_layout, clusters=_clusters),
            against="the first run",
            goal=0.03,
        )
    )

# How the cost of a mapping grows with the fleet: modules of 1,000 kernels each.
for _modules in [1, 2, 5, 10, 20, 50]:
    for _name, _what, _measure in [
        ("cold", "from nothing, tmpfs", growth_cold),
        ("unchanged", "nothing changed", growth_unchanged),
    ]:
        ROWS.append(
            Row(
                f"growth-{_name}-{_modules}k",
                f"each of {_modules},000 mappings, {_what}",
                functools.partial(_measure, modules=_modules),
                unit="us",
            )
        )
