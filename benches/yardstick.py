"""The yardsticks: what kmodgen is measured against. They are kept outside the project, and used from there."""

import contextlib
import importlib.util
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def shared():
    """The folder with data and yardsticks that belongs to no release."""
    return pathlib.Path(os.environ.get("KMODGEN_SHARED", ROOT.parent / "shared"))


def script():
    """Where the yardsticks are."""
    return shared() / "bench/yardsticks.py"


def missing():
    """What the yardsticks need and the machine lacks, with the way to get it."""
    needs = {
        "ninja": ("ninja", "apt-get install ninja-build"),
        "git": ("git", "apt-get install git"),
        "cc": ("a C compiler", "apt-get install gcc libc6-dev"),
        "kubectl": ("kubectl", "apt-get install kubernetes-client"),
    }
    lacking = [f"{what}: {how}" for program, (what, how) in needs.items() if shutil.which(program) is None]
    for module, how in [("jinja2", "python3 -m pip install jinja2"), ("yaml", "python3 -m pip install PyYAML")]:
        if importlib.util.find_spec(module) is None:
            lacking.append(f"the Python module {module}: {how}")
    if not script().is_file():
        lacking.append(f"{script()}: name the folder that has bench/yardsticks.py in $KMODGEN_SHARED")
    return lacking


class Yardsticks:
    """Each gives the seconds of one run. What a yardstick sets up is made once, and only its run is timed."""

    def __init__(self):
        spec = importlib.util.spec_from_file_location("yardsticks", script())
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.ready = {}

    def one_run(self, name, work, size):
        """What one of the yardsticks reports of one run of its own."""
        os.makedirs(work, exist_ok=True)
        with contextlib.redirect_stdout(io.StringIO()) as told:
            getattr(self.module, name)(str(work), size, 1)
        return json.loads(told.getvalue())["seconds"]["median"]

    def set_up(self, name, work, size):
        """The folder of a yardstick that runs again and again in one place."""
        if (name, size) not in self.ready:
            place = work / f"{name}-{size}"
            self.one_run(name, place, size)
            self.ready[name, size] = str(place / name)
        return self.ready[name, size]

    def ninja(self, work, mappings):
        """ninja with nothing to do, on two targets a mapping."""
        return self.module.timed(["ninja"], self.set_up("ninja", work, mappings))

    def kustomize(self, work, mappings):
        """`kubectl kustomize` with a generator for each mapping."""
        return self.module.timed(["kubectl", "kustomize", self.set_up("kustomize", work, mappings)])

    def jinja(self, work, mappings):
        """A loop in Python that renders and dumps, into a fresh folder."""
        return self.one_run("jinja", work, mappings)

    def bare(self, work, tree):
        """A C program that writes the files of a tree, into a fresh folder."""
        return self.one_run("bare", work, str(tree))

    def read_json(self, files):
        """Python that reads JSON files, and does nothing with them."""
        script = "import json, sys\nfor path in sys.argv[1:]:\n    with open(path) as file: json.load(file)"
        return self.module.timed([sys.executable, "-I", "-S", "-c", script, *map(str, files)])

    def git_identity(self, home):
        """Lets git, and who asks its settings, know who is at work in this home."""
        (home / ".gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@example.com\n")

    def git_init(self, folder, *options):
        """A repository that never packs by itself, which would be in the way of a later run."""
        subprocess.run(["git", "init", "-q", "-b", "main", *options, str(folder)], check=True)
        for setting in ["gc.auto=0", "user.name=Bench", "user.email=bench@example.com"]:
            subprocess.run(["git", "-C", str(folder), "config", *setting.split("=")], check=True)

    def git_remote(self, folder, url):
        """Has a work tree push to a URL."""
        subprocess.run(["git", "-C", str(folder), "remote", "add", "origin", url], check=True)

    def git_commit(self, folder):
        """`git add` and `git commit` of all that is new in a work tree, which may be nothing."""
        script = "git add -A && { git diff --cached --quiet || git commit -q -m bench; }"
        return self.module.timed(["sh", "-c", script], str(folder))

    @contextlib.contextmanager
    def git_served(self, folder):
        """The URL below which a git daemon serves a folder's repositories, for pushing, too."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = ["git", "daemon", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1", f"--port={port}"]
        # The daemon is a child of `git`, and ends with the group.
        daemon = subprocess.Popen([*command, f"--base-path={folder}"], stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            for _ in range(500):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.01)
            yield f"git://127.0.0.1:{port}"
        finally:
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.wait()

    def git_push(self, folder):
        """`git add`, `git commit` and `git push` of all that is new in a work tree."""
        return self.module.timed(["sh", "-c", "git add -A && git commit -q -m bench && git push -q origin main"], str(folder))

    def git_contents(self, folder, branch, below):
        """The ID and the size of each file below a folder of a branch."""
        command = ["git", "-C", str(folder), "ls-tree", "-r", "-l", "-z", f"{branch}:{below}"]
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]:
            _, _, content, size = line.split("\t")[0].split()
            yield content, int(size)

    def git_count(self, folder):
        """How many commits a repository has."""
        command = ["git", "-C", str(folder), "rev-list", "--count", "main"]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
