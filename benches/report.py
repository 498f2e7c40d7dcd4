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

How fast kmodgen is, beside what does similar work. `benches/report.py` makes this page from the
results that the commands below write to `benches/results/`. `cargo bench` measures the hot functions
alone.
"""

# The commands in their order, and how each measures.
ABOUT = {
    "benches/run": """Whole runs of `kmodgen generate` and `publish`, each followed by a run of its yardstick, and so on in
turns. Quoted is the median of the ratios of these pairs, with the lowest and the highest: below 1
kmodgen is the faster. A ratio holds on other machines too, seconds do not.

- Each row has one turn to warm up.
- A run *from nothing* has a fresh folder, and all folders go after the last run. The journaled ext4
  is made for each row, and has nothing left to write when a run begins.
- `benches/fleet.py` makes the fleets, the same on every machine: releases of RHEL and Debian, with
  labels and Driver Toolkits; modules of two kmods, with overrides, one in four with a patch.
- Peak memory is the kernel's count, of the run that took the most.
""",
    "e2e/fleet": """Real builds of one module for every kernel that Debian serves headers of, and a second run that has
nothing to build. Each image is made by `kmodgen build` and by `buildah build` with the same
Dockerfile, folder and arguments, in turns. Every image is then read by `kmodgen verify`, `modinfo`
and `modprobe --show-depends`, which have to agree; that is a check, not a measurement.
""",
}

# Where the time of the goals that are not met goes, found with `perf` and `strace` on these fleets.
CAUSES = {
    "benches/run": """Where the goals are missed, the time goes here:

- *Nothing changed*: 89 % of the processors' time is the look at the 20,000 files, nearly all of it the
  kernel's; ninja looks at as many. Both processors are at it from the time on when the process has
  started and knows what the run before left, which one of them needs a tenth of the whole for.
- *With `--check`*: opening, reading and closing 20,000 files takes four fifths, which are the kernel's.
- *One changed*: 62 % is the look at the files. Beside it the manifest and the list of kernels are read,
  9 %, and the plan is made as if nobody had touched a file, 6 %, so that both processors have work
  until nearly all is done; a record is written in 2 %. The goal is a quarter more than the look alone.
- *100 changed*: 48 % is the look, which has to list the folders of all ten modules, and to read what the
  run before wrote, too new to go by its times. Each of the ten Modules lists a kernel that changed:
  making them takes 7 %, the 100 mappings 7 %, the plan 7 %, reading the list of kernels 6 %, putting 210
  files in place 3 %. Asking for memory page by page is part of all that, 8 %.
- *Jinja*: a text of the yardstick's is a quarter as long; the same bytes are the bare program's.
- *100,000 mappings*: the kernel has more than half, for what the bare program asks of it, too, and
  SHA-256 of what decides an image and of each file a sixth.
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
        return f"short by {(row['median'] / goal - 1) * 100:.0f} %"
    return "met, and the stretch" if stretch is not None and row["median"] <= stretch else "met"


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
    ("work", lambda row: row["what"]),
    ("against", lambda row: row.get("against") or ""),
    ("median", lambda row: f"**{number(row['median'])}**{UNITS[row['unit']]}"),
    ("lowest to highest", spread),
    ("goal; stretch", goals),
    ("goal is", verdict),
    ("kmodgen, yardstick", sides),
    ("peak memory", memory),
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
