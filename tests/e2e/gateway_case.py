"""What the end-to-end tests share: the built binary ($LLMGW), a folder of its own, a fake provider."""

import os
import re
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from upstream import Upstream

BINARY = os.environ.get("LLMGW", os.path.join(os.path.dirname(__file__), "../../build/release/llmgw"))

CONFIG = """
[server]
data_dir = "{folder}/data"
listen = "127.0.0.1:0"
drain = "1s"

[providers.up]
kind = "openai"
base_url = "{url}"
retries = {{ max = 0 }}
[[providers.up.keys]]
name = "main"
value = "sk-main-123456"

[routes.fast]
targets = [{{ model = "up/fail-503" }}, {{ model = "up/echo" }}]

[ask]
model = "up/echo"
"""


def until(what, seconds=30):
    """Waits until what() is true, and says whether it became so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


class GatewayCase(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = self.temporary.name
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "XDG_CONFIG_HOME": self.folder + "/config",
            "LLMGW_CONFIG": self.write("llmgw.toml", CONFIG.format(folder=self.folder, url=self.upstream.url), 0o600)}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def mode(self, path):
        return stat.S_IMODE(os.stat(path).st_mode)

    def run_llmgw(self, *arguments, input=None, **more):
        """Runs the command to its end."""
        stdin = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        settings = dict(capture_output=True, text=True, timeout=60, env=self.environment, cwd=self.folder)
        settings.update(stdin)
        settings.update(more)
        return subprocess.run([BINARY, *arguments], **settings)

    def start(self, *arguments, **more):
        settings = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                        env=self.environment, cwd=self.folder)
        settings.update(more)
        # Whoever runs the tests may ignore it, as a shell does for its background jobs.
        settings.setdefault("preexec_fn", lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        process = subprocess.Popen([BINARY, *arguments], **settings)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()

    def serve(self):
        """A gateway that runs; its URL."""
        process = self.start("serve")
        line = process.stderr.readline()
        found = re.search(r"listens on (\S+)", line)
        self.assertTrue(found, line)
        return found.group(1)

    def assertExit(self, result, code):
        self.assertEqual(result.returncode, code, "stdout: %s\nstderr: %s" % (result.stdout, result.stderr))
