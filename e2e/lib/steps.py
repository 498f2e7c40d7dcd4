"""Prints each RUN and COPY of a Dockerfile, and what an engine's log of its build says about it.

    steps.py DOCKERFILE LOG

A line is STAGE shared|own cached|built|absent INSTRUCTION: `shared` comes before the stage's `ARG KERNEL_VERSION`.
"""

import pathlib
import re
import sys

dockerfile, log = (pathlib.Path(argument).read_text(encoding="utf-8") for argument in sys.argv[1:])
release = re.search(r"^ARG KERNEL_VERSION=(\S+)", dockerfile, re.MULTILINE)[1]


def plain(text):
    """The instruction on one line, without repeated blanks, and with the release, which BuildKit writes in most."""
    return " ".join(re.sub(r"\$\{KERNEL_(FULL_)?VERSION\}", release, text.replace("\\\n", " ")).split())


# buildah and podman number steps by stage, and BuildKit all at once: it prints steps of several stages by turns.
started, cached, step = {}, set(), None
for line in log.splitlines():
    if found := re.match(r"(?:\[\d+/\d+\] )?STEP \d+/\d+: (.*)", line):
        step = plain(found[1])
        started[step] = step
    elif found := re.match(r"(#\d+) \[.*\d+/\d+\] (.*)", line):
        started[found[1]] = plain(found[2])
    elif line.startswith("--> Using cache "):
        cached.add(step)
    elif found := re.fullmatch(r"(#\d+) CACHED", line):
        cached.add(started[found[1]])

stage = part = None
for instruction in re.findall(r"^(?!#)\S(?:.*\\\n)*.*", dockerfile, re.MULTILINE):
    if found := re.match(r"FROM \S+(?: AS (\S+))?", instruction):
        stage, part = found[1] or "last", "shared"
    elif instruction.startswith("ARG KERNEL_VERSION"):
        part = "own"
    elif re.match("RUN|COPY", instruction):
        step = plain(instruction)
        state = "cached" if step in cached else "built" if step in started.values() else "absent"
        print(stage, part, state, step)
