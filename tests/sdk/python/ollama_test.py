"""The ollama client for Python against the binary: targets of its own dialect, of Cohere's and Anthropic's, and of OpenAI's."""

import json
import sys
import unittest
from pathlib import Path

import ollama

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
from program import Gateway, Mock  # noqa: E402

TARGETS = ("ollama", "cohere", "claude", "up")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def weather(city: str) -> str:
    """Tells the weather.

    Args:
      city: where
    """
    return "sunny in " + city


def setUpModule():
    global mock, gateway, client
    mock = Mock()
    config = (HERE.parent / "config.toml").read_text().replace("MOCK", mock.url).replace("FAKE", "http://127.0.0.1:9")
    gateway = Gateway(config + f'\n[providers.ollama]\nbase_url = "{mock.url}/v1"\nretries = {{ max = 0 }}\n')
    client = ollama.Client(host=gateway.url + "/ollama", timeout=20)


def tearDownModule():
    client._client.close()
    code = gateway.stop()
    mock.stop()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def user(text):
    return [{"role": "user", "content": text}]


class Chat(unittest.TestCase):
    def test_a_reply_is_typed(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(target + "/echo", messages=user("Grüße, 世界 \U0001f680"), options={"num_ctx": 4096})
                self.assertEqual(reply.message.content, "Grüße, 世界 \U0001f680")
                self.assertEqual((reply.message.role, reply.done, reply.done_reason), ("assistant", True, "stop"))
                self.assertTrue(reply.model)
                self.assertGreater(reply.prompt_eval_count, 0)
                self.assertGreater(reply.eval_count, 0)

    def test_a_stream_comes_in_pieces_and_ends_done(self):
        for target in TARGETS:
            with self.subTest(target):
                pieces = list(client.chat(target + "/echo", messages=user("word " * 50 + "end"), stream=True))
                self.assertGreater(len(pieces), 10)
                self.assertEqual("".join(p.message.content for p in pieces), "word " * 50 + "end")
                self.assertEqual([p.done for p in pieces], [False] * (len(pieces) - 1) + [True])
                self.assertGreater(pieces[-1].eval_count, 0)

    def test_the_limit_is_the_reason(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(target + "/echo", messages=user("word " * 50), options={"num_predict": 16})
                self.assertEqual(reply.done_reason, "length")

    def test_an_object_fits_the_schema_asked_for(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(target + "/json", messages=user("where?"), format=SCHEMA)
                self.assertEqual(list(json.loads(reply.message.content)), ["city"])


class Tools(unittest.TestCase):
    def test_a_call_and_its_result(self):
        for target in TARGETS:
            for stream in (False, True):
                with self.subTest(target=target, stream=stream):
                    replies = client.chat(target + "/tool", messages=user("weather?"), tools=[weather], stream=stream)
                    replies = list(replies) if stream else [replies]
                    message = next(r.message for r in replies if r.message.tool_calls)
                    call = message.tool_calls[0]
                    self.assertEqual((call.function.name, list(call.function.arguments)), ("weather", ["city"]))
                    answered = client.chat(target + "/echo", tools=[weather], messages=[
                        *user("weather?"), message, {"role": "tool", "tool_name": "weather", "content": "sunny"}])
                    self.assertTrue(answered.message.content)


class Models(unittest.TestCase):
    def test_the_list_is_in_ollamas_shape(self):
        self.assertIn("rescued", [m.model for m in client.list().models])


class Errors(unittest.TestCase):
    def test_each_is_raised_with_its_status_and_words(self):
        for target in ("mock", "cohere"):
            for model, status in (("fail-400", 400), ("fail-404", 404), ("fail-500", 500), ("html", 502), ("reset", 502)):
                for stream in (False, True):
                    with self.subTest(target=target, model=model, stream=stream):
                        with self.assertRaises(ollama.ResponseError) as caught:
                            reply = client.chat(f"{target}/{model}", messages=user("hi"), stream=stream)
                            list(reply)
                        self.assertEqual(caught.exception.status_code, status)
                        self.assertGreater(len(caught.exception.error), 5)

    def test_a_cut_stream_raises_and_never_looks_whole(self):
        for model in ("ollama/cut", "claude/cut", "mock/cut"):
            pieces = []
            with self.subTest(model), self.assertRaises(ollama.ResponseError) as caught:
                for piece in client.chat(model, messages=user("hi there, all of you"), stream=True):
                    pieces.append(piece)
            self.assertIn("broke off", caught.exception.error)
            self.assertFalse(any(p.done for p in pieces))


class Fallback(unittest.TestCase):
    def test_a_route_rescues_unseen(self):
        for stream in (False, True):
            with self.subTest(stream=stream):
                reply = client.chat("rescued", messages=user("rescued"), stream=stream)
                said = "".join(p.message.content for p in reply) if stream else reply.message.content
                self.assertEqual(said, "rescued")


if __name__ == "__main__":
    unittest.main()
