"""File systems to measure on: tmpfs, and an ext4 with a journal that is made for each row."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

TMPFS = pathlib.Path("/dev/shm")


class Absent(Exception):
    """A file system that this machine cannot offer."""


@contextlib.contextmanager
def tmpfs():
    """A folder in memory. It is deleted in one go at the end."""
    if not os.access(TMPFS, os.W_OK):
        raise Absent(f"{TMPFS} is not there to write to")
    folder = tempfile.mkdtemp(prefix="kmodgen-bench-", dir=TMPFS)
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def need_memory_for(mappings):
    """Refuses what the machine's memory has no room for: a folder, two files and their inodes each."""
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    [available] = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    # The program under test and a yardstick may take a part of it too.
    needed = mappings * 22_000 + (2 << 30)
    free = shutil.disk_usage(TMPFS).free
    if needed > min(available, free):
        raise Absent(f"it takes {needed >> 30} GiB of memory, and {min(available, free) >> 30} GiB are free")


@contextlib.contextmanager
def journaled_ext4(mappings):
    """A fresh ext4 with its usual journal and room for this many mappings, in a sparse image on the disk.

    The root of a machine for tests often has no journal, and then creates files ten times slower after
    a large delete. Here nothing is ever deleted: the image goes, with everything in it.
    """
    if os.geteuid() != 0 or any(shutil.which(program) is None for program in ["mkfs.ext4", "mount", "umount"]):
        raise Absent("a journaled ext4 is made with mkfs.ext4 and mount -o loop, as root")
    work = pathlib.Path(tempfile.mkdtemp(prefix="kmodgen-bench-", dir="/var/tmp"))
    image, folder = work / "ext4.img", work / "mounted"
    folder.mkdir()
    mounted = False
    try:
        with open(image, "wb") as file:
            file.truncate(mappings * 28_000 + (2 << 30))
        # Nothing is left for the kernel to set up while runs are measured.
        options = ["-q", "-F", "-N", str(mappings * 4 + 10_000), "-E", "lazy_itable_init=0,lazy_journal_init=0"]
        subprocess.run(["mkfs.ext4", *options, "-O", "has_journal", image], check=True)
        done = subprocess.run(["mount", "-o", "loop", image, folder], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Absent(f"a loop mount is refused here: {done.stderr.strip()}")
        mounted = True
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)
        shutil.rmtree(work, ignore_errors=True)


def stop_cleanly():
    """Has a signal end the program as an error does, so that nothing is left behind."""
    for number in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def flush():
    """Has everything written reach its file system, so that no run pays for the one before."""
    os.sync()
