"""The process's life: signals, draining, reloading, and what it costs while nothing happens."""

import json
import os
import signal
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

PLAIN = '[mock]\nenabled = true\n[aliases]\n"name" = "mock/echo"\n'
FAKE = '[providers.fake]\nkind = "openai-compatible"\nbase_url = "%s"\nkeys = [{ name = "only", value = "sk-fake" }]\n'


def eventually(what, seconds=30.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def accepts(gateway):
    try:
        socket.create_connection((gateway.host, gateway.port), timeout=5).close()
        return True
    except ConnectionError:
        return False


class Shutdown(unittest.TestCase):
    """Nothing here waits for a time: each step waits for what the one before it brings about."""

    def test_an_open_stream_ends_before_the_process_does(self):
        gateway = Gateway(PLAIN)
        with wire.Connection(gateway) as connection:
            connection.send(wire.post(wire.chat("mock/paced-30-50", stream=True)))
            while b"content" not in connection.data:
                connection.more()
            gateway.signal(signal.SIGTERM)
            got = connection.reply()
            self.assertTrue(got.body.endswith(b"data: [DONE]\n\n"))
        self.assertEqual(gateway.process.wait(30), 0)

    def test_a_kept_connection_is_served_once_more_while_it_drains(self):
        drained = threading.Event()

        def say(connection, seen):
            drained.wait(30)
            connection.sendall(fake.reply(fake.chat("hi")))
        provider = fake.FakeProvider(say)
        self.addCleanup(provider.close)
        gateway = Gateway(PLAIN + FAKE % provider.url)
        with wire.Connection(gateway) as kept, wire.Connection(gateway) as busy:
            kept.send(wire.post(wire.chat("mock/echo")))
            self.assertNotEqual(kept.reply().headers.get("connection"), "close")
            busy.send(wire.post(wire.chat("fake/m")))
            self.assertTrue(eventually(lambda: provider.seen))
            gateway.signal(signal.SIGTERM)
            self.assertTrue(eventually(lambda: not accepts(gateway)))
            kept.send(wire.post(wire.chat("mock/echo", "still")))
            got = kept.reply()
            self.assertEqual(got.status, 200)
            self.assertEqual(got.headers["connection"], "close")
            self.assertEqual(kept.rest(1), b"")
            drained.set()
            self.assertEqual(busy.reply().status, 200)
        self.assertEqual(gateway.process.wait(30), 0)

    def test_it_lingers_first_and_says_so(self):
        gateway = Gateway('[server]\nlinger = "60s"\n' + PLAIN)
        self.addCleanup(gateway.stop)
        self.assertEqual(gateway.get("/ready")[0], 200)
        gateway.signal(signal.SIGTERM)
        self.assertTrue(eventually(lambda: gateway.get("/ready")[0] == 503))
        self.assertEqual(gateway.get("/health")[0], 200)
        self.assertEqual(wire.ask(gateway, wire.chat("mock/echo")).status, 200)  # new connections still come in

    def test_the_lingering_ends_by_itself(self):
        gateway = Gateway('[server]\nlinger = "700ms"\n' + PLAIN)
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(30), 0)
        self.assertGreaterEqual(time.monotonic() - began, 0.7)

    def test_what_outlives_the_drain_is_cut_off(self):
        provider = fake.FakeProvider(lambda connection, seen: fake.wait_closed(connection, seen, 120))
        self.addCleanup(provider.close)
        gateway = Gateway('[server]\ndrain = "300ms"\n' + FAKE % provider.url)
        self.addCleanup(gateway.stop)
        with wire.Connection(gateway) as connection:
            connection.send(wire.post(wire.chat("fake/m")))
            self.assertTrue(eventually(lambda: provider.seen))
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.process.wait(60), 0)  # its own timeouts are longer
            connection.rest(1)

    def test_a_second_signal_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            gateway = Gateway('[server]\nlinger = "300s"\ndrain = "300s"\n' + PLAIN)
            self.addCleanup(gateway.stop)
            with wire.Connection(gateway) as connection:
                connection.send(wire.post(wire.chat("mock/hang")))
                gateway.signal(signal.SIGTERM)
                # The second comes when the first was taken: of two that wait the system keeps one.
                self.assertTrue(eventually(lambda: gateway.get("/ready")[0] == 503))
                self.assertIsNone(gateway.process.poll())
                gateway.signal(number)
                gateway.process.wait(60)

    def test_nothing_open_ends_soon(self):
        gateway = Gateway('[server]\ndrain = "300s"\n' + PLAIN)
        self.addCleanup(gateway.stop)
        with wire.Connection(gateway):  # idle
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.process.wait(60), 0)


class Reload(unittest.TestCase):
    GOOD = PLAIN.replace("mock/echo", "mock/lorem-3-1000")
    BAD = '[aliases]\n"name" = 7\nmistake = "x"\n[serverr]\n'

    def setUp(self):
        self.gateway = Gateway(PLAIN)
        self.addCleanup(self.gateway.stop)

    def answer(self):
        return wire.ask(self.gateway, wire.chat("name")).json()["model"]

    def write(self, text):
        """As editors do: another file, moved over the old one."""
        beside = self.gateway.config_path.with_suffix(".new")
        beside.write_text(text)
        os.replace(beside, self.gateway.config_path)

    def test_a_changed_file_is_read(self):
        self.assertEqual(self.answer(), "echo")
        self.write(self.GOOD)
        self.assertTrue(eventually(lambda: self.answer() == "lorem-3-1000"))
        self.gateway.config_path.write_text(PLAIN)  # in place
        self.assertTrue(eventually(lambda: self.answer() == "echo"))

    def test_a_bad_file_is_refused_with_its_place_and_the_old_one_stays(self):
        self.write(self.BAD)
        self.assertTrue(eventually(lambda: "llmgw.toml:" in self.gateway.stderr()))
        self.assertEqual(self.answer(), "echo")
        self.write(self.GOOD)
        self.assertTrue(eventually(lambda: self.answer() == "lorem-3-1000"))

    def test_sighup(self):
        for text, expected in ((self.GOOD, "lorem-3-1000"), (self.BAD, "lorem-3-1000"), (PLAIN, "echo")):
            self.write(text)
            self.gateway.signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: self.answer() == expected))
        self.assertIsNone(self.gateway.process.poll())

    def test_the_api(self):
        self.write(self.GOOD)
        self.assertEqual(self.gateway.post("/api/reload", b"")[0], 200)
        self.assertEqual(self.answer(), "lorem-3-1000")
        self.write(self.BAD)
        status, _, body = self.gateway.post("/api/reload", b"")
        self.assertEqual(status, 400)
        self.assertIn("llmgw.toml:", json.dumps(body))
        self.assertEqual(self.answer(), "lorem-3-1000")
        for headers in ({"Origin": "https://evil.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Host": "evil.example"}):
            self.assertEqual(self.gateway.post("/api/reload", b"", headers)[0], 403)

    def test_requests_under_way_keep_their_config(self):
        with wire.Connection(self.gateway) as connection:
            connection.send(wire.post(wire.chat("mock/paced-20-40", stream=True)))
            while b"content" not in connection.data:
                connection.more()
            self.write('[providers.x]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:9/v1"\nkeys = [{name="k",value="v"}]\n')
            self.assertEqual(self.gateway.post("/api/reload", b"")[0], 200)
            self.assertTrue(connection.reply().body.endswith(b"data: [DONE]\n\n"))
        # The provider of before is gone for whoever comes now.
        self.assertNotEqual(wire.ask(self.gateway, wire.chat("mock/echo")).headers.get("x-llmgw-provider"), "mock")

    def test_a_hundred_reloads_under_load_lose_nothing(self):
        failed, stop = [], threading.Event()

        def load():
            with wire.Connection(self.gateway) as connection:
                while not stop.is_set():
                    connection.send(wire.post(wire.chat("mock/echo")))
                    if (got := connection.reply()) is None or got.status != 200:
                        failed.append(got and got.body)
                        return
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(100):
            self.assertEqual(self.gateway.post("/api/reload", b"")[0], 200)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])


class Idle(unittest.TestCase):
    def test_two_thousand_idle_connections_cost_next_to_nothing(self):
        with Gateway(PLAIN) as gateway:
            wire.ask(gateway, wire.chat("mock/echo"))
            before = gateway.memory()
            connections = [wire.Connection(gateway) for _ in range(2000)]
            for connection in connections:
                connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            for connection in connections:
                self.assertEqual(connection.reply().status, 200)
            grown = gateway.memory() - before
            cpu, began = gateway.cpu(), time.monotonic()
            time.sleep(3)
            share = (gateway.cpu() - cpu) / (time.monotonic() - began)
            self.assertLess(share, 0.011)  # the clock ticks in hundredths of a second
            self.assertLess(grown / 2000, 30 << 10)
            for connection in connections:
                connection.close()
            self.assertTrue(eventually(lambda: gateway.metric("llmgw_open_connections") <= 1))


if __name__ == "__main__":
    sys.exit(unittest.main())
