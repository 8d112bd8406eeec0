"""What providers do to us: every reply that is none has its class, falls back unseen before the first content and
ends with an error behind it, costs bounded memory, and never reaches another request."""

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
import fake_provider as fake
import wire
from program import Gateway

CONFIG = """
[mock]
enabled = true
[providers.fake]
kind = "openai-compatible"
base_url = "FAKE"
keys = [{ name = "only", value = "sk-fake" }]
retries = { max = 0 }
timeouts = { connect = "30s", first_token = "60s", idle = "60s", total = "60s" }
# The same, for the tests of time: no other test may depend on how busy the machine is.
[providers.brisk]
kind = "openai-compatible"
base_url = "FAKE"
keys = [{ name = "only", value = "sk-brisk" }]
retries = { max = 0 }
timeouts = { connect = "30s", first_token = "1500ms", idle = "700ms", total = "3s" }
"""

MB = 1 << 20


def setUpModule():
    global provider, gateway
    provider = fake.FakeProvider()
    gateway = Gateway(CONFIG.replace("FAKE", provider.url), args=["--loops", "1"])


def tearDownModule():
    code = gateway.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def chunked(data, size=1 << 16):
    return b"".join(fake.framed(data[i:i + size]) for i in range(0, len(data), size)) + fake.LAST_CHUNK


def endless(head, piece, at_most=400 * MB):
    """Says `head`, then `piece` for as long as anybody listens."""
    def say(connection, seen):
        connection.sendall(head)
        sent = 0
        while sent < at_most:
            connection.sendall(piece)
            sent += len(piece)
    return say


class Provider(unittest.TestCase):
    def setUp(self):
        provider.forget()

    def says(self, what):
        """`what`: the bytes of the whole reply, after which the connection closes, or a function."""
        provider.say = what if callable(what) else lambda connection, seen: connection.sendall(what)

    def ask(self, stream=False, fallbacks=(), headers="", model="fake/m", seen=b"", then=None):
        """One request's reply; `then()` is called once `seen` has come."""
        body = wire.chat(model, "hi", stream=stream, fallbacks=list(fallbacks))
        with wire.Connection(gateway) as connection:
            connection.send(wire.post(body, headers=headers))
            if then is not None:
                while seen not in connection.data and connection.more():
                    pass
                then()
            return connection.reply()

    def assert_class(self, what, error_class, status, stream=False, model="fake/m"):
        """What the provider says is that class: alone it gives that status, with a fallback it is unseen."""
        self.says(what)
        got = self.ask(stream, model=model)
        self.assertEqual(got.status, status, got.body)
        self.assertEqual(got.headers["content-type"], "application/json")
        reply = json.loads(got.body)
        self.assertTrue(reply["error"]["message"])
        self.assertEqual(reply["extra_fields"]["attempts"][0]["class"], error_class, reply["extra_fields"]["attempts"])
        got = self.ask(stream, fallbacks=["mock/echo"], model=model)
        self.assertEqual(got.status, 200, got.body)
        self.assertEqual(got.headers["x-llmgw-provider"], "mock")
        self.assertIn(b"extra_fields", got.body)
        if stream:
            self.assertTrue(got.body.endswith(b"data: [DONE]\n\n"))
            self.assertEqual(text_of(got.body), "hi")
        self.assertEqual(gateway.get("/health")[0], 200)


def events(body):
    """The data of a stream's events."""
    text = body.decode().replace("\r\n", "\n").replace("\r", "\n")
    out = []
    for event in text.split("\n\n"):
        data = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
        if data:
            out.append("\n".join(data))
    return out


def text_of(body):
    text = ""
    for data in events(body):
        if data != "[DONE]":
            for choice in json.loads(data).get("choices", []):
                text += choice["delta"].get("content") or ""
    return text


class WholeReplies(Provider):
    def test_what_is_no_reply(self):
        good = fake.chat("hi")
        for name, what, error_class in (
            ("HTML", fake.reply(b"<html>Sign in to the hotel's network</html>", "text/html"), "invalid_response"),
            ("HTML as JSON", fake.reply(b"<html></html>"), "invalid_response"),
            ("JSON that ends early", fake.reply(good[:-2]), "invalid_response"),
            ("invalid UTF-8", fake.reply(good.replace(b"hi", b"\xff")), "invalid_response"),
            ("an array", fake.reply(b"[]"), "invalid_response"),
            ("nothing", fake.reply(b""), "invalid_response"),
            ("no choices", fake.reply(b'{"id":"x"}'), "invalid_response"),
            ("empty choices", fake.reply(b'{"choices":[]}'), "invalid_response"),
            ("204", b"HTTP/1.1 204 No Content\r\n\r\n", "invalid_response"),
            ("deep", fake.reply(b'{"choices":' + b"[" * 100_000), "invalid_response"),
            ("an unknown error with 200", fake.reply(b'{"error":{"message":"odd","code":"zorp"}}'), "invalid_response"),
            ("a redirect", fake.reply(b"", status="302 Found", headers="Location: http://127.0.0.1:9/\r\n"), "invalid_response"),
            ("a permanent redirect", fake.reply(b"{}", status="308 X", headers="Location: /elsewhere\r\n"), "invalid_response"),
            ("another protocol", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "invalid_response"),
            ("an unknown coding", fake.reply(b"\x8b\x02\x80", headers="Content-Encoding: br\r\n"), "invalid_response"),
            ("no gzip", fake.reply(good, headers="Content-Encoding: gzip\r\n"), "invalid_response"),
        ):
            with self.subTest(name):
                provider.forget()
                self.assert_class(what, error_class, 502)
                self.assertEqual(len(provider.seen), 2)  # nothing was followed or repeated

    def test_what_is_broken_off(self):
        good = fake.chat("hi")
        for name, what in (
            ("no answer", b""),
            ("half a head", b"HTTP/1.1 200 OK\r\nContent-Ty"),
            ("half a body", fake.reply(good)[:-20]),
            ("a cut chunk", fake.STREAM_HEAD.replace(b"text/event-stream", b"application/json") + b"ff\r\n" + good[:100]),
            ("no last chunk", fake.STREAM_HEAD.replace(b"text/event-stream", b"application/json") + fake.framed(good)),
            ("garbage for a chunk", fake.STREAM_HEAD.replace(b"text/event-stream", b"application/json") + b"zz\r\nhello\r\n"),
            ("half of a gzip body", fake.reply(gzip.compress(good)[:-12], headers="Content-Encoding: gzip\r\n")),
        ):
            with self.subTest(name):
                self.assert_class(what, "network", 502)

    def test_heads_that_are_none(self):
        good = fake.chat("hi")
        n = len(good)
        for name, head in (
            ("another protocol", "SSH-2.0-OpenSSH_9.2\r\n"),
            ("no version", "200 OK\r\n"),
            ("a status of letters", "HTTP/1.1 2xx OK\r\n"),
            ("a bare LF", "HTTP/1.1 200 OK\nContent-Length: 5\n\n"),
            ("two lengths", f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\nContent-Length: 5\r\n"),
            ("length and chunks", f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\nTransfer-Encoding: chunked\r\n"),
            ("a signed length", f"HTTP/1.1 200 OK\r\nContent-Length: +{n}\r\n"),
            ("a folded field", f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\nX-A: b\r\n c\r\n"),
            ("NUL", f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\nX-A: b\0c\r\n"),
            ("300 KB", f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\nX-A: {'a' * 300_000}\r\n"),
            ("without end", "HTTP/1.1 200 OK\r\n" + "X-A: " + "a" * (4 * MB)),
            ("1,001 fields", f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n" + "".join(f"X-{i}: 1\r\n" for i in range(1001))),
        ):
            with self.subTest(name):
                def say(connection, seen, head=head):
                    try:
                        connection.sendall(head.encode("latin-1") + b"\r\n" + good)
                    except OSError:
                        pass
                self.says(say)
                got = self.ask()
                self.assertEqual(got.status, 502, got.body)
                self.assertIn(got.json()["extra_fields"]["attempts"][0]["class"], ("invalid_response", "network"))
                self.assertEqual(self.ask(fallbacks=["mock/echo"]).status, 200)

    def test_a_large_head_is_taken(self):
        fields = "".join(f"X-{i}: {'a' * 200}\r\n" for i in range(900))
        self.says(fake.reply(fake.chat("ok"), headers=fields))
        self.assertEqual(self.ask().status, 200)

    def test_bodies_without_end_cost_bounded_memory(self):
        before = gateway.memory()
        json_head = fake.STREAM_HEAD.replace(b"text/event-stream", b"application/json")
        piece = fake.framed(b" " * (1 << 16))
        for name, what in (
            ("chunks", endless(json_head, piece)),
            ("to the close", endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * (1 << 16))),
            ("announced", endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000000\r\n\r\n", b" " * (1 << 16))),
            ("a bomb", fake.reply(gzip.compress(b" " * (256 * MB)), headers="Content-Encoding: gzip\r\n")),
            ("an error", endless(json_head.replace(b"200 OK", b"500 Oops"), piece)),
        ):
            with self.subTest(name):
                self.says(what)
                got = self.ask()
                self.assertEqual(got.status, 500 if name == "an error" else 502, got.body[:300])
                self.assertLess(len(got.body), 2 * MB)
                self.assertLess(gateway.memory() - before, 160 * MB)
        time.sleep(0.1)
        self.assertLess(gateway.memory() - before, 80 * MB)

    def test_a_body_above_the_limit_names_it(self):
        announced = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000000\r\n\r\n"
        for name, what in (
            ("announced", endless(announced, b" " * (1 << 16))),
            ("chunks", endless(fake.STREAM_HEAD.replace(b"text/event-stream", b"application/json"), fake.framed(b" " * MB))),
            ("decoded", fake.reply(gzip.compress(b" " * (65 * MB)), headers="Content-Encoding: gzip\r\n")),
        ):
            with self.subTest(name):
                self.says(what)
                attempt = self.ask().json()["extra_fields"]["attempts"][0]
                self.assertEqual(attempt["class"], "invalid_response")
                self.assertIn("upstream body", attempt["message"])
                self.assertIn("64 MiB", attempt["message"])

    def test_fields_that_connection_names_stay_on_their_hop(self):
        fields = "Connection: X-Hop, close\r\nx-hop: 1\r\nConnection: x-other\r\nX-Other: 2\r\nX-Kept: 3\r\n"
        for status in ("200 OK", "500 Oops"):
            with self.subTest(status):
                self.says(fake.reply(fake.chat("ok"), headers=fields, status=status))
                headers = self.ask().headers
                self.assertNotIn("x-hop", headers)
                self.assertNotIn("x-other", headers)
                self.assertEqual(headers["x-kept"], "3")

    def test_a_key_that_a_reply_repeats_is_not_passed_on(self):
        fields = "X-Debug: key=sk-fake;\r\nx-request-id: req-sk-fake\r\n"
        for status in ("200 OK", "500 Oops"):
            with self.subTest(status):
                body = fake.chat("ok") if status == "200 OK" else b'{"error":{"message":"sk-fake is wrong"}}'
                self.says(fake.reply(body, headers=fields, status=status))
                got = self.ask()
                self.assertNotIn("sk-fake", json.dumps(got.headers))
                self.assertNotIn(b"sk-fake", got.body)
                self.assertEqual(got.headers["x-debug"], "key=***;")

    def test_the_extra_fields_of_a_gateway_behind_this_one_are_replaced(self):
        inner = b'{"request_id":"inner","attempts":[]}'
        whole = fake.chat("ok")[:-1] + b', "extra_fields":' + inner + b"}"
        failed = b'{"error":{"message":"no","type":"server_error"},"extra_fields":' + inner + b"}"
        for what in (fake.reply(whole), fake.reply(failed, status="500 Oops")):
            self.says(what)
            body = self.ask().body
            self.assertEqual(body.count(b'"extra_fields"'), 1, body)
            self.assertNotIn(b'"inner"', body)
        last = fake.chunk(finish="stop", extra_fields=json.loads(inner))
        self.says(fake.STREAM_HEAD + fake.framed(fake.chunk({"content": "ok"}) + last + b"data: [DONE]\n\n") + fake.LAST_CHUNK)
        body = self.ask(stream=True).body
        self.assertEqual(body.count(b'"extra_fields"'), 1, body)
        self.assertNotIn(b'"inner"', body)

    def test_silence_is_a_timeout(self):
        self.assert_class(lambda c, seen: fake.wait_closed(c, seen), "timeout", 504, model="brisk/m")

        def drip(connection, seen):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not fake.wait_closed(connection, seen, 0.05):
                connection.sendall(b" ")
        self.says(drip)  # bytes that come all the time save nobody from `total`
        self.assertEqual(self.ask(model="brisk/m").status, 504)
        self.assertEqual(len(provider.seen), 3)

    def test_interim_replies_are_passed_over(self):
        interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        self.says(interim + fake.reply(fake.chat("ok")))
        got = self.ask()
        self.assertEqual(got.status, 200)
        self.assertNotIn("link", got.headers)
        self.assertEqual(got.json()["choices"][0]["message"]["content"], "ok")
        self.assert_class(endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 100), "invalid_response", 502)
        self.assert_class(interim, "network", 502)

    def test_replies_in_other_framings(self):
        good = fake.chat("ok")
        for name, what in (
            ("chunked", fake.STREAM_HEAD.replace(b"text/event-stream", b"application/json") + chunked(good, 7)),
            ("to the close", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + good),
            ("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + good),
            ("gzip", fake.reply(gzip.compress(good), headers="Content-Encoding: gzip\r\n")),
            ("no content type", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(good), good)),
        ):
            with self.subTest(name):
                self.says(what)
                got = self.ask()
                self.assertEqual(got.status, 200, got.body)
                self.assertNotIn("content-encoding", got.headers)
                self.assertEqual(got.json()["choices"][0]["message"]["content"], "ok")

    def test_one_byte_at_a_time(self):
        def say(connection, seen):
            for byte in fake.reply(fake.chat("ok")):
                connection.sendall(bytes([byte]))
        self.says(say)
        self.assertEqual(self.ask().status, 200)

    def test_what_a_provider_may_not_set(self):
        self.says(fake.reply(fake.chat("ok"), headers="Set-Cookie: a=b\r\nx-llmgw-provider: spoofed\r\nConnection: close, X-Private\r\n"
                             "X-Private: 1\r\nAlt-Svc: h3\r\nx-request-id: up-1\r\nX-Custom: kept\r\n"))
        with wire.Connection(gateway) as connection:
            connection.send(wire.post(wire.chat("fake/m"), headers="Connection: close\r\n"))
            head = connection.rest().split(b"\r\n\r\n")[0].decode().lower()
        self.assertNotIn("set-cookie", head)
        self.assertNotIn("alt-svc", head)
        self.assertIn("x-custom: kept", head)
        self.assertIn("x-request-id: up-1", head)
        self.assertIn("x-llmgw-provider: fake", head)

    def test_keys_in_an_error_are_scrubbed(self):
        self.says(fake.reply(b'{"error":{"message":"the key sk-fake is over its limit","code":"x"}}', status="400 Bad"))
        got = self.ask()
        self.assertEqual(got.status, 400)
        self.assertNotIn(b"sk-fake", got.body)


class Poison(Provider):
    """Bytes that nobody asked for never become the answer of another request."""

    def assert_unpoisoned(self):
        for i in range(20):
            got = self.ask()
            self.assertEqual(got.status, 200)
            self.assertEqual(got.json()["choices"][0]["message"]["content"], "good")

    def test_two_replies_to_one_request(self):
        def say(connection, seen):
            connection.sendall(fake.reply(fake.chat("good")) + fake.reply(fake.chat("poison")))
            return True
        self.says(say)
        self.assert_unpoisoned()

    def test_a_reply_that_comes_later(self):
        got_it, poisoned = threading.Event(), threading.Event()

        def say(connection, seen):
            connection.sendall(fake.reply(fake.chat("good")))
            got_it.wait(30)
            connection.sendall(fake.reply(fake.chat("poison")))
            poisoned.set()
            return True
        self.says(say)
        for _ in range(20):
            got_it.clear()
            poisoned.clear()
            got = self.ask()
            self.assertEqual(got.json()["choices"][0]["message"]["content"], "good")
            got_it.set()
            self.assertTrue(poisoned.wait(30))

    def test_more_than_was_announced(self):
        def say(connection, seen):
            connection.sendall(fake.reply(fake.chat("good")) + b"x" * 100)
            return True
        self.says(say)
        self.assert_unpoisoned()

    def test_an_unread_rest_of_a_stream(self):
        def say(connection, seen):
            if seen.json().get("stream"):
                connection.sendall(fake.STREAM_HEAD + fake.framed(fake.stream("a")) + fake.framed(b"data: more\n\n" * 100))
                time.sleep(0.05)
                connection.sendall(fake.LAST_CHUNK)
            else:
                connection.sendall(fake.reply(fake.chat("good")))
            return True
        self.says(say)
        for _ in range(5):
            self.assertEqual(text_of(self.ask(stream=True).body), "a")
            self.assert_unpoisoned()


class Streams(Provider):
    def sse(self, body):
        return fake.STREAM_HEAD + chunked(body)

    def test_split_at_every_byte(self):
        body = fake.stream("Grüße, ", "世界", " \U0001f680")

        def say(connection, seen):
            connection.sendall(fake.STREAM_HEAD)
            for byte in body:
                connection.sendall(fake.framed(bytes([byte])))
            connection.sendall(fake.LAST_CHUNK)
        self.says(say)
        got = self.ask(stream=True)
        self.assertEqual(text_of(got.body), "Grüße, 世界 \U0001f680")
        self.assertTrue(got.body.endswith(b"data: [DONE]\n\n"))

    def test_split_in_two_at_every_place(self):
        # Also within the framing, and with every kind of line end.
        for line_end in (b"\n", b"\r\n", b"\r"):
            body = fake.stream("ab", "é").replace(b"\n", line_end)
            whole = fake.STREAM_HEAD + chunked(body, 90)
            for cut in range(len(fake.STREAM_HEAD) - 2, len(whole), 7):
                def say(connection, seen, cut=cut, whole=whole):
                    connection.sendall(whole[:cut])
                    time.sleep(0.001)
                    connection.sendall(whole[cut:])
                    return True
                self.says(say)
                got = self.ask(stream=True)
                self.assertEqual((text_of(got.body), events(got.body)[-1]), ("abé", "[DONE]"), (line_end, cut))

    def test_lines_of_every_kind(self):
        body = (b"\xef\xbb\xbf: a comment\n\nretry: 10\n\nid: 1\n\n" + fake.chunk({"content": "a"}).replace(b"data: ", b"data:") +
                b": ping\n\nevent: x\n" + fake.chunk({"content": "b"}) + fake.chunk(finish="stop") + b"data: [DONE]\n\n")
        self.says(self.sse(body))
        self.assertEqual(text_of(self.ask(stream=True).body), "ab")

    def test_what_never_was_a_stream(self):
        for name, what, error_class in (
            ("HTML", fake.reply(b"<html></html>", "text/html"), "invalid_response"),
            ("HTML as events", fake.reply(b"<html>\n\n</html>\n\n", "text/event-stream"), "invalid_response"),
            ("a whole reply", fake.reply(fake.chat("hi")), "invalid_response"),
            ("nothing", self.sse(b""), "invalid_response"),
            ("comments only", self.sse(b": x\n\n" * 10), "invalid_response"),
            ("the end only", self.sse(b"data: [DONE]\n\n"), "invalid_response"),
            ("a role only", self.sse(fake.chunk({"role": "assistant", "content": ""})), "invalid_response"),
            ("no JSON", self.sse(b"data: {]\n\n"), "invalid_response"),
            ("cut before content", fake.STREAM_HEAD + fake.framed(fake.chunk({"role": "assistant"})), "network"),
            ("cut at once", fake.STREAM_HEAD, "network"),
            ("an endless line", endless(fake.STREAM_HEAD, fake.framed(b"x" * (1 << 16))), "invalid_response"),
            ("an endless event", endless(fake.STREAM_HEAD, fake.framed(b"data: x\n" * (1 << 12))), "invalid_response"),
        ):
            with self.subTest(name):
                before = gateway.memory()
                self.assert_class(what, error_class, 502, stream=True)
                self.assertLess(gateway.memory() - before, 40 * MB)

    def test_an_error_in_place_of_the_first_content_has_its_own_class(self):
        error = b'data: {"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}\n\n'
        self.says(self.sse(fake.chunk({"role": "assistant", "content": ""}) + error))
        got = self.ask(stream=True, fallbacks=["mock/echo"])
        self.assertEqual(text_of(got.body), "hi")
        last = json.loads(events(got.body)[-2])
        self.assertEqual(last["extra_fields"]["attempts"][0]["class"], "rate_limit")
        gateway_rests()

    def test_silence_before_and_within(self):
        def silent(connection, seen):
            connection.sendall(fake.STREAM_HEAD)
            fake.wait_closed(connection, seen)
        self.assert_class(silent, "timeout", 504, stream=True, model="brisk/m")

        def stalls(connection, seen):
            connection.sendall(fake.STREAM_HEAD + fake.framed(fake.chunk({"content": "a"})))
            fake.wait_closed(connection, seen)
        self.says(stalls)
        self.assert_broken_off(self.ask(stream=True, model="brisk/m"), "a")

    def test_pings_without_content_end_with_the_deadline(self):
        def pings(connection, seen):
            connection.sendall(fake.STREAM_HEAD)
            while not fake.wait_closed(connection, seen, 0.1):
                connection.sendall(fake.framed(b": ping\n\n"))
        self.says(pings)
        got = self.ask(stream=True, headers="x-llmgw-timeout: 1.5\r\n")
        self.assertEqual(got.status, 504, got.body)

    def assert_broken_off(self, got, text):
        """The stream's text, then an error event, and no marker of success."""
        self.assertEqual(got.status, 200)
        self.assertEqual(text_of(got.body), text)
        self.assertNotIn(b"[DONE]", got.body)
        last = json.loads(events(got.body)[-1])
        self.assertIn("broke off", last["error"]["message"])
        self.assertTrue(last["extra_fields"]["attempts"][0]["class"])

    def test_a_stream_that_breaks_behind_its_first_content(self):
        start = fake.chunk({"role": "assistant", "content": "so "}) + fake.chunk({"content": "far"})
        for name, what in (
            ("reset", b""),
            ("a clean end without a marker", fake.LAST_CHUNK),
            ("a cut event", chunked(b'data: {"choices":[{"ind')),
            ("no JSON", chunked(b"data: oops\n\n" + fake.chunk(finish="stop") + b"data: [DONE]\n\n")),
            ("a garbage chunk", b"zz\r\n"),
            ("an error", chunked(b'data: {"error":{"message":"boom"}}\n\ndata: [DONE]\n\n')),
            ("an endless line", endless(b"", fake.framed(b"x" * (1 << 16)))),
        ):
            with self.subTest(name):
                before = gateway.memory()
                delivered = threading.Event()
                self.says(in_two(fake.STREAM_HEAD + fake.framed(start), delivered, what))
                got = self.ask(stream=True, fallbacks=["mock/echo"], seen=b'"far"', then=delivered.set)
                self.assert_broken_off(got, "so far")
                self.assertLess(gateway.memory() - before, 40 * MB)

    def test_a_missing_marker_is_added_behind_a_finish(self):
        whole = fake.stream("a")
        for name, body in (("no marker", whole.removesuffix(b"data: [DONE]\n\n")),
                           ("no blank line", whole.removesuffix(b"\n\n")),
                           ("no line end", whole.removesuffix(b"data: [DONE]\n\n").removesuffix(b"\n\n"))):
            with self.subTest(name):
                self.says(self.sse(body))
                got = self.ask(stream=True)
                self.assertEqual(text_of(got.body), "a")
                self.assertEqual([e == "[DONE]" for e in events(got.body)].count(True), 1)
                self.assertEqual(events(got.body)[-1], "[DONE]")

    def test_nothing_behind_the_marker_is_passed_on(self):
        self.says(self.sse(fake.stream("a") + fake.chunk({"content": "more"}) + b"data: [DONE]\n\n"))
        got = self.ask(stream=True)
        self.assertEqual(text_of(got.body), "a")
        self.assertTrue(got.body.endswith(b"data: [DONE]\n\n"))

    def test_a_gzip_stream(self):
        body = fake.stream("packed")
        self.says(fake.reply(gzip.compress(body), "text/event-stream", headers="Content-Encoding: gzip\r\n"))
        self.assertEqual(text_of(self.ask(stream=True).body), "packed")

    def test_a_large_event_passes_whole(self):
        text = "x" * (3 * MB)
        self.says(self.sse(fake.stream(text)))
        self.assertEqual(text_of(self.ask(stream=True).body), text)


class SlowClients(Provider):
    def test_a_client_that_takes_no_byte_suspends_the_upstream(self):
        sent = [0]

        def say(connection, seen):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            connection.sendall(fake.STREAM_HEAD)
            piece = fake.framed(fake.chunk({"content": "x" * 4000}))
            try:
                while sent[0] < 400 * MB:
                    connection.sendall(piece)
                    sent[0] += len(piece)
            except OSError:
                seen.closed = time.monotonic()
        self.says(say)
        before = gateway.memory()
        connection = wire.Connection(gateway)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        connection.send(wire.post(wire.chat("brisk/m", stream=True)))
        # It stands still for longer than `idle`, which is the provider's, not the client's.
        stood, since = 0, time.monotonic()
        while time.monotonic() - since < 1.5 and stood < 24 * MB:
            time.sleep(0.05)
            if sent[0] != stood:
                stood, since = sent[0], time.monotonic()
        self.assertGreater(stood, 0)
        self.assertLess(stood, 24 * MB)  # what sockets on loopback hold
        self.assertLess(gateway.memory() - before, 4 * MB)
        self.assertIsNone(provider.seen[0].closed)
        left = time.monotonic()
        connection.close()
        while provider.seen[0].closed is None and time.monotonic() < left + 30:
            time.sleep(0.01)
        self.assertIsNotNone(provider.seen[0].closed)
        self.assertLess(provider.seen[0].closed - left, 1)

    def test_many_large_requests_are_bounded_together(self):
        with Gateway('[server]\nmax_body = "8MiB"\nmax_buffered = "16MiB"\n[mock]\nenabled = true\n') as small:
            connections = [wire.Connection(small) for _ in range(12)]
            for connection in connections:
                head = wire.post(b" " * (7 * MB)).split(b"\r\n\r\n")[0]
                connection.send(head + b"\r\n\r\n" + b" " * 1000)
            waiting, statuses = {c.socket: c for c in connections}, []
            while len(statuses) < 10:
                readable, _, _ = select.select(list(waiting), [], [], 30)
                self.assertTrue(readable, f"{len(statuses)} of 10 were refused")
                statuses += [waiting.pop(s).reply().status for s in readable]
            self.assertEqual(statuses, [503] * 10)
            self.assertEqual(select.select(list(waiting), [], [], 0.3)[0], [])  # the two that there is room for
            for connection in connections:
                connection.close()
            # Chunks announce nothing: they count as they come.
            before = small.memory()
            connections = [wire.Connection(small) for _ in range(12)]
            threads = [threading.Thread(target=flood, args=(c, 7 * MB)) for c in connections]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertLess(small.memory() - before, 40 * MB)
            for connection in connections:
                connection.close()
            # There is room again as soon as it has seen them leave.
            until = time.monotonic() + 30
            while (status := wire.ask(small, wire.chat("mock/echo")).status) == 503 and time.monotonic() < until:
                time.sleep(0.01)
            self.assertEqual(status, 200)


    def test_what_coded_bodies_become_is_bounded_together(self):
        with Gateway('[server]\nmax_body = "8MiB"\nmax_buffered = "16MiB"\n[mock]\nenabled = true\n') as small:
            body = gzip.compress(json.dumps(wire.chat("mock/hang")).encode() + b" " * (7 * MB))
            connections = [wire.Connection(small) for _ in range(12)]
            for connection in connections:
                connection.send(wire.post(body, headers="Content-Encoding: gzip\r\n"))
            statuses = []
            time.sleep(0.5)
            for connection in connections:
                connection.socket.settimeout(0.2)
                try:
                    reply = connection.reply()
                    self.assertIn("max_buffered", reply.json()["error"]["message"])
                    statuses.append(reply.status)
                except TimeoutError:
                    statuses.append(None)
            self.assertEqual(statuses.count(None), 2)
            self.assertEqual(statuses.count(503), 10)
            for connection in connections:
                connection.close()
            self.assertEqual(wire.ask(small, wire.chat("mock/echo")).status, 200)
            body = gzip.compress(json.dumps(wire.chat("mock/echo")).encode())
            self.assertEqual(wire.ask(small, body, headers="Content-Encoding: gzip\r\n").status, 200)


def in_two(first, delivered, what):
    """Says `first` and, once the client has it, `what`."""
    def say(connection, seen):
        connection.sendall(first)
        delivered.wait(30)
        what(connection, seen) if callable(what) else connection.sendall(what)
    return say


def flood(connection, size):
    """A chunked body of which everything but the end is sent."""
    try:
        connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(size >> 16):
            connection.send(fake.framed(b" " * (1 << 16)))
    except OSError:
        pass


def gateway_rests():
    """A 429 rests the key; the tests that follow need it awake."""
    time.sleep(1.2)


if __name__ == "__main__":
    sys.exit(unittest.main())
