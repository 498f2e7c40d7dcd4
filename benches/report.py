#!/usr/bin/env python3
"""Makes docs/benchmarks.md from benches/results/*.json, which the benchmarks write.

With --check it writes nothing, and fails where the page is not what it would write.
"""

import argparse
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches/results"
PAGE = ROOT / "docs/benchmarks.md"

HEAD = """# Benchmarks

How fast kmodgen is compared with similar tools, for everyone who generates files for many kernels or works on
kmodgen's speed.

`benches/report.py` generates this page from the results that the commands below write to `benches/results/`.
`cargo bench` measures the hot functions.
"""

# The commands in their order, and how each measures.
ABOUT = {
    "benches/run": """Complete runs of `kmodgen generate` and `publish`, each followed by a run of a yardstick, alternating. The table shows
the median of the ratios of these pairs, and the lowest and highest ratio. A ratio below 1 means that kmodgen is faster.
Ratios carry over to other machines; seconds do not.

- Each row has one warm-up pair.
- Runs *from nothing* start with an empty folder. All folders are deleted after the last run. Each row gets a new
  journaled ext4, with nothing left to write when a run starts.
- `benches/fleet.py` generates the fleets, identical on every machine: releases of RHEL and Debian with labels and
  Driver Toolkits, and modules of two kmods with overrides, one in four with a patch.
- Peak memory is the largest value of all runs, as measured by the kernel.
- Rows with a date in the last column were measured on that day, all others on the day below.
""",
    "e2e/fleet": """Builds of one module for every kernel that Debian has headers for, and a second run that has nothing to build.
`kmodgen build` and `buildah build` alternate, with the same Dockerfile, folder and arguments. `kmodgen verify`,
`modinfo` and `modprobe --show-depends` then read each image and must agree; this is a check, not a measurement.
""",
}

# Where the time of the goals that are not met goes, found with `perf` and `strace` on these fleets.
CAUSES = {
    "benches/run": """Time spent in the rows that miss their goal:

- *Nothing changed*: 89 % of the CPU time is for checking the 20,000 files, nearly all of it in the kernel. ninja checks
  as many files. Both processors do this as soon as the process has started and has read the cache, for which
  one of them needs a tenth of the total time.
- *With `--check`*: opening, reading and closing 20,000 files takes four fifths of the time, in the kernel.
- *One changed*: checking the files takes 62 %. At the same time kmodgen reads the manifest and the list of kernels
  (9 %) and plans as if no file had changed (6 %), so both processors are busy until nearly the end.
  Writing the cache takes 2 %. The goal is a quarter more than checking the files alone.
- *100 changed*: checking the files takes 48 %. It includes listing the folders of all ten modules, and reading the files that the
  previous run wrote, which are too new to rely on their times. Each of the ten Modules lists a changed kernel:
  rendering them takes 7 %, the 100 mappings 7 %, planning 7 %, reading the list of kernels 6 %, and renaming 210 files
  3 %. Page faults are included in all of these, 8 % in total.
- *Jinja*: the text that the yardstick writes is a quarter as long. The bare C program writes the same bytes.
- *`layout: bundle`, one changed*: reading the manifest and the list of kernels takes a third, planning a seventh. The rest
  is for the 6 MB file of the module: an interim file, so that each ConfigMap that a Module names exists at any time, and
  the final one.
- *Many clusters*: `generate` renders what clusters share once. In the layout `files`, it writes the files of each cluster
  to its folder; in the layout `shared`, once for all clusters. In `publish`, git stores equal files once. The Modules are
  different in each cluster, and each of them lists all kernels: rendering and compressing them takes most of the time.
- *One kernel of many clusters changed*: four of five clusters have the kernel, so four fifths of the Modules change. Only
  to hash these for their first lines and for git takes longer than the goal of `publish`.
- *100,000 mappings*: more than half of the time is in the kernel, for system calls that the bare C program makes too. SHA-256
  of the inputs of images and of each file takes a sixth.
""",
}

UNITS = {"ratio": "", "s": " s", "MB": " MB", "us": " µs"}


def number(value):
    """Three digits, and all of those before the point."""
    if value == 0:
        return "0"
    digits = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    if digits == 0 and abs(value) < 0.1:
        return f"{value:.3f}" if abs(value) >= 0.001 else f"{value:.2g}"
    return f"{value:,.{max(3 - max(digits, 1), 0)}f}"


def duration(seconds):
    """Seconds in the unit that people would say them in."""
    return f"{number(seconds * 1000)} ms" if seconds < 1 else f"{number(seconds)} s"


def verdict(row):
    """Whether the goal is met. Less is better in every unit."""
    goal, stretch = row.get("goal"), row.get("stretch")
    if goal is None:
        return ""
    if row["median"] > goal:
        return f"missed by {(row['median'] / goal - 1) * 100:.0f} %"
    return "met, stretch goal too" if stretch is not None and row["median"] <= stretch else "met"


def goals(row):
    """The goal, and what would be better still."""
    unit = UNITS[row["unit"]]
    told = [f"{row[name]:g}{unit}" for name in ["goal", "stretch"] if row.get(name) is not None]
    return "; ".join(told)


def sides(row):
    """The median times of both."""
    seconds = row.get("seconds")
    if not seconds:
        return ""
    return f"{duration(seconds['kmodgen'])}, {duration(seconds['yardstick'])}"


def table(columns, rows):
    """A table in Markdown. Columns that are empty in all rows are left out."""
    cells = [[of(row) for _, of in columns] for row in rows]
    used = [at for at in range(len(columns)) if any(line[at] for line in cells)]
    lines = [[columns[at][0] for at in used], ["---" for _ in used]] + [[line[at] for at in used] for line in cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def spread(row):
    """The lowest and the highest, and of how many."""
    return f"{number(row['min'])} to {number(row['max'])}, n = {row['n']}"


def memory(row):
    """The peak of kmodgen's memory."""
    return f"{number(row['peak_mb'])} MB" if row.get("peak_mb") else ""


COLUMNS = [
    ("Work", lambda row: row["what"]),
    ("Compared with", lambda row: row.get("against") or ""),
    ("Median", lambda row: f"**{number(row['median'])}**{UNITS[row['unit']]}"),
    ("Lowest to highest", spread),
    ("Goal; stretch goal", goals),
    ("Result", verdict),
    ("kmodgen, yardstick", sides),
    ("Peak memory", memory),
    ("Measured later", lambda row: row.get("date") or ""),
]


def section(command, results):
    """What one command measured, if anything."""
    parts = [f"## `{command}`\n", *filter(None, [ABOUT.get(command)])]
    if results is None:
        return "\n".join([*parts, "Nothing is recorded yet.\n"])
    machine = results["machine"]
    parts.append(
        f"{results['date']}, on {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['os']}, Linux {machine['kernel']}.\n"
    )
    compared = [row for row in results["rows"] if row.get("against") or row.get("goal") is not None]
    alone = [row for row in results["rows"] if row not in compared]
    parts += [table(COLUMNS, rows) for rows in [compared, alone] if rows]
    parts += filter(None, [CAUSES.get(command)])
    if results.get("notes"):
        parts.append("".join(f"- {note}\n" for note in results["notes"]))
    return "\n".join(parts)


def page():
    """The whole page."""
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    results = {"benches/run": None} | {one["command"]: one for one in found}
    commands = sorted(results, key=lambda command: list(ABOUT).index(command) if command in ABOUT else len(ABOUT))
    return "\n".join([HEAD, *(section(command, results[command]) for command in commands)])


def main():
    """Writes the page, or checks it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where the page is out of date")
    args = parser.parse_args()
    text = page()
    if not args.check:
        PAGE.write_text(text)
    elif not PAGE.is_file() or PAGE.read_text() != text:
        print(f"{PAGE.relative_to(ROOT)} is not made from benches/results: run benches/report.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
