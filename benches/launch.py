"""Runs one command and prints what it took: {"seconds", "cpu_seconds", "peak_bytes", "code"}.

A program of its own and started with `python3 -I -S`, since Linux counts the memory of the process that
starts another towards the other's peak: this one has 11 MB, the benchmark itself may have hundreds.
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
process.returncode = os.waitstatus_to_exitcode(status)
cpu = usage.ru_utime + usage.ru_stime
took = {"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": usage.ru_maxrss * 1024, "code": process.returncode}
print(json.dumps(took))
