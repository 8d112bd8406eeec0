"""What clients must not get away with: each bad request is a 4xx that says what and where, nothing behind it is
taken for a second request, and the server goes on."""

import gzip
import json
import select
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import wire
from fake_provider import FakeProvider, chat, reply
from program import Gateway

CONFIG = """
[server]
max_body = "1MiB"
allowed_origins = ["https://granted.example"]
[mock]
enabled = true
[providers.fake]
kind = "openai-compatible"
base_url = "FAKE"
keys = [{ name = "only", value = "sk-fake" }]
retries = { max = 0 }
# Of two providers neither takes any name there is.
[providers.other]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
keys = [{ name = "only", value = "sk-other" }]
"""

OK = json.dumps(wire.chat("fake/m")).encode()
# What an attacker would like to be taken for a request of its own.
SMUGGLED = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(OK), OK)


def setUpModule():
    global provider, gateway, slow_heads
    provider = FakeProvider(lambda c, seen: c.sendall(reply(chat("hi"))) or True)
    gateway = Gateway(CONFIG.replace("FAKE", provider.url), args=["--loops", "2"])
    # Their time runs while the other tests do.
    slow_heads = SlowHeads(gateway)


def tearDownModule():
    code = gateway.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


class SlowHeads:
    """Connections that begin a request and never finish its head; notes when each is answered."""

    def __init__(self, gateway):
        self.began = time.monotonic()
        self.answered = []
        self.connections = [wire.Connection(gateway) for _ in range(50)]
        for connection in self.connections:
            connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: lo")
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        waiting = [connection.socket for connection in self.connections]
        while waiting:
            readable, _, _ = select.select(waiting, [], [])
            self.answered += [time.monotonic() - self.began] * len(readable)
            waiting = [s for s in waiting if s not in readable]


class Client(unittest.TestCase):
    def setUp(self):
        provider.forget()

    def assert_refused(self, data, status, *words):
        """`data` gets one reply of that status with an error that has these words, then the connection's end."""
        with wire.Connection(gateway) as connection:
            connection.send(data)
            got = connection.reply()
            self.assertIsNotNone(got, "no reply at all")
            self.assertEqual(got.status, status, got.body)
            error = got.json()["error"]
            for word in words:
                self.assertIn(word.lower(), error["message"].lower())
            self.assertTrue(error["type"])
            return got, connection.rest(0.3)

    def assert_alone(self, data, status, *words):
        """assert_refused(), and nothing behind it was answered or sent on."""
        provider.forget()
        _, rest = self.assert_refused(data, status, *words)
        self.assertEqual(rest, b"")
        self.assertEqual(provider.seen, [])
        self.assert_answers()

    def assert_answers(self):
        self.assertEqual(gateway.get("/health")[0], 200)


class Framing(Client):
    def head(self, *fields, line="POST /v1/chat/completions HTTP/1.1", host="Host: localhost"):
        return "\r\n".join([line, *([host] if host else []), *fields, "", ""]).encode("latin-1")

    def test_a_body_with_two_lengths(self):
        n = len(OK)
        for fields in (
            (f"Content-Length: {n}", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", f"Content-Length: {n}"),
            (f"Content-Length: {n}", f"Content-Length: {n}"),
            (f"Content-Length: {n}", "Content-Length: 0"),
            (f"Content-Length: {n}, {n}",),
            ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked, chunked",),
            ("Transfer-Encoding: gzip, chunked",),
            ("Transfer-Encoding: xchunked",),
            ("Transfer-Encoding: identity",),
        ):
            with self.subTest(fields=fields):
                self.assert_alone(self.head(*fields) + OK + SMUGGLED, 400)

    def test_a_length_that_is_none(self):
        for value in ("+5", "-1", "0x10", "1e3", "", " ", "5 5", "99999999999999999999999", "18446744073709551616", "5;"):
            with self.subTest(value=value):
                self.assert_alone(self.head(f"Content-Length: {value}") + OK + SMUGGLED, 400)

    def test_a_body_above_the_limit(self):
        for value in ("1048577", "9223372036854775807", "18446744073709551615"):
            with self.subTest(value=value):
                self.assert_alone(self.head(f"Content-Length: {value}") + OK, 413, "max_body", "1048576")
        with self.subTest("chunked"):
            data = self.head("Transfer-Encoding: chunked") + b"100001\r\n" + b" " * 0x100001 + b"\r\n0\r\n\r\n"
            self.assert_alone(data, 413, "max_body")

    def test_chunks_that_are_none(self):
        for chunks in (b"5;\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n",
                       b"fffffffffffffffff\r\nhello", b"g\r\n", b"5\nhello\n0\n\n"):
            with self.subTest(chunks=chunks):
                self.assert_alone(self.head("Transfer-Encoding: chunked") + chunks + SMUGGLED, 400)

    def test_fields_that_are_none(self):
        for name, data in {
            "obs-fold": self.head("X-A: one", " two", "Content-Length: 0"),
            "a folded length": self.head("Content-Length:", " 5"),
            "bare LF": b"POST /v1/chat/completions HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n",
            "one bare LF": b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\nContent-Length: 0\r\n\r\n",
            "bare CR": b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\rContent-Length: 0\r\n\r\n",
            "NUL in a value": self.head("X-A: a\0b", "Content-Length: 0"),
            "NUL in a name": self.head("X\0A: ab", "Content-Length: 0"),
            "control character": self.head("X-A: a\x01b", "Content-Length: 0"),
            "space before the colon": self.head("Content-Length : 0"),
            "space in a name": self.head("Content Length: 0"),
            "no colon": self.head("Content-Length"),
            "no name": self.head(": x"),
            "leading space": self.head(" Content-Length: 0"),
        }.items():
            with self.subTest(name):
                self.assert_alone(data + SMUGGLED, 400)

    def test_start_lines_that_are_none(self):
        for line in ("POST  /v1/chat/completions HTTP/1.1", "POST /v1/chat completions HTTP/1.1", "POST /v1/x",
                     "POST /v1/x HTTP/2.0", "POST /v1/x HTTP/1.2", "POST /v1/x http/1.1", "PO\0ST /v1/x HTTP/1.1",
                     "P(ST /v1/x HTTP/1.1", " POST /v1/x HTTP/1.1", "POST /v1/\x01 HTTP/1.1", "\x00\x01\x02\x03"):
            with self.subTest(line=line):
                self.assert_alone(self.head("Content-Length: 0", line=line) + SMUGGLED, 400)

    def test_hosts(self):
        self.assert_alone(self.head("Content-Length: 0", host=None), 400, "host")
        self.assert_alone(self.head("Host: localhost", "Content-Length: 0"), 400, "host")
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::1].evil", "user@evil.example"):
            with self.subTest(host=host):
                self.assert_refused(wire.post(OK, host=host), 403, "host", "allowed_hosts")
        self.assertEqual(provider.seen, [])
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1:8484", "[::1]:9"):
            with self.subTest(host=host):
                self.assertEqual(wire.ask(gateway, OK, host=host).status, 200)

    def test_origins(self):
        for origin in ("https://evil.example", "null", "http://localhost.evil.example", "file://", "https://GRANTED.example.evil"):
            with self.subTest(origin=origin):
                got, _ = self.assert_refused(wire.post(OK, headers=f"Origin: {origin}\r\n"), 403, "origin", "allowed_origins")
                self.assertNotIn("access-control-allow-origin", got.headers)
        self.assertEqual(provider.seen, [])
        got = wire.ask(gateway, OK, headers="Origin: https://granted.example\r\n")
        self.assertEqual(got.status, 200)
        self.assertEqual(got.headers.get("access-control-allow-origin"), "https://granted.example")
        self.assertIn("Origin", got.headers["vary"])
        with wire.Connection(gateway) as connection:
            connection.send(b"OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://granted.example\r\n"
                            b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n\r\n")
            got = connection.reply()
            self.assertEqual(got.status, 204)
            self.assertEqual(got.headers["access-control-allow-origin"], "https://granted.example")
            self.assertEqual(got.headers["access-control-allow-headers"], "authorization")

    def test_heads_above_the_limits(self):
        self.assert_alone(self.head("X-A: " + "a" * 65536, "Content-Length: 0"), 431, "65536")
        self.assert_alone(b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431, "65536")
        self.assert_alone(self.head(*(f"X-{i}: {i}" for i in range(101))), 431, "100")
        self.assert_alone(b"GET /" + b"a" * 100_000, 431)

    def test_a_head_just_below_the_limits_is_served(self):
        fields = "".join(f"X-{i}: {i}\r\n" for i in range(97))
        self.assertEqual(wire.ask(gateway, OK, headers=fields).status, 200)
        self.assertEqual(wire.ask(gateway, OK, headers="X-A: " + "a" * 64_000 + "\r\n").status, 200)

    def test_tls_on_the_plain_port(self):
        hello = bytes.fromhex("1603010100010000fc0303") + bytes(64)
        self.assert_alone(hello, 400, "TLS", "http://")

    def test_garbage_is_refused(self):
        for data in (b"\r\n\r\n\r\n" + b"\xff" * 64 + b"\r\n\r\n", b"\x05\x01\x00" * 20 + b"\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with self.subTest(data=data):
                self.assert_alone(data, 400)

    def test_trailers_are_no_fields(self):
        data = (self.head("Transfer-Encoding: chunked", "Content-Type: application/json") + b"%x\r\n%s\r\n" % (len(OK), OK) +
                b"0\r\nx-llmgw-key: stolen\r\nHost: evil.example\r\n\r\n")
        with wire.Connection(gateway) as connection:
            connection.send(data)
            self.assertEqual(connection.reply().status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        with wire.Connection(gateway) as connection:
            bodies = [wire.chat("mock/echo", f"number {i}") for i in range(40)]
            connection.send(b"".join(wire.post(b) for b in bodies) + wire.post(b"{}") + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            for i in range(40):
                self.assertEqual(connection.reply().json()["choices"][0]["message"]["content"], f"number {i}")
            self.assertEqual(connection.reply().status, 400)
            self.assertEqual(connection.reply().status, 200)

    def test_nothing_behind_a_refused_request_is_answered(self):
        with wire.Connection(gateway) as connection:
            connection.send(wire.post(OK) + self.head("Content-Length: +1") + SMUGGLED)
            self.assertEqual(connection.reply().status, 200)
            self.assertEqual(connection.reply().status, 400)
            self.assertEqual(connection.rest(0.3), b"")
        self.assertEqual(len(provider.seen), 1)

    def test_a_request_byte_by_byte(self):
        with wire.Connection(gateway) as connection:
            for byte in wire.post(OK):
                connection.send(bytes([byte]))
            self.assertEqual(connection.reply().status, 200)

    def test_a_client_that_ends_within_its_request(self):
        whole = wire.post(OK)
        for cut in (1, 30, len(whole) - len(OK) - 1, len(whole) - 3):
            with self.subTest(cut=cut), wire.Connection(gateway) as connection:
                connection.send(whole[:cut])
                connection.socket.shutdown(socket.SHUT_WR)
                got = connection.reply()
                self.assertTrue(got is None or got.status == 400)
        self.assertEqual(provider.seen, [])
        self.assert_answers()


class Json(Client):
    def assert_bad(self, body, *words, status=400, param=None, headers=""):
        provider.forget()
        got = wire.ask(gateway, body, headers=headers)
        self.assertEqual(got.status, status, got.body)
        error = got.json()["error"]
        for word in words:
            self.assertIn(word.lower(), error["message"].lower())
        if param is not None:
            self.assertEqual(error["param"], param)
        self.assertEqual(provider.seen, [])

    def test_what_is_no_json(self):
        for name, body in {
            "deep arrays": b'{"model":"fake/m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            "deep and open": b"[" * 100_000,
            "invalid UTF-8": b'{"model":"fake/m","messages":"\xff\xfe"}',
            "overlong UTF-8": b'{"model":"fake/\xc0\xaf"}',
            "surrogate in UTF-8": b'{"model":"\xed\xa0\x80"}',
            "high surrogate alone": b'{"model":"fake/m","messages":"\\ud800"}',
            "low surrogate alone": b'{"model":"fake/m","messages":"\\udc00x"}',
            "surrogates the wrong way": b'{"model":"fake/m","messages":"\\udc00\\ud800"}',
            "trailing bytes": OK + b"x",
            "two values": OK + OK,
            "a trailing comma": b'{"model":"fake/m",}',
            "cut": OK[:-1],
            "NUL": OK[:-1] + b"\0}",
            "a raw newline in a string": b'{"model":"fake\n/m"}',
            "single quotes": b"{'model':'fake/m'}",
            "a comment": b'{"model":"fake/m"/**/}',
            "NaN": b'{"model":"fake/m","temperature":NaN}',
            "a leading zero": b'{"model":"fake/m","seed":01}',
            "a bad escape": b'{"model":"fake\\x2fm"}',
            "BOM": b"\xef\xbb\xbf" + OK,
            "UTF-16": OK.decode().encode("utf-16"),
            "empty": b"",
            "spaces": b"   ",
        }.items():
            with self.subTest(name):
                self.assert_bad(body)

    def test_what_is_no_request(self):
        for name, (body, param) in {
            "array": (b"[]", None), "string": (b'"x"', None), "number": (b"1", None), "null": (b"null", None),
            "no model": (b'{"messages":[]}', "model"),
            "model null": (b'{"model":null,"messages":[]}', "model"),
            "model number": (b'{"model":1,"messages":[]}', "model"),
            "model array": (b'{"model":["fake/m"],"messages":[]}', "model"),
            "model empty": (b'{"model":"","messages":[]}', "model"),
            "messages string": (b'{"model":"fake/m","messages":"hi"}', "messages"),
            "messages object": (b'{"model":"fake/m","messages":{}}', "messages"),
            "stream string": (b'{"model":"fake/m","messages":[],"stream":"true"}', "stream"),
            "stream number": (b'{"model":"fake/m","messages":[],"stream":1}', "stream"),
        }.items():
            with self.subTest(name):
                self.assert_bad(body, param=param)

    def test_a_field_that_stands_twice(self):
        for field, value in (("model", '"fake/m"'), ("stream", "true"), ("fallbacks", '["mock/echo"]')):
            for again in (field, "\\u00%02x" % ord(field[0]) + field[1:]):
                with self.subTest(field=again):
                    body = f'{{"model":"fake/m","messages":[],"{field}":{value},"{again}":{value}}}'
                    self.assert_bad(body.encode(), field, "twice", param=field)

    def test_a_fallback_that_is_no_target(self):
        for value, words in (
            ('["no such"]', ["no such"]), ('["fake/m","nobody/x"]', ["nobody/x"]), ('[""]', []), ("[1]", ["fallbacks[0]"]),
            ("[null]", ["fallbacks[0]"]), ('"fake/m"', ["fallbacks"]), ("{}", ["fallbacks"]), ('[{"provider":"fake"}]', ["model"]),
            ('[{"provider":"nobody","model":"m"}]', ["nobody"]), ('["fake/m\\r\\nX: y"]', ["fallbacks[0]"]),
            ('["\\u0000"]', ["fallbacks[0]"]), ("[" + ",".join(['"mock/echo"'] * 65) + "]", ["64"]),
        ):
            with self.subTest(value=value[:60]):
                self.assert_bad(f'{{"model":"fake/m","messages":[],"fallbacks":{value}}}'.encode(), *words)
        self.assert_bad(OK, "nobody/x", headers="x-llmgw-fallbacks: mock/echo, nobody/x\r\n")

    def test_control_characters_in_names(self):
        for body in (b'{"model":"fake/m\\r\\nX-Evil: 1","messages":[]}', b'{"model":"fake/\\u0000m","messages":[]}',
                     b'{"model":"\\n","messages":[]}', b'{"model":"fake/\\u007f","messages":[]}'):
            with self.subTest(body=body):
                self.assert_bad(body, "model", param="model")

    def test_a_models_name_never_becomes_a_path(self):
        for model in ("fake/../../admin", "fake/m?x=1", "fake/m#x", "fake/%2e%2e/x", "fake/m HTTP/1.1"):
            with self.subTest(model=model):
                provider.forget()
                got = wire.ask(gateway, wire.chat(model))
                self.assertIn(got.status, (200, 400))
                for seen in provider.seen:
                    self.assertEqual(seen.line, "POST /v1/chat/completions HTTP/1.1")
                    self.assertEqual(seen.json()["model"], model.removeprefix("fake/"))

    def test_numbers_and_escapes_pass_as_they_came(self):
        body = b'{"messages":[{"role":"user","content":"\\u00e9\\/\\ud83d\\ude00"}],"n":1.0e0,"seed":123456789012345678901234567890,"model":"fake\\/m"}'
        self.assertEqual(wire.ask(gateway, body).status, 200)
        self.assertEqual(provider.seen[0].body, body.replace(b'"fake\\/m"', b'"m"'))


class Headers(Client):
    def ask(self, headers, body=OK, **request):
        return wire.ask(gateway, body, headers=headers, **request)

    def assert_bad(self, headers, *words, status=400):
        provider.forget()
        got = self.ask(headers)
        self.assertEqual(got.status, status, got.body)
        for word in words:
            self.assertIn(word, got.json()["error"]["message"])
        self.assertEqual(provider.seen, [])

    def test_a_bad_value_is_named(self):
        for field, value in (("commit", "later"), ("timeout", "soon"), ("timeout", "-1"), ("timeout", "0"), ("timeout", "nan"),
                             ("timeout", "inf"), ("timeout", "1e99"), ("cache", "maybe"), ("tag-a", "x" * 257),
                             ("fallbacks", ",".join(["mock/echo"] * 65)), ("no-such-header", "1")):
            with self.subTest(field=field, value=value[:20]):
                self.assert_bad(f"x-llmgw-{field}: {value}\r\n", f"x-llmgw-{field}")
        self.assert_bad("x-llmgw-key: unknown\r\n", "x-llmgw-key", status=401)
        self.assert_bad("".join(f"x-llmgw-tag-{i}: 1\r\n" for i in range(17)), "16")

    def test_line_breaks_in_ids_and_tags(self):
        for field in ("x-request-id", "x-llmgw-tag-a", "traceparent", "x-llmgw-fallbacks"):
            for value in ("a\rX-Evil: 1", "a\nX-Evil: 1", "a\r\n X-Evil: 1", "a\0b"):
                with self.subTest(field=field, value=value):
                    self.assert_bad(f"{field}: {value}\r\n")

    def test_bytes_above_ascii_in_ids_go_nowhere_unescaped(self):
        got = self.ask("x-request-id: \xff\xfe\"\\\r\nx-llmgw-tag-t: \xff\"\\\r\n")
        self.assertIn(got.status, (200, 400))
        json.loads(got.body)

    def test_content_codings(self):
        for coding in ("br", "compress", "gzip, gzip", "nonsense"):
            with self.subTest(coding=coding):
                self.assert_bad(f"Content-Encoding: {coding}\r\n", "Content-Encoding", status=415)
        self.assertEqual(self.ask("Content-Encoding: gzip\r\n", gzip.compress(OK)).status, 200)
        self.assertEqual(self.ask("Content-Encoding: identity\r\n").status, 200)
        for name, body, status in (("bomb", gzip.compress(b" " * (200 << 20)), 413), ("no gzip", OK, 400),
                                   ("cut", gzip.compress(OK)[:-9], 400), ("empty", b"", 400)):
            with self.subTest(name):
                before = gateway.memory()
                got = self.ask("Content-Encoding: gzip\r\n", body)
                self.assertEqual(got.status, status, got.body)
                self.assertLess(gateway.memory() - before, 32 << 20)

    def test_credentials_never_travel_upstream(self):
        self.assertEqual(self.ask("Authorization: Bearer sk-client\r\nx-api-key: sk-client\r\napi-key: sk-client\r\n"
                                  "Cookie: sk-client\r\nOpenAI-Organization: sk-client\r\n").status, 200)
        seen = provider.seen[0]
        self.assertNotIn("sk-client", json.dumps(seen.headers))
        self.assertEqual(seen.headers["authorization"], "Bearer sk-fake")

    def test_hop_by_hop_fields_named_by_connection_are_not_sent_on(self):
        self.assertEqual(self.ask("Connection: keep-alive, X-Private\r\nX-Private: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n").status, 200)
        for name in ("x-private", "te", "upgrade"):
            self.assertNotIn(name, provider.seen[0].headers)


class Paths(Client):
    def request(self, line, body=b""):
        with wire.Connection(gateway) as connection:
            connection.send(f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)
            return connection.reply()

    def test_a_wrong_method_is_405(self):
        for line in ("GET /v1/chat/completions", "DELETE /v1/embeddings", "PUT /v1/responses", "POST /health", "DELETE /metrics",
                     "BREW /v1/completions"):
            with self.subTest(line=line):
                self.assertEqual(self.request(line).status, 405)
        self.assertEqual(provider.seen, [])

    def test_an_unknown_path_is_404(self):
        for path in ("/", "/v1", "/v2/chat/completions", "/v1/../admin", "/api/nothing", "//v1/chat/completions", "/v1/chat/completionsx",
                     "*", "/%00", "/v1/models/%zz", "http://evil.example/v1/chat/completions", "/" + "a/" * 20_000):
            with self.subTest(path=path[:60]):
                got = self.request(f"POST {path}" if "models" not in path else f"GET {path}", OK)
                self.assertIn(got.status, (400, 404))
                self.assertTrue(got.json()["error"]["message"])
                self.assertLess(len(got.body), 2000)
        self.assertEqual(provider.seen, [])

    def test_a_path_that_is_passed_through_stays_below_its_root(self):
        for path in ("/v1/files/../../admin", "/v1/files/%2e%2e/%2e%2e/admin", "/v1/files/a%0d%0aX-Evil:1", "/v1/files/..", "/v1/evals/../../admin",
                     "/v1/evals/%2e%2e/x", "/v1/evals/a%2f..%2f..%2fx"):
            with self.subTest(path=path):
                provider.forget()
                got = self.request(f"GET {path}")
                self.assertLess(got.status, 500)
                for seen in provider.seen:
                    target = seen.line.split(" ")[1]
                    self.assertTrue(target.startswith(("/v1/files/", "/v1/evals/")), target)
                    self.assertNotIn("..", target)
                    self.assertNotIn("%2e%2e", target.lower())

    def test_forms_that_are_none(self):
        good = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nfake/m\r\n--b--\r\n'
        for name, content_type, body in (
            ("no boundary", "multipart/form-data", good),
            ("empty boundary", "multipart/form-data; boundary=", good),
            ("long boundary", "multipart/form-data; boundary=" + "b" * 2000, good),
            ("another boundary", "multipart/form-data; boundary=c", good),
            ("no end", "multipart/form-data; boundary=b", good[:-6]),
            ("no blank line", "multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="model"\r\n--b--\r\n'),
            ("empty", "multipart/form-data; boundary=b", b""),
            ("two models", "multipart/form-data; boundary=b", good.replace(b"--b--", b"--b", 1)[:-2] + b"\r\n" + good),
            ("a model with a line break", "multipart/form-data; boundary=b", good.replace(b"fake/m", b"fake/m\r\nX: y")),
        ):
            with self.subTest(name), wire.Connection(gateway) as connection:
                connection.send(f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
                                f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                got = connection.reply()
                self.assertEqual(got.status, 400, got.body)
        self.assertEqual(provider.seen, [])


class Slow(Client):
    def test_zz_a_head_has_ten_seconds(self):
        slow_heads.thread.join(60)
        self.assertEqual(len(slow_heads.answered), 50)
        self.assertGreater(min(slow_heads.answered), 9)
        for connection in slow_heads.connections:
            got = connection.reply()
            self.assertEqual(got.status, 408)
            self.assertIn("10 s", got.json()["error"]["message"])
            connection.close()
        self.assert_answers()


if __name__ == "__main__":
    sys.exit(unittest.main())
