"""A WebSocket is opened at the first target that switches to the protocol, and carried both ways from there."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import struct
import threading
import time
import unittest
import urllib.request

from gateway_case import GatewayCase, until

CONFIG = """
[server]
data_dir = "{folder}/data"
listen = "127.0.0.1:0"
drain = "1s"
[providers.broken]
kind = "openai"
base_url = "{broken}/v1"
retries = {{ max = 0 }}
[[providers.broken.keys]]
name = "main"
value = "sk-broken-123456"
[providers.up]
kind = "openai"
base_url = "{up}/v1"
[[providers.up.keys]]
name = "main"
value = "sk-up-123456"
[providers.up.prices."gpt-realtime"]
input = 10.0
output = 20.0
"""
DONE = {"type": "response.done", "response": {"usage": {
    "input_tokens": 100, "output_tokens": 50, "input_token_details": {"cached_tokens": 20}}}}


def frame(payload, kind=1, masked=False, final=True):
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size)
    head = bytes([(0x80 if final else 0) | kind, length[0] | (0x80 if masked else 0)]) + length[1:]
    if not masked:
        return head + payload
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class Peer:
    """One end of a WebSocket."""

    def __init__(self, connection, early=b""):
        self.connection, self.buffer = connection, early

    def take(self, size):
        while len(self.buffer) < size:
            more = self.connection.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def receive(self):
        """The kind and payload of the next frame."""
        first, second = self.take(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        mask = self.take(4) if second & 0x80 else b"\0\0\0\0"
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(self.take(size)))

    def send(self, payload, **how):
        self.connection.sendall(frame(payload, **how))


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise EOFError(data)
        data += more
    head, rest = data.split(b"\r\n\r\n", 1)
    first, *fields = head.decode().split("\r\n")
    return first, {k.lower(): v.strip() for k, v in (f.split(":", 1) for f in fields)}, rest


class Provider:
    """Switches to the protocol and says each message back, then the end of a response; or refuses with `status`."""

    def __init__(self, case, status=101):
        self.status, self.heads, self.ended = status, [], threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        case.addCleanup(self.listener.close)
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
            first, fields, rest = read_head(connection)
            if "upgrade" not in fields:  # asked what models it has
                connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                return
            self.heads.append((first, fields))
            if self.status != 101:
                body = b'{"error":{"message":"no","type":"server_error"}}'
                connection.sendall(b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (self.status, len(body)) + body)
                return
            accept = base64.b64encode(hashlib.sha1((fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
            peer = Peer(connection, rest)
            # The first message comes in one piece with the head, in two frames.
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nx-request-id: req_1\r\n"
                               b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + frame(b'{"type":', final=False) + frame(b'"session.created"}', kind=0))
            try:
                while True:
                    kind, payload = peer.receive()
                    if kind == 8:
                        peer.send(payload, kind=8)
                        return
                    if payload == b"die":
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    peer.send(payload, kind=kind)
                    if kind == 1:
                        peer.send(json.dumps(DONE).encode())
            except (EOFError, ConnectionError):
                self.ended.set()


class WebSocketTest(GatewayCase):
    def gateway(self, broken_status=503, more=""):
        self.broken, self.up = Provider(self, broken_status), Provider(self)
        self.environment["LLMGW_CONFIG"] = self.write("ws.toml", CONFIG.format(
            folder=self.folder, broken=self.broken.url, up=self.up.url) + more, 0o600)
        self.process = self.start("serve")
        line = self.process.stderr.readline()
        found = re.search(r"listens on http://127.0.0.1:(\d+)", line)
        self.assertTrue(found, line)
        self.port = int(found.group(1))

    def open(self, target, **fields):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.addCleanup(connection.close)
        self.key = base64.b64encode(os.urandom(16)).decode()
        head = {"Host": "127.0.0.1", "Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": self.key, "Sec-WebSocket-Extensions": "permessage-deflate", "Authorization": "Bearer sk-client",
                **{k.replace("_", "-"): v for k, v in fields.items()}}
        lines = "".join("%s: %s\r\n" % (k, v) for k, v in head.items() if v)
        connection.sendall(("GET %s HTTP/1.1\r\n%s\r\n" % (target, lines)).encode())
        first, answered, rest = read_head(connection)
        return int(first.split()[1]), answered, Peer(connection, rest)

    def logged(self):
        until(lambda: self.rows())
        return self.rows()[0]

    def rows(self):
        return [json.loads(line) for line in self.run_llmgw("logs", "--json").stdout.splitlines()]

    def test_it_falls_back_until_its_101_and_carries_bytes_both_ways(self):
        self.gateway()
        status, head, peer = self.open("/v1/realtime?model=broken%2Fgpt-realtime&x=1", x_llmgw_fallbacks="up/gpt-realtime",
                                       Sec_WebSocket_Protocol="realtime, openai-insecure-api-key.sk-page", OpenAI_Beta="realtime=v1")
        self.assertEqual(status, 101)
        accept = base64.b64encode(hashlib.sha1((self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.assertEqual(head["sec-websocket-accept"], accept)
        self.assertEqual((head["x-llmgw-provider"], head["x-llmgw-attempts"], head["upgrade"]), ("up", "2", "websocket"))
        self.assertEqual([peer.receive(), peer.receive()], [(1, b'{"type":'), (0, b'"session.created"}')])
        large = os.urandom(300_000)
        for kind, payload in ((1, b"hello"), (2, large)):
            peer.send(payload, kind=kind, masked=True)
            self.assertEqual(peer.receive(), (kind, payload))
            if kind == 1:
                self.assertEqual(json.loads(peer.receive()[1]), DONE)
        peer.send(struct.pack(">H", 1000), kind=8, masked=True)
        self.assertEqual(peer.receive(), (8, struct.pack(">H", 1000)))
        with self.assertRaises(EOFError):
            peer.receive()

        first, fields = self.up.heads[0]
        self.assertEqual(first, "GET /v1/realtime?model=gpt-realtime&x=1 HTTP/1.1")
        self.assertEqual((fields["authorization"], fields["openai-beta"], fields["sec-websocket-protocol"]),
                         ("Bearer sk-up-123456", "realtime=v1", "realtime"))
        self.assertNotIn("sec-websocket-extensions", fields)
        row = self.logged()
        self.assertEqual([a["status"] for a in row["attempts"]], [503, 101])
        self.assertEqual((row["provider"], row["fallback"], row["status"]), ("up", True, 101))
        self.assertEqual((row["input_tokens"], row["output_tokens"], row["cached_input_tokens"]), (100, 50, 20))
        self.assertAlmostEqual(row["cost_usd"], (100 * 10 + 50 * 20) / 1e6)

    def test_when_no_target_switches_the_client_gets_the_primary_s_own_error(self):
        self.gateway()
        status, head, peer = self.open("/v1/realtime?model=broken/gpt-realtime")
        self.assertEqual(status, 503)
        body = json.loads(peer.take(int(head["content-length"])))
        self.assertEqual(body["error"]["message"], "no")
        self.assertEqual(len(body["extra_fields"]["attempts"]), 1)

    def test_a_reply_that_does_not_switch_is_no_answer(self):
        self.gateway(broken_status=200)
        status, head, _ = self.open("/v1/realtime?model=broken/gpt-realtime", x_llmgw_fallbacks="up/gpt-realtime")
        self.assertEqual((status, head["x-llmgw-provider"]), (101, "up"))

    def test_without_a_model_it_goes_to_the_provider_named(self):
        self.gateway()
        status, head, peer = self.open("/openai/v1/responses", x_llmgw_provider="up")
        self.assertEqual((status, head["x-llmgw-provider"]), (101, "up"))
        self.assertEqual(self.up.heads[0][0], "GET /v1/responses HTTP/1.1")

    def test_a_client_that_leaves_ends_the_upstream_s_side(self):
        self.gateway()
        _, _, peer = self.open("/v1/realtime?model=up/gpt-realtime")
        peer.connection.close()
        self.assertTrue(self.up.ended.wait(5))
        self.assertIsNone(self.logged().get("class"))

    def test_an_upstream_that_breaks_is_told_by_a_close_frame_and_the_log(self):
        self.gateway()
        _, _, peer = self.open("/v1/realtime?model=up/gpt-realtime")
        peer.receive(), peer.receive()
        peer.send(b"die", masked=True)
        self.assertEqual(peer.receive(), (8, struct.pack(">H", 1014)))
        row = self.logged()
        self.assertEqual((row["class"], row["cut"]), ("network", True))

    def test_at_the_end_of_the_drain_the_client_is_told_that_the_server_goes(self):
        self.gateway()
        _, _, peer = self.open("/v1/realtime?model=up/gpt-realtime")
        peer.receive(), peer.receive()
        self.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        self.assertEqual(peer.receive(), (8, struct.pack(">H", 1001)))
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.process.wait(20), 0)

    def test_what_is_no_websocket_request_is_refused(self):
        self.gateway()
        for target, fields, status in (("/v1/realtime?model=up/gpt-realtime", {"Sec_WebSocket_Version": "8"}, 426),
                                       ("/v1/realtime?model=up/gpt-realtime", {"Sec_WebSocket_Key": "short"}, 400),
                                       ("/v1/chat/completions", {}, 400),
                                       ("/v1/realtime?model=nothing-known", {}, 404),
                                       ("/v1/realtime?model=up/gpt-realtime", {"Origin": "https://foreign.example"}, 403)):
            with self.subTest(target=target, fields=fields):
                self.assertEqual(self.open(target, **fields)[0], status)
        self.assertEqual(self.up.heads, [])

    def test_a_budget_holds_a_call_of_it_while_it_is_open_and_charges_what_it_used(self):
        self.gateway(more='[providers.up.models."gpt-realtime"]\ncontext = 32000\nmax_output = 4096\n[budget]\nusd = 0.5\nper = "1d"\n')
        _, _, peer = self.open("/v1/realtime?model=up%2Fgpt-realtime")
        self.assertEqual([peer.receive()[0], peer.receive()[0]], [1, 0])
        self.assertAlmostEqual(self.budget()["reserved_usd"], 0.32 + 0.08192)
        status, _, _ = self.open("/v1/realtime?model=up%2Fgpt-realtime")
        self.assertEqual(status, 402)
        peer.send(b"hello", masked=True)
        self.assertEqual([peer.receive()[0], peer.receive()[0]], [1, 1])
        peer.send(struct.pack(">H", 1000), kind=8, masked=True)
        self.assertTrue(until(lambda: self.budget()["reserved_usd"] == 0))
        self.assertAlmostEqual(self.budget()["spent_usd"], 0.002)
        self.assertEqual(self.open("/v1/realtime?model=up%2Fgpt-realtime")[0], 101)

    def budget(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/api/budgets" % self.port) as reply:
            return json.loads(reply.read())[0]


if __name__ == "__main__":
    unittest.main()
