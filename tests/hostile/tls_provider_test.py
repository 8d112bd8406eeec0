"""Providers behind TLS that leave in the middle of things."""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import fake_provider as fake
import wire
from program import Gateway


class TlsProvider:
    """Hands each TLS connection to `say`, which may be replaced at any time, and closes it hard afterwards."""

    def __init__(self, folder):
        self.say = None
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "https://localhost:%d/v1" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as secured:
                self.say(secured)
                time.sleep(0.05)  # a reset takes back what has not been read
                # No close_notify and a reset: as a crash or a firewall ends it.
                secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        except OSError:
            pass


def setUpModule():
    global provider, gateway
    folder = tempfile.mkdtemp(prefix="llmgw-test-")
    provider = TlsProvider(folder)
    gateway = Gateway(f"""
[mock]
enabled = true
[providers.fake]
kind = "openai-compatible"
base_url = "{provider.url}"
keys = [{{ name = "only", value = "sk-fake" }}]
retries = {{ max = 0 }}
timeouts = {{ connect = "2s", first_token = "2s", idle = "2s", total = "4s" }}
tls = {{ ca = "{folder}/cert.pem" }}
""", args=["--loops", "1"])


def tearDownModule():
    code = gateway.stop()
    provider.listener.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


class Leaving(unittest.TestCase):
    def assert_rescued(self, say, text="hi", times=5):
        provider.say = say
        for _ in range(times):
            got = wire.ask(gateway, wire.chat("fake/m", text, fallbacks=["mock/echo"]))
            self.assertIsNotNone(got, "the gateway has gone")
            self.assertEqual(got.status, 200)
            self.assertEqual(got.headers["x-llmgw-provider"], "mock")
            self.assertEqual(got.json()["extra_fields"]["attempts"][0]["class"], "network")

    def test_behind_the_handshake(self):
        self.assert_rescued(lambda connection: None)

    def test_while_a_large_body_is_sent(self):
        self.assert_rescued(lambda connection: connection.recv(1000), text="x" * (8 << 20), times=3)

    def test_within_a_reply(self):
        def say(connection):
            fake.read_request(connection)
            connection.sendall(fake.reply(fake.chat("hi"))[:-10])
        self.assert_rescued(say)

    def test_behind_a_reply(self):
        def say(connection):
            fake.read_request(connection)
            connection.sendall(fake.reply(fake.chat("good")))
        provider.say = say
        for _ in range(30):
            got = wire.ask(gateway, wire.chat("fake/m"))
            self.assertEqual((got.status, got.json()["choices"][0]["message"]["content"]), (200, "good"))

    def test_within_a_stream(self):
        def say(connection):
            fake.read_request(connection)
            connection.sendall(fake.STREAM_HEAD + fake.framed(fake.chunk({"role": "assistant", "content": "so far"})))
        provider.say = say
        got = wire.ask(gateway, wire.chat("fake/m", stream=True))
        self.assertIn(b"so far", got.body)
        self.assertIn(b"broke off", got.body)
        self.assertNotIn(b"[DONE]", got.body)

    def test_a_reply_byte_by_byte_and_a_large_one(self):
        large = fake.chat("y" * (3 << 20))

        def say(connection):
            for _ in range(6):  # then the connection is another test's no more
                seen = fake.read_request(connection)
                if json.loads(seen.body)["messages"][0]["content"] == "large":
                    connection.sendall(fake.reply(large))
                else:
                    for byte in fake.reply(fake.chat("slow")):
                        connection.sendall(bytes([byte]))
        provider.say = say
        for _ in range(3):
            self.assertEqual(wire.ask(gateway, wire.chat("fake/m", "small")).json()["choices"][0]["message"]["content"], "slow")
            self.assertEqual(len(wire.ask(gateway, wire.chat("fake/m", "large")).json()["choices"][0]["message"]["content"]), 3 << 20)


if __name__ == "__main__":
    sys.exit(unittest.main())
