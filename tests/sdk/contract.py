"""What every Python client is held to, whatever its dialect and whoever serves it: the same as node/contract.mjs."""

import concurrent.futures
import re
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from program import Gateway, Mock  # noqa: E402
from upstream import Upstream  # noqa: E402

VENDORS = ("up", "claude", "google", "aws", "chat")
TEXT = 'Grüße, "世界" 👋'
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}


class World:
    """A gateway with a provider of each dialect, and `fake`, which knows when its client leaves."""

    def start(self):
        self.mock = Mock('[models.spoken]\nas = "echo"\nrate = 400\n')
        self.fake = Upstream()
        config = (HERE / "config.toml").read_text().replace("MOCK", self.mock.url).replace("FAKE", self.fake.url)
        self.gateway = Gateway(config, args=["--loops", "2"])
        self.url = self.gateway.url

    def stop(self):
        code = self.gateway.stop()
        self.mock.stop()
        self.fake.close()
        assert code == 0, f"serve ended with {code}:\n{self.gateway.stderr()}"


world = World()


class Contract:
    """Mixed into a TestCase, which says how its client does it. `headers`: what is sent besides."""

    own = {}  # "vendor status" -> the status that the vendor's own client gets in place of it
    leaves = True  # whether its streams can be left before their end
    structures = VENDORS  # who of them structured output is asked of
    usage = True  # whether it tells tokens

    def ask(self, model, text, headers):
        """The reply's text, and its tokens in and out."""
        raise NotImplementedError

    def stream(self, model, text, headers):
        """Pieces of text; closing the generator leaves."""
        raise NotImplementedError

    def tool(self, model):
        """The text behind a call of `weather`, which said "sunny"."""
        raise NotImplementedError

    def structured(self, model, schema):
        """The object that came."""
        raise NotImplementedError

    def status(self, error):
        """The HTTP status of its own kind of error; None: it is none."""
        raise NotImplementedError

    def test_a_whole_answer_with_its_usage(self):
        for vendor in VENDORS:
            with self.subTest(vendor):
                text, tokens_in, tokens_out = self.ask(vendor + "/echo", TEXT, {})
                self.assertEqual(text, TEXT)
                if self.usage:
                    self.assertGreater(tokens_in, 0)
                    self.assertGreater(tokens_out, 0)

    def test_a_stream(self):
        for vendor in VENDORS:
            with self.subTest(vendor):
                self.assertEqual("".join(self.stream(vendor + "/echo", TEXT, {})), TEXT)

    def test_a_tool_goes_round(self):
        for vendor in VENDORS:
            with self.subTest(vendor):
                self.assertIn("sunny", self.tool(vendor + "/tool"))

    def test_structured_output(self):
        for vendor in self.structures:
            with self.subTest(vendor):
                self.assertIsInstance(self.structured(vendor + "/json", CITY)["city"], str)

    def test_a_fallback_to_each_vendor(self):
        for vendor in VENDORS:
            for model in ("up/fail-500", "claude/fail-529", "google/fail-503", "aws/fail-500"):
                with self.subTest(vendor, model=model):
                    headers = {"x-llmgw-fallbacks": vendor + "/echo"}
                    self.assertEqual(self.ask(model, TEXT, headers)[0], TEXT)
                    self.assertEqual("".join(self.stream(model, TEXT, headers)), TEXT)

    def test_errors_are_its_own(self):
        for vendor in VENDORS:
            for told in (400, 401, 404, 500):
                with self.subTest(vendor, told=told):
                    with self.assertRaises(Exception) as caught:
                        self.ask(f"{vendor}/fail-{told}", TEXT, {})
                    self.assertEqual(self.status(caught.exception), self.own.get(f"{vendor} {told}", told), repr(caught.exception))
        with self.assertRaises(Exception) as caught:
            self.ask("mock/fail-429", TEXT, {})
        self.assertEqual(self.status(caught.exception), 429, repr(caught.exception))

    def test_leaving_closes_the_upstream_within_a_second(self):
        if not self.leaves:
            self.skipTest("its streams cannot be left before their end")
        world.fake.left.clear()
        stream = self.stream("fake/drip", TEXT, {})
        next(stream)
        left = time.monotonic()
        stream.close()
        self.assertTrue(world.fake.left.wait(1.0))
        self.assertLess(time.monotonic() - left, 1.0)

    def test_a_hundred_streams_at_once_never_mix(self):
        def one(i):
            nonce = " ".join(f"n{i}-{j}" for j in range(40))
            model = "mock/first-error" if i % 6 == 5 else VENDORS[i % 5] + "/spoken"
            return nonce, "".join(self.stream(model, nonce, {"x-llmgw-fallbacks": "up/spoken"}))

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            for nonce, text in pool.map(one, range(100)):
                self.assertEqual(text, nonce)


def status_in(text):
    """The first HTTP status of an error in `text`."""
    found = re.search(r"\b([45]\d\d)\b", str(text))
    return int(found[1]) if found else None


def main():
    unittest.main()
