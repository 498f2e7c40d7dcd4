"""Measured runs: kmodgen and a yardstick in turns, on a machine that is watched."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

LAUNCH = pathlib.Path(__file__).resolve().parent / "launch.py"

# From this share of the machine's time on that others use, the machine is busy.
BUSY = 0.15


@dataclasses.dataclass
class Run:
    """One run of kmodgen: what it took, its peak memory, and its CPU time if that is known."""

    seconds: float
    peak_bytes: int
    cpu_seconds: float = 0


class Kmodgen:
    """The program under test."""

    def __init__(self, program):
        self.program = program

    def environment(self, home):
        """Everything that is not the project is kept in a folder of the benchmark's."""
        return os.environ | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "NO_COLOR": "1"}

    def command(self, verb, manifest, *flags):
        """A whole command line, which reaches servers only to push."""
        network = [] if "--push" in flags else ["--offline"]
        pinned = [] if verb == "lint" else [*network, "--locked"]
        return [str(self.program), verb, *pinned, "-f", str(manifest), *flags]

    def run(self, verb, manifest, *flags):
        """One measured run, which has to succeed."""
        return self.launch(self.command(verb, manifest, *flags), manifest.parent)

    def status(self, home, files):
        """One measured run of `status`, which has to find everything loaded."""
        return self.launch([str(self.program), "status", *map(str, files)], home)

    def launch(self, command, home):
        """One measured run of a command line."""
        launched = [sys.executable, "-I", "-S", str(LAUNCH), *command]
        environment = self.environment(home)
        told = json.loads(subprocess.run(launched, env=environment, check=True, capture_output=True, text=True).stdout)
        if told["code"] != 0:
            raise Failed(f"{' '.join(command)}: exit code {told['code']}")
        return Run(told["seconds"], told["peak_bytes"], told["cpu_seconds"])

    def report(self, manifest, *flags):
        """A run that is not measured, for its report."""
        command = self.command("generate", manifest, "--format", "json", *flags)
        environment = self.environment(manifest.parent)
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[:2000]}")
        return json.loads(done.stdout)


class Failed(Exception):
    """A run that is not what it should be, so that its time says nothing."""


class Machine:
    """How busy the machine is with anything but the benchmark."""

    def __init__(self, patience):
        self.patience = patience
        self.busy = []
        self.loads = []

    def settle(self, sample=0.2):
        """Waits until others leave the machine alone, within what is left of the patience."""
        self.loads.append(os.getloadavg()[0])
        used = self.share_used(sample)
        while used > BUSY and self.patience > 0:
            start = time.monotonic()
            time.sleep(1)
            used = self.share_used(sample)
            self.patience -= time.monotonic() - start
        self.busy.append(used > BUSY)

    @staticmethod
    def share_used(seconds):
        """The share of all processors' time that is used while this process sleeps."""

        def ticks():
            fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
            return sum(fields), fields[3] + fields[4]

        total, idle = ticks()
        time.sleep(seconds)
        total_after, idle_after = ticks()
        return 1 - (idle_after - idle) / max(total_after - total, 1)

    def notes(self):
        """What a reader has to know of the machine's other work."""
        if not self.loads:
            return []
        told = [f"The load average was {min(self.loads):.1f} to {max(self.loads):.1f} before the runs, including this work."]
        if any(self.busy):
            busy = f"{sum(self.busy)} of {len(self.busy)} turns"
            told.append(f"In {busy} something else used more than {BUSY:.0%} of the machine: measure again.")
        return told


@dataclasses.dataclass
class Pairs:
    """Runs of both sides, in turns: one of kmodgen, then one of the yardstick."""

    ours: list = dataclasses.field(default_factory=list)
    theirs: list = dataclasses.field(default_factory=list)

    def ratios(self):
        """Each run of kmodgen over the run of the yardstick that follows it."""
        return [ours.seconds / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def peak_megabytes(self):
        """The most memory that any run of kmodgen used."""
        return max(run.peak_bytes for run in self.ours) / 1e6

    def seconds(self):
        """The medians of both sides."""
        ours = statistics.median(run.seconds for run in self.ours)
        return {"kmodgen": round(ours, 5), "yardstick": round(statistics.median(self.theirs), 5)}


def in_turns(machine, runs, ours, theirs=None):
    """Runs both in turns, after one turn to warm up. Both are given the turn's number."""
    pairs = Pairs()
    for turn in range(runs + 1):
        if turn > 0:
            machine.settle()
        run = ours(turn)
        yardstick = theirs(turn) if theirs else None
        if turn > 0:
            pairs.ours.append(run)
            pairs.theirs.append(yardstick)
    return pairs


def spread(values, digits=4):
    """The three numbers that a row quotes, and of how many."""
    rounded = {
        name: round(of(values), digits) for name, of in [("min", min), ("median", statistics.median), ("max", max)]
    }
    return rounded | {"n": len(values)}
