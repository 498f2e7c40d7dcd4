"""What is measured: each row makes its fleet, runs kmodgen and its yardstick in turns, and gives figures.

A goal is a ratio to the yardstick, never a time: a ratio holds on other machines too.
"""

import contextlib
import dataclasses
import pathlib
import typing

import fleet
import places
import yardstick
from fleet import Fleet
from measure import Failed, Kmodgen, Machine, in_turns, spread

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

    def fleet(self, modules):
        """A fleet of this many modules."""
        return Fleet(modules, KERNELS // self.shrink)

    def generated(self, asked, folder):
        """A fleet that is written and generated, and of which the next run has nothing to do."""
        manifest = asked.write(folder)
        created = self.kmodgen.report(manifest)["summary"]["created"]
        unchanged = self.kmodgen.report(manifest)["summary"]["unchanged"]
        if unchanged != created or created < 2 * asked.mappings:
            raise Failed(f"{created} files were created for {asked.mappings} mappings, then {unchanged} unchanged")
        return manifest


@dataclasses.dataclass
class Row:
    """One line of the table, or several of one measurement."""

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


def unchanged(bench, *flags):
    """10,000 mappings that are as they should be, against ninja."""
    with places.tmpfs() as folder:
        asked = bench.fleet(10)
        manifest = bench.generated(asked, folder)
        pairs = in_turns(
            bench.machine,
            bench.runs,
            lambda _: bench.kmodgen.run("generate", manifest, *flags),
            lambda _: bench.yardsticks.ninja(bench.work, asked.mappings),
        )
    return ratio_of(pairs)


def changed(bench, mappings):
    """10,000 mappings of which some have to follow a new Driver Toolkit, against ninja with nothing to do."""
    with places.tmpfs() as folder:
        asked = bench.fleet(10)
        manifest = bench.generated(asked, folder)

        def ours(turn):
            asked.change(mappings)
            asked.write_list(folder)
            if turn == 0:
                reloads = bench.kmodgen.report(manifest, "--dry-run")["nodes"]["reload"]
                if reloads != mappings:
                    raise Failed(f"{reloads} mappings change instead of {mappings}")
            return bench.kmodgen.run("generate", manifest)

        theirs = lambda _: bench.yardsticks.ninja(bench.work, asked.mappings)  # noqa: E731
        pairs = in_turns(bench.machine, bench.runs, ours, theirs)
    return ratio_of(pairs)


def cold_pairs(bench, asked, folder, runs, theirs=None):
    """Runs into fresh folders. Nothing is deleted before the last one."""

    def ours(turn):
        manifest = asked.write(folder / f"ours-{turn}")
        places.flush()
        return bench.kmodgen.run("generate", manifest)

    def yardstick_run(turn):
        places.flush()
        return theirs(folder / f"theirs-{turn}")

    return in_turns(bench.machine, runs, ours, yardstick_run if theirs else None)


def place_for(on, mappings, runs):
    """The file system for runs of both sides, of two files and a folder for each mapping."""
    return places.tmpfs() if on == "tmpfs" else places.journaled_ext4(4 * mappings * 2 * (runs + 1))


def cold_bare(bench, asked, on, runs):
    """A cold run against the C program that writes the same bytes."""
    with place_for(on, asked.mappings, runs) as folder:
        tree = folder / "ours-0/gitops"
        return cold_pairs(bench, asked, folder, runs, lambda work: bench.yardsticks.bare(work, tree))


def cold_jinja(bench, on):
    """10,000 mappings against the loop in Python."""
    asked = bench.fleet(10)
    with place_for(on, asked.mappings, bench.runs) as folder:
        theirs = lambda work: bench.yardsticks.jinja(work, asked.mappings)  # noqa: E731
        return ratio_of(cold_pairs(bench, asked, folder, bench.runs, theirs))


ROWS = [
    Row(
        "unchanged",
        "nothing changed, 10,000 mappings (10 modules x 1,000 kernels)",
        unchanged,
        against="ninja with nothing to do, 20,000 targets",
        goal=0.30,
        stretch=0.25,
    ),
    Row(
        "check",
        "the same with `--check`, every byte read",
        lambda bench: unchanged(bench, "--check"),
        against="ninja with nothing to do, 20,000 targets",
        goal=1.0,
        stretch=0.8,
    ),
    Row(
        "one-changed",
        "one of 10,000 mappings changed",
        lambda bench: changed(bench, 1),
        against="ninja with nothing to do, 20,000 targets",
        goal=0.40,
        stretch=0.32,
    ),
    Row(
        "hundred-changed",
        "100 of 10,000 mappings changed",
        lambda bench: changed(bench, 100),
        against="ninja with nothing to do, 20,000 targets",
        goal=0.55,
        stretch=0.45,
    ),
    Row(
        "cold-bare-ext4",
        "10,000 mappings from nothing, journaled ext4",
        lambda bench: ratio_of(cold_bare(bench, bench.fleet(10), "ext4", bench.runs)),
        against="a bare C program that writes the same bytes to the same paths",
        goal=0.95,
        stretch=0.80,
    ),
    Row(
        "cold-bare-tmpfs",
        "10,000 mappings from nothing, tmpfs",
        lambda bench: ratio_of(cold_bare(bench, bench.fleet(10), "tmpfs", bench.runs)),
        against="a bare C program that writes the same bytes to the same paths",
        goal=1.15,
        stretch=0.90,
    ),
    Row(
        "cold-jinja-ext4",
        "10,000 mappings from nothing, journaled ext4",
        lambda bench: cold_jinja(bench, "ext4"),
        against="a loop in Python with jinja2 and PyYAML's C emitter",
        goal=0.22,
    ),
    Row(
        "cold-jinja-tmpfs",
        "10,000 mappings from nothing, tmpfs",
        lambda bench: cold_jinja(bench, "tmpfs"),
        against="a loop in Python with jinja2 and PyYAML's C emitter",
        goal=0.13,
    ),
]
