"""Large uploads: they cost disk and no memory, each attempt sends them whole, and a disk that takes no more is told
to the client."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import wire
from program import Gateway

MB = 1 << 20
CONFIG = """
[server]
data_dir = "DATA"
max_buffered = "64MiB"
[providers.first]
kind = "openai-compatible"
base_url = "FIRST"
keys = [{ name = "only", value = "sk-first" }]
retries = { max = 0 }
[providers.second]
kind = "openai-compatible"
base_url = "SECOND"
keys = [{ name = "only", value = "sk-second" }]
retries = { max = 0 }
"""


class Sink:
    """A provider that keeps of each request's body its size and checksum, and always gives the same reply."""

    def __init__(self, status, body):
        self.head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.body = body
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d/v1" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    more = connection.recv(65536)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                left = next(int(f.split(b":")[1]) for f in head.split(b"\r\n") if f.lower().startswith(b"content-length"))
                size, checksum = left, 0
                while left > 0:
                    data = data or connection.recv(1 << 18)
                    if not data:
                        return
                    checksum = zlib.crc32(data[:left], checksum)
                    data, left = data[left:], left - len(data[:left])
                self.seen.append((size, checksum))
                connection.sendall(self.head + self.body)

    def close(self):
        self.listener.close()


def form(size, model, fallbacks=None):
    """A form whose file comes before its fields."""
    def part(name, value, more=b""):
        return b"--bnd\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n%s\r\n" % (name, more, value)
    out = part(b"file", os.urandom(MB) * (size // MB), b"; filename=\"a.wav\"") + part(b"model", model)
    if fallbacks:
        out += part(b"fallbacks", fallbacks)
    return out + b"--bnd--\r\n"


def upload(gateway, body, chunked=False):
    """Sends the form as a client that hears a refusal while it writes; its reply."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    with wire.Connection(gateway, timeout=60) as connection:
        connection.send(f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n"
                        "Content-Type: multipart/form-data; boundary=bnd\r\n\r\n".encode())
        try:
            if chunked:
                for at in range(0, len(body), 100_000):
                    piece = body[at:at + 100_000]
                    connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                connection.send(b"0\r\n\r\n")
            else:
                connection.send(body)
        except OSError:
            pass
        return connection.reply()


class Upload(unittest.TestCase):
    def setUp(self):
        self.first = Sink("500 Oops", b'{"error":{"message":"broken","type":"server_error"}}')
        self.second = Sink("200 OK", b'{"text":"heard"}')
        self.data = tempfile.mkdtemp(prefix="llmgw-upload-")
        text = CONFIG.replace("FIRST", self.first.url).replace("SECOND", self.second.url).replace("DATA", self.data)
        self.gateway = Gateway(text, args=["--loops", "2"])
        self.addCleanup(shutil.rmtree, self.data, True)
        for part in (self.first, self.second):
            self.addCleanup(part.close)
        self.addCleanup(self.gateway.stop)

    def assert_sent(self, sink, body, times=1):
        self.assertEqual(sink.seen, [(len(body), zlib.crc32(body))] * times)

    def test_twenty_at_once_cost_no_memory_and_are_sent_again_to_the_fallback(self):
        self.assertEqual(upload(self.gateway, form(2 * MB, b"second/warm")).status, 200)
        self.second.seen.clear()
        body = form(30 * MB, b"first/m", b"second/longer-name")
        before, peak, replies = self.gateway.memory(), [0], []
        threads = [threading.Thread(target=lambda i=i: replies.append(upload(self.gateway, body, chunked=i % 2 == 1)))
                   for i in range(20)]
        for thread in threads:
            thread.start()
        while any(t.is_alive() for t in threads):
            peak[0] = max(peak[0], self.gateway.memory() - before)
            time.sleep(0.01)
        self.assertEqual([r.status for r in replies], [200] * 20)
        for reply in replies:
            self.assertEqual(reply.headers["x-llmgw-provider"], "second")
            self.assertEqual(reply.json()["text"], "heard")
        without = body.replace(form(0, b"x", b"second/longer-name").split(b"x\r\n", 1)[1], b"--bnd--\r\n")
        self.assert_sent(self.first, without.replace(b"\r\nfirst/m\r\n", b"\r\nm\r\n"), 20)
        self.assert_sent(self.second, without.replace(b"\r\nfirst/m\r\n", b"\r\nlonger-name\r\n"), 20)
        self.assertLess(peak[0], 40 * MB)
        self.assertEqual([n for n in os.listdir(self.data) if "body" in n], [])

    def test_a_form_above_max_body_is_refused(self):
        for chunked in (False, True):
            reply = upload(self.gateway, form(33 * MB, b"second/m"), chunked)
            self.assertEqual(reply.status, 413)
            self.assertIn("max_body", reply.json()["error"]["message"])
        self.assertEqual(self.second.seen, [])

    def test_a_disk_that_takes_no_more_is_told(self):
        # As a full disk, for this process alone: no file of it may grow above 8 MiB.
        subprocess.run(["prlimit", f"--pid={self.gateway.pid}", f"--fsize={8 * MB}"], check=True)
        reply = upload(self.gateway, form(20 * MB, b"second/m"))
        self.assertEqual(reply.status, 507)
        self.assertIn(self.data, reply.json()["error"]["message"])
        self.assertEqual(upload(self.gateway, form(4 * MB, b"second/m")).status, 200)

    def test_a_client_that_leaves_within_its_upload_leaves_nothing(self):
        body = form(20 * MB, b"second/m")
        with wire.Connection(self.gateway) as connection:
            connection.send(f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                            "Content-Type: multipart/form-data; boundary=bnd\r\n\r\n".encode() + body[:10 * MB])
            self.assertTrue(self.open_files())
        until = time.monotonic() + 5
        while self.open_files() and time.monotonic() < until:
            time.sleep(0.02)
        self.assertEqual(self.open_files(), [])
        self.assertEqual(self.second.seen, [])

    def open_files(self):
        """The gateway's files without a name, in data_dir."""
        found = []
        for fd in os.scandir(f"/proc/{self.gateway.pid}/fd"):
            try:
                target = os.readlink(fd.path)
            except OSError:
                continue
            if target.startswith(self.data) and target.endswith("(deleted)"):
                found.append(target)
        return found


if __name__ == "__main__":
    sys.exit(unittest.main())
