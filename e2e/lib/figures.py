"""Sums up what take_figures measured: figures.py COUNT ROWS OUT LOAD KMODGEN ENGINE.

ROWS has lines of a name and microseconds. OUT becomes a table of least, median and most, with the
machine and what one has to know to judge it; the same is printed.
"""

import collections
import datetime
import json
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "benches"))
sys.dont_write_bytecode = True

import machine  # noqa: E402
from measure import spread  # noqa: E402


def row(what, unit, values, goal=None, against=None):
    return {"what": what, "unit": unit, "against": against, "goal": goal} | spread(values)


count, source, out, load, kmodgen, engine = sys.argv[1:]
seconds = collections.defaultdict(list)
with open(source, encoding="utf-8") as file:
    for line in file:
        name, microseconds = line.split("\t")
        seconds[name].append(int(microseconds) / 1e6)


def ratios(ours, theirs):
    return [one / other for one, other in zip(seconds[ours], seconds[theirs], strict=True)]


alone = "plain buildah build of the same Dockerfile"
medians = {
    "kmodgen": round(statistics.median(seconds["by_kmodgen"]), 5),
    "yardstick": round(statistics.median(seconds["by_engine"]), 5),
}
rows = [
    row("one image, `--jobs 1`", "ratio", ratios("by_kmodgen", "by_engine"), 1.05, alone) | {"seconds": medians},
    row("CPU time for one image", "ratio", ratios("by_kmodgen-worked", "by_engine-worked"), None, alone),
    row(f"a second run finds {count} images in local storage, `--offline`", "s", seconds["again"], 1.0),
    row(f"a second run finds {count} images in the registry, without the registry's response times", "s", seconds["beside-answers"], 1.0),
    row("the same with the registry's response times", "s", seconds["again-asking"]),
    row("the registry's response times, from its log", "s", seconds["answers"]),
]
table = {
    "machine": machine.facts(),
    "date": datetime.date.today().isoformat(),
    "command": "e2e/fleet",
    "rows": rows,
    "notes": [
        f"`kmodgen build`, {kmodgen}, {engine}; chroot isolation; storage in memory if it is large enough.",
        "A pair is one kernel: both build it, alternating which one is first, without a layer cache, "
        "with the same volumes, and with all other images in the storage; the image is removed in between. "
        "Times are those of the whole process.",
        "The registry is on the same machine and requires a password.",
        f"Load average at the start: {load}; at the end: {os.getloadavg()[0]:.2f}.",
    ],
}
with open(out, "w", encoding="utf-8") as file:
    json.dump(table, file, indent=1, ensure_ascii=False)
    file.write("\n")
for each in rows:
    goal = "" if each["goal"] is None else f"  goal {each['goal']}"
    print(f"{each['min']:8.3f} {each['median']:8.3f} {each['max']:8.3f} {each['unit']:5} n={each['n']:<3} {each['what']}{goal}")
