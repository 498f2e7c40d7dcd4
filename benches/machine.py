"""The machine that figures are of."""

import pathlib
import platform


def facts():
    """What was measured on."""
    processors = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in processors if line.startswith("model name")]
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    release = dict(
        line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(names) or 1,
        "memory_gib": round(memory / (1 << 20)),
        "os": release["PRETTY_NAME"].strip('"'),
        "kernel": platform.release().split("-")[0],
    }
