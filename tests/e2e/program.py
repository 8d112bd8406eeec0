"""The binary under test, as a process of its own on a port of its own."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("LLMGW", ROOT / "build/release/llmgw"))
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """`llmgw ARGS`, whose stderr is kept in a file. Ended by stop(), by its own pid."""

    def __init__(self, *args, directory=None, env=None, binary=BINARY):
        self.directory = directory or tempfile.mkdtemp(prefix="llmgw-test-")
        self.stderr_path = Path(self.directory) / f"{Path(args[0]).name}.{time.monotonic_ns()}.stderr"
        # Nothing of the machine's own keys or settings: a test must go the same everywhere.
        clean = {"PATH": os.environ["PATH"], "HOME": self.directory, "XDG_DATA_HOME": self.directory}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                clean[name] = os.environ[name]
        with open(self.stderr_path, "wb") as stderr:
            self.started = time.monotonic()
            self.process = subprocess.Popen(
                [str(binary), *args], stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                env={**clean, **(env or {})}, cwd=self.directory)
        self.pid = self.process.pid

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def wait_for(self, pattern, seconds=15.0):
        """The first match of `pattern` in stderr."""
        until = time.monotonic() + seconds
        while True:
            if found := re.search(pattern, self.stderr()):
                return found
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no {pattern!r} in what {self.process.args} said (exit "
                                     f"{self.process.returncode}):\n{self.stderr()}")
            time.sleep(0.01)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=10.0):
        """Ends it, at once when it is slow; its exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def memory(self):
        """Bytes resident; always 0 with a sanitizer, which keeps what was freed."""
        if "ASAN_OPTIONS" in os.environ:
            return 0
        return _status_kb(self.pid, "VmRSS") * 1024

    def cpu(self):
        """Seconds of processor time used so far, in and for the process."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Gateway(Program):
    """`llmgw serve` with the TOML text `config` (none: without a config)."""

    def __init__(self, config=None, args=(), directory=None, env=None, binary=BINARY):
        directory = directory or tempfile.mkdtemp(prefix="llmgw-test-")
        self.config_path = Path(directory) / "llmgw.toml"
        if config is not None:
            self.config_path.write_text(config)
            args = ["-c", str(self.config_path), *args]
        super().__init__("serve", "--listen", "127.0.0.1:0", *args, directory=directory, env=env, binary=binary)
        self.address = self.wait_for(r"listens on http://(\S+)")[1]
        self.host, port = self.address.rsplit(":", 1)
        self.port = int(port)
        self.url = f"http://{self.address}"

    def get(self, path, headers=None):
        """Status and body of a GET."""
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path, body, headers=None, timeout=20):
        """Status, headers and decoded JSON of a POST."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method="POST",
                                         headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.headers, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, error.headers, json.loads(error.read() or b"null")

    def metric(self, name):
        """The sum of all series of one name."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            if re.match(re.escape(name) + r"[ {]", line):
                total += float(line.rsplit(" ", 1)[1])
        return total


class Mock(Program):
    """`llmgw mock`, with the scenario's TOML text."""

    def __init__(self, scenario=None, args=(), binary=BINARY):
        directory = tempfile.mkdtemp(prefix="llmgw-test-")
        if scenario is not None:
            path = Path(directory) / "scenario.toml"
            path.write_text(scenario)
            args = [str(path), *args]
        super().__init__("mock", *args, "--listen", "127.0.0.1:0", directory=directory, binary=binary)
        self.address = self.wait_for(r"mock provider on http://(127\.0\.0\.1:\d+)")[1]
        self.url = f"http://{self.address}"


def _status_kb(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0
