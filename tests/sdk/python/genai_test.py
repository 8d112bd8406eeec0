"""google-genai against the binary: a provider of OpenAI's API behind it, Gemini's own, and a raw socket."""

import asyncio
import json
import sys
import time
import unittest
from pathlib import Path

from google import genai
from google.genai import errors, types
from pydantic import BaseModel

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import fake_provider as fake  # noqa: E402
from program import Gateway, Mock  # noqa: E402

CONFIG = """
# Another dialect than the client's.
[providers.up]
kind = "openai-compatible"
base_url = "MOCK/v1"
keys = [{ name = "only", value = "sk-up" }]
retries = { max = 0 }

# The client's own.
[providers.google]
kind = "gemini"
base_url = "MOCK/v1beta"
keys = [{ name = "only", value = "AIza" }]
retries = { max = 0 }

[providers.fake]
kind = "openai-compatible"
base_url = "FAKE"
keys = [{ name = "only", value = "sk-fake" }]
retries = { max = 0 }

[routes.rescued]
targets = ["google/fail-503"]
fallbacks = ["up/echo"]
"""


def setUpModule():
    global mock, provider, gateway, client
    mock = Mock()
    provider = fake.FakeProvider()
    gateway = Gateway(CONFIG.replace("MOCK", mock.url).replace("FAKE", provider.url), args=["--loops", "2"])
    client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=gateway.url + "/genai", timeout=20000))


def tearDownModule():
    client.close()
    code = gateway.stop()
    mock.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def ask(model, contents, **config):
    return client.models.generate_content(model=model, contents=contents, config=config or None)


def declaration(name):
    return types.Tool(function_declarations=[types.FunctionDeclaration(
        name=name, description="Tells it.", parameters=types.Schema(
            type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]))])


class BothWays(unittest.TestCase):
    """The same of a provider of the client's dialect and of another."""

    def test_a_reply_is_typed_and_its_headers_say_who_answered(self):
        for name in ("google", "up"):
            with self.subTest(provider=name):
                reply = ask(f"{name}/echo", "Grüße, 世界 \U0001f680")
                self.assertEqual(reply.text, "Grüße, 世界 \U0001f680")
                self.assertEqual(reply.candidates[0].finish_reason, types.FinishReason.STOP)
                self.assertGreater(reply.usage_metadata.total_token_count, 0)
                self.assertEqual(reply.sdk_http_response.headers["x-llmgw-provider"], name)

    def test_a_stream_is_whole(self):
        for name in ("google", "up"):
            with self.subTest(provider=name):
                chunks = list(client.models.generate_content_stream(model=f"{name}/lorem-100-5000", contents="x"))
                self.assertGreater(len(chunks), 10)
                self.assertGreater(len("".join(c.text or "" for c in chunks)), 300)
                self.assertEqual(chunks[-1].candidates[0].finish_reason, types.FinishReason.STOP)
                self.assertGreater(chunks[-1].usage_metadata.candidates_token_count, 50)

    def test_a_call_and_its_result(self):
        for name in ("google", "up"):
            with self.subTest(provider=name):
                tools = [declaration("weather")]
                reply = ask(f"{name}/tool", "weather?", tools=tools)
                call = reply.function_calls[0]
                self.assertEqual(call.name, "weather")
                self.assertIn("city", call.args)
                said = ask(f"{name}/tool", [
                    types.Content(role="user", parts=[types.Part.from_text(text="weather?")]),
                    reply.candidates[0].content,
                    types.Content(role="user", parts=[types.Part.from_function_response(
                        name="weather", response={"output": "sunny"})])], tools=tools)
                self.assertIn("sunny", said.text)

    def test_a_streamed_call_comes_whole(self):
        for name in ("google", "up"):
            with self.subTest(provider=name):
                chunks = client.models.generate_content_stream(
                    model=f"{name}/tool", contents="weather?", config={"tools": [declaration("weather")]})
                calls = [call for c in chunks for call in c.function_calls or []]
                self.assertEqual([c.name for c in calls], ["weather"])
                self.assertIn("city", calls[0].args)

    def test_the_sdk_calls_a_function_by_itself(self):
        asked = []

        def weather(city: str) -> str:
            """Tells the weather of a city."""
            asked.append(city)
            return "sunny"

        for name in ("google", "up"):
            with self.subTest(provider=name):
                asked.clear()
                self.assertIn("sunny", ask(f"{name}/tool", "weather?", tools=[weather]).text)
                self.assertEqual(len(asked), 1)

    def test_structured_output(self):
        class Person(BaseModel):
            name: str
            age: int

        for name in ("google", "up"):
            with self.subTest(provider=name):
                reply = ask(f"{name}/json", "who?", response_mime_type="application/json", response_schema=Person)
                self.assertIsInstance(reply.parsed, Person)

    def test_errors_are_typed(self):
        for name in ("google", "up"):
            for model, kind, code, status in (("fail-429", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
                                              ("fail-404", errors.ClientError, 404, "NOT_FOUND"),
                                              ("fail-500", errors.ServerError, 500, "INTERNAL"),
                                              ("fail-503", errors.ServerError, 503, "UNAVAILABLE")):
                # A key of its own: what one was told would hold for the next.
                with self.subTest(provider=name, model=model), fresh() as (other, _):
                    with self.assertRaises(kind) as raised:
                        other.models.generate_content(model=f"{name}/{model}", contents="x")
                    self.assertEqual((raised.exception.code, raised.exception.status), (code, status))
                    self.assertTrue(raised.exception.message)
                    self.assertEqual(raised.exception.details["extra_fields"]["provider"], name)

    def test_an_error_in_place_of_a_streams_first_event_is_raised(self):
        for name in ("google", "up"):
            with self.subTest(provider=name), self.assertRaises(errors.APIError):
                list(client.models.generate_content_stream(model=f"{name}/first-error", contents="x"))

    def test_embeddings(self):
        for name in ("google", "up"):
            with self.subTest(provider=name):
                reply = client.models.embed_content(model=f"{name}/echo", contents=["a", "b"],
                                                    config={"output_dimensionality": 8})
                self.assertEqual([len(e.values) for e in reply.embeddings], [8, 8])

    def test_a_chat_keeps_its_history(self):
        for name in ("google", "up"):
            with self.subTest(provider=name):
                chat = client.chats.create(model=f"{name}/echo")
                self.assertEqual(chat.send_message("one").text, "one")
                self.assertEqual("".join(c.text or "" for c in chat.send_message_stream("two")), "two")
                self.assertEqual(chat.send_message("three").text, "three")
                self.assertEqual([c.parts[0].text for c in chat.get_history() if c.role == "user"],
                                 ["one", "two", "three"])


class fresh:
    """A client of a gateway of its own."""

    def __enter__(self):
        self.gateway = Gateway(CONFIG.replace("MOCK", mock.url).replace("FAKE", provider.url))
        self.client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=self.gateway.url + "/genai"))
        return self.client, self.gateway

    def __exit__(self, *_):
        self.client.close()
        self.gateway.stop()


class Translated(unittest.TestCase):
    def say(self, *chunks):
        provider.forget()
        body = b"".join(chunks) + b"data: [DONE]\n\n"
        provider.say = lambda c, seen: c.sendall(fake.reply(body, "text/event-stream")) or True

    def test_a_fallback_is_seen_in_the_headers_alone(self):
        reply = ask("rescued", "hello")
        self.assertEqual(reply.text, "hello")
        headers = reply.sdk_http_response.headers
        self.assertEqual((headers["x-llmgw-provider"], headers["x-llmgw-attempts"]), ("up", "2"))
        options = types.HttpOptions(extra_body={"fallbacks": ["up/echo"]})
        reply = client.models.generate_content(model="google/fail-500", contents="hi",
                                               config=types.GenerateContentConfig(http_options=options))
        self.assertEqual((reply.text, reply.sdk_http_response.headers["x-llmgw-provider"]), ("hi", "up"))

    def test_bytes_and_settings_arrive_in_openais_words(self):
        provider.forget()
        provider.say = lambda c, seen: c.sendall(fake.reply(fake.chat("ok"))) or True
        client.models.generate_content(
            model="fake/m", contents=[types.Part.from_bytes(data=b"\xfb\xff\xfe", mime_type="image/png"), "what?"],
            config={"system_instruction": "brief", "temperature": 0.25, "max_output_tokens": 9,
                    "stop_sequences": ["END"], "tools": [declaration("weather")],
                    "tool_config": {"function_calling_config": {"mode": "ANY"}},
                    "thinking_config": {"thinking_budget": 1024}})
        sent = provider.seen[-1].json()
        self.assertEqual(sent["messages"][0], {"role": "system", "content": "brief"})
        self.assertEqual(sent["messages"][1]["content"][0]["image_url"]["url"], "data:image/png;base64,+//+")
        self.assertEqual((sent["temperature"], sent["max_tokens"], sent["stop"]), (0.25, 9, ["END"]))
        self.assertEqual((sent["tool_choice"], sent["reasoning_effort"]), ("required", "low"))
        self.assertEqual(sent["tools"][0]["function"]["parameters"], {
            "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})

    def test_parallel_calls_of_a_stream_stay_apart(self):
        def delta(index, **call):
            return fake.chunk({"tool_calls": [{"index": index, **call}]})
        opened = [delta(i, id=f"call_{i}", type="function", function={"name": n, "arguments": ""})
                  for i, n in enumerate(["first", "second"])]
        pieces = [delta(i, function={"arguments": part}) for part in ('{"city"', ':"', 'Oslo"}') for i in range(2)]
        self.say(*opened, *pieces, fake.chunk(finish="tool_calls"))
        chunks = list(client.models.generate_content_stream(model="fake/m", contents="x"))
        calls = [call for c in chunks for call in c.function_calls or []]
        self.assertEqual([(c.id, c.name, c.args) for c in calls],
                         [("call_0", "first", {"city": "Oslo"}), ("call_1", "second", {"city": "Oslo"})])
        # The marker that a Gemini wants to see later survives the SDK's bytes.
        signatures = [p.thought_signature for c in chunks for p in c.candidates[0].content.parts if p.function_call]
        sent = types.Part(thought_signature=signatures[0]).model_dump_json(exclude_none=True, by_alias=True)
        self.assertEqual(json.loads(sent)["thoughtSignature"], "skip_thought_signature_validator")
        self.assertIsNone(signatures[1])

    def test_a_stream_that_breaks_raises(self):
        provider.say = lambda c, seen: c.sendall(fake.STREAM_HEAD + fake.framed(fake.chunk({"content": "Hel"})))
        got = []
        with self.assertRaises(errors.APIError) as raised:
            for chunk in client.models.generate_content_stream(model="fake/m", contents="x"):
                got.append(chunk.text)
        self.assertEqual(got, ["Hel"])
        self.assertIn("broke off", raised.exception.message)

    def test_leaving_a_stream_ends_the_call(self):
        def say(connection, seen):
            connection.sendall(fake.STREAM_HEAD)
            connection.sendall(fake.framed(fake.chunk({"content": "Hel"})))
            fake.wait_closed(connection, seen)
        provider.forget()
        provider.say = say
        stream = client.models.generate_content_stream(model="fake/m", contents="x")
        self.assertEqual(next(stream).text, "Hel")
        stream.close()
        until = time.monotonic() + 10
        while provider.seen[-1].closed is None and time.monotonic() < until:
            time.sleep(0.01)
        self.assertIsNotNone(provider.seen[-1].closed)

    def test_many_streams_at_once_are_not_mixed(self):
        async def one(i):
            words = f"stream {i} " * 20
            text = ""
            async for chunk in await client.aio.models.generate_content_stream(model="up/echo", contents=words):
                text += chunk.text or ""
            return text == words

        async def all_of_them():
            return await asyncio.gather(*(one(i) for i in range(100)))

        self.assertEqual(asyncio.run(all_of_them()).count(True), 100)


if __name__ == "__main__":
    unittest.main()
