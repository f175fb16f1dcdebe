"""What the end-to-end scripts share: running wherry, counting checks, a folder in memory."""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Most tests need no disk, and fsync is much faster in memory.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def find_wherry(argument=None):
    return os.path.abspath(argument or os.environ.get("WHERRY", os.path.join(HERE, "../../build/wherry")))


@contextlib.contextmanager
def working_folder(name):
    """A new folder that goes away, with the store of wherry in it, as the current one."""
    with tempfile.TemporaryDirectory(prefix=f"wherry-{name}-", dir=MEMORY) as folder:
        os.chdir(folder)
        os.environ["WHERRY_HOME"] = os.path.join(folder, "home")
        try:
            yield folder
        finally:
            os.chdir("/")


class Wherry:
    def __init__(self, path):
        self.path = path

    def command(self, *arguments):
        """Messages are text whatever the terminal."""
        return [self.path, *arguments, "--log-format", "text"]

    def run(self, *arguments, timeout=60, env=None, **options):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, errors="replace", timeout=timeout,
                              env=dict(os.environ, **(env or {})), **options)

    def copy(self, *arguments, **options):
        return self.run("copy", *arguments, "--progress", "none", "--log-level", "error", **options)

    def must(self, *arguments, **options):
        r = self.copy(*arguments, **options)
        assert r.returncode == 0, f"wherry copy {' '.join(arguments)}: exit code {r.returncode}: {r.stderr.strip()[-500:]}"
        return r


class Checks:
    """Counts what passed and failed and says what failed."""

    def __init__(self):
        self.passed = self.failed = 0
        self.begin = time.monotonic()

    def run(self, name, check, *arguments):
        try:
            check(*arguments)
            self.passed += 1
        except (AssertionError, subprocess.TimeoutExpired, OSError) as e:
            self.failed += 1
            print(f"FAIL {name}: {e}", flush=True)

    def end(self):
        print(f"{time.monotonic() - self.begin:.0f} s")
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(self.failed > 0)
