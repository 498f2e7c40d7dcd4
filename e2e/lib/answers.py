"""The microseconds that a registry's log says it took to answer, on standard output.

Each of COUNT images is asked for at least once, or the log is not what it is taken for.
"""

import re
import sys

UNITS = {"ns": 1e-3, "µs": 1, "ms": 1e3, "s": 1e6}

log = sys.stdin.read()
durations = re.findall(r"\bhttp\.response\.duration=\"?([0-9.]+)(ns|µs|ms|s)\b", log)
if len(durations) < int(sys.argv[1]):
    sys.exit(f"the registry's log tells of {len(durations)} answers")
print(round(sum(float(number) * UNITS[unit] for number, unit in durations)))
