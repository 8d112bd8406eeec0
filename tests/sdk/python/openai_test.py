"""The openai client for Python against the binary, a mock provider behind real sockets, and raw sockets."""

import asyncio
import io
import json
import sys
import time
import unittest
import urllib.request
from pathlib import Path

import httpx
import openai
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from pydantic import BaseModel

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import fake_provider as fake  # noqa: E402
from program import Gateway, Mock  # noqa: E402

SCENARIO = """
[models.spoken]
as = "echo"
rate = 400
"""


def setUpModule():
    global mock, provider, gateway, client
    mock = Mock(SCENARIO)
    provider = fake.FakeProvider()
    config = (HERE.parent / "config.toml").read_text()
    gateway = Gateway(config.replace("MOCK", mock.url).replace("FAKE", provider.url), args=["--loops", "2"])
    client = OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0, timeout=20)


def tearDownModule():
    client.close()
    code = gateway.stop()
    mock.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def user(text):
    return [{"role": "user", "content": text}]


def tool(name):
    return {"type": "function", "function": {
        "name": name, "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                                     "required": ["city"], "additionalProperties": False}}}


class Chat(unittest.TestCase):
    def test_a_reply_is_typed_and_says_who_answered(self):
        reply = client.chat.completions.create(model="up/echo", messages=user("Grüße, 世界 \U0001f680"))
        self.assertEqual(reply.choices[0].message.content, "Grüße, 世界 \U0001f680")
        self.assertEqual(reply.choices[0].finish_reason, "stop")
        self.assertGreater(reply.usage.total_tokens, 0)
        extra = reply.model_extra["extra_fields"]
        self.assertEqual((extra["provider"], extra["model"], extra["key"]), ("up", "echo", "only"))
        self.assertEqual(len(extra["attempts"]), 1)
        self.assertTrue(reply._request_id)

    def test_a_stream_is_whole_and_its_last_chunk_says_who_answered(self):
        chunks = list(client.chat.completions.create(model="up/lorem-100-5000", messages=user("x"), stream=True))
        text = "".join(c.choices[0].delta.content or "" for c in chunks)
        self.assertGreater(len(text), 300)
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")
        extra = chunks[-1].model_extra["extra_fields"]
        self.assertEqual((extra["provider"], extra["model"]), ("up", "lorem-100-5000"))
        self.assertTrue(all("extra_fields" not in (c.model_extra or {}) for c in chunks[:-1]))

    def test_a_usage_chunk_comes_only_when_asked_for(self):
        plain = list(client.chat.completions.create(model="up/echo", messages=user("hi"), stream=True))
        self.assertTrue(all(len(c.choices) == 1 for c in plain))
        self.assertTrue(all(c.usage is None for c in plain))
        asked = list(client.chat.completions.create(model="up/echo", messages=user("hi"), stream=True,
                                                    stream_options={"include_usage": True}))
        self.assertEqual(asked[-1].choices, [])
        self.assertGreater(asked[-1].usage.completion_tokens, 0)

    def test_raw_and_streaming_responses_carry_the_headers(self):
        raw = client.chat.completions.with_raw_response.create(model="up/echo", messages=user("hi"))
        self.assertEqual(raw.headers["x-llmgw-provider"], "up")
        self.assertEqual(raw.headers["x-llmgw-model"], "echo")
        self.assertEqual(raw.headers["x-llmgw-attempts"], "1")
        self.assertEqual(raw.parse().choices[0].message.content, "hi")
        with client.chat.completions.with_streaming_response.create(model="up/echo", messages=user("hi")) as reply:
            self.assertEqual(json.loads(reply.read())["choices"][0]["message"]["content"], "hi")

    def test_options_reach_the_provider_as_they_were_sent(self):
        provider.forget()
        provider.say = lambda c, seen: c.sendall(fake.reply(fake.chat("ok"))) or True
        client.chat.completions.create(model="fake/m", messages=user("hi"), temperature=0.25, seed=9007199254740993,
                                       logit_bias={"50256": -100}, extra_body={"not_in_the_sdk": {"a": [1, 2.50]}})
        sent = provider.seen[-1]
        self.assertEqual(sent.json()["model"], "m")
        self.assertIn(b'"not_in_the_sdk":{"a":[1,2.5]}', sent.body)
        self.assertIn(b'"seed":9007199254740993', sent.body)
        self.assertEqual(sent.headers["authorization"], "Bearer sk-fake")
        self.assertIn("OpenAI/Python", sent.headers["user-agent"])

    def test_several_choices_and_logprobs(self):
        reply = client.chat.completions.create(model="up/echo", messages=user("two words"), n=2, logprobs=True,
                                               top_logprobs=2)
        self.assertEqual([c.message.content for c in reply.choices], ["two words"] * 2)
        self.assertEqual(len(reply.choices[0].logprobs.content[0].top_logprobs), 2)
        chunks = list(client.chat.completions.create(model="up/echo", messages=user("two words"), n=2, stream=True))
        for index in range(2):
            self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks if c.choices[0].index == index),
                             "two words")

    def test_a_refusal_is_a_refusal(self):
        self.assertTrue(client.chat.completions.create(model="up/refuse", messages=user("hi")).choices[0].message.refusal)


class Tools(unittest.TestCase):
    def test_a_call_and_its_result(self):
        reply = client.chat.completions.create(model="up/tool", messages=user("weather?"), tools=[tool("weather")])
        self.assertEqual(reply.choices[0].finish_reason, "tool_calls")
        call = reply.choices[0].message.tool_calls[0]
        self.assertEqual(call.function.name, "weather")
        self.assertIn("city", json.loads(call.function.arguments))
        answered = client.chat.completions.create(model="up/echo", tools=[tool("weather")], messages=[
            *user("weather?"), reply.choices[0].message,
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"}])
        self.assertTrue(answered.choices[0].message.content)

    def test_a_streamed_call_is_put_together_by_the_sdk(self):
        with client.chat.completions.stream(model="up/tool", messages=user("weather?"), tools=[tool("weather")]) as s:
            final = s.get_final_completion()
        call = final.choices[0].message.tool_calls[0]
        self.assertEqual(call.function.name, "weather")
        self.assertIn("city", json.loads(call.function.arguments))

    def test_parallel_calls_stay_apart_in_a_stream(self):
        def say(connection, seen):
            def delta(index, **call):
                return fake.chunk({"tool_calls": [{"index": index, **call}]})
            body = fake.chunk({"role": "assistant", "content": None})
            for index, name in enumerate(["first", "second"]):
                body += delta(index, id=f"call_{index}", type="function", function={"name": name, "arguments": ""})
            for part in ['{"city"', ':"', 'Oslo"}']:
                for index in range(2):
                    body += delta(index, function={"arguments": part})
            body += fake.chunk(finish="tool_calls") + b"data: [DONE]\n\n"
            connection.sendall(fake.reply(body, "text/event-stream"))
        provider.say = say
        calls = {}
        for chunk in client.chat.completions.create(model="fake/m", messages=user("x"), stream=True,
                                                    tools=[tool("first"), tool("second")], parallel_tool_calls=True):
            for delta in chunk.choices[0].delta.tool_calls or []:
                call = calls.setdefault(delta.index, {"id": "", "name": "", "arguments": ""})
                call["id"] += delta.id or ""
                call["name"] += delta.function.name or ""
                call["arguments"] += delta.function.arguments or ""
        self.assertEqual(calls, {0: {"id": "call_0", "name": "first", "arguments": '{"city":"Oslo"}'},
                                 1: {"id": "call_1", "name": "second", "arguments": '{"city":"Oslo"}'}})


class City(BaseModel):
    name: str
    population: int
    capital: bool


class Schemas(unittest.TestCase):
    def test_a_reply_parses_into_its_model(self):
        reply = client.chat.completions.parse(model="up/json", messages=user("a city"), response_format=City)
        self.assertIsInstance(reply.choices[0].message.parsed, City)

    def test_a_response_parses_into_its_model(self):
        reply = client.responses.parse(model="up/json", input="a city", text_format=City)
        self.assertIsInstance(reply.output_parsed, City)


class Embeddings(unittest.TestCase):
    def test_base64_and_float_say_the_same(self):
        packed = client.embeddings.create(model="up/echo", input=["one text", "another"])  # base64 on the wire
        plain = client.embeddings.create(model="up/echo", input=["one text", "another"], encoding_format="float")
        self.assertEqual(len(packed.data), 2)
        for a, b in zip(packed.data, plain.data):
            self.assertGreater(len(a.embedding), 10)
            for x, y in zip(a.embedding, b.embedding):
                self.assertAlmostEqual(x, y, places=5)
        self.assertEqual(plain.model_extra["extra_fields"]["provider"], "up")

    def test_dimensions_are_kept(self):
        reply = client.embeddings.create(model="up/echo", input="text", dimensions=64)
        self.assertEqual(len(reply.data[0].embedding), 64)


class Responses(unittest.TestCase):
    def test_create(self):
        reply = client.responses.create(model="up/echo", input="say this")
        self.assertEqual(reply.output_text, "say this")
        self.assertEqual(reply.model_extra["extra_fields"]["provider"], "up")

    def test_stream_keeps_the_order_of_events(self):
        with client.responses.stream(model="up/echo", input="say this") as stream:
            types = [event.type for event in stream]
            final = stream.get_final_response()
        self.assertEqual(types[0], "response.created")
        self.assertEqual(types[-1], "response.completed")
        self.assertEqual(final.output_text, "say this")
        self.assertEqual(final.model_extra["extra_fields"]["provider"], "up")

    def test_a_tool_is_called(self):
        reply = client.responses.create(model="up/tool", input="weather?", tools=[{
            "type": "function", "name": "weather", "strict": True, "parameters": tool("weather")["function"]["parameters"]}])
        call = next(item for item in reply.output if item.type == "function_call")
        self.assertEqual(call.name, "weather")
        self.assertIn("city", json.loads(call.arguments))

    def test_a_failed_primary_is_unseen(self):
        events = list(client.responses.create(model="mock/first-error", input="hi", stream=True,
                                              extra_body={"fallbacks": ["up/echo"]}))
        self.assertEqual(events[-1].type, "response.completed")
        self.assertEqual(events[-1].response.output_text, "hi")


class OtherCalls(unittest.TestCase):
    def test_models(self):
        ids = [m.id for m in client.models.list()]
        self.assertIn("mock/echo", ids)
        self.assertIn("rescued", ids)
        self.assertEqual(client.models.retrieve("mock/echo").id, "mock/echo")
        with self.assertRaises(openai.NotFoundError):
            client.models.retrieve("nobody/nothing")

    def test_completions(self):
        self.assertTrue(client.completions.create(model="up/echo", prompt="once upon").choices[0].text)
        chunks = list(client.completions.create(model="up/echo", prompt="once upon", stream=True))
        self.assertIn("once upon", "".join(c.choices[0].text for c in chunks))

    def test_moderations(self):
        reply = client.moderations.create(model="up/echo", input=["fine", "flagged"])
        self.assertEqual([r.flagged for r in reply.results], [False, True])

    def test_images(self):
        self.assertTrue(client.images.generate(model="up/echo", prompt="a dot").data[0].b64_json)

    def test_speech_arrives_byte_for_byte(self):
        reply = client.audio.speech.create(model="up/echo", voice="alloy", input="hi", response_format="wav")
        self.assertEqual(reply.content[:4], b"RIFF")
        self.assertEqual(len(reply.content), 44 + 4800)

    def test_transcription_of_an_upload(self):
        audio = bytes(range(256)) * 500
        reply = client.audio.transcriptions.create(model="up/echo", file=("a.wav", io.BytesIO(audio), "audio/wav"))
        self.assertIn(str(len(audio)), reply.text)

    def test_a_form_may_name_its_model_behind_the_file(self):
        audio = b"\0\r\n--x\r\n" * 1000
        form = (b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
                b"Content-Type: audio/wav\r\n\r\n" + audio +
                b'\r\n--b0undary\r\nContent-Disposition: form-data; name="model"\r\n\r\nup/echo\r\n--b0undary--\r\n')
        request = urllib.request.Request(gateway.url + "/v1/audio/transcriptions", data=form,
                                         headers={"Content-Type": "multipart/form-data; boundary=b0undary"})
        with urllib.request.urlopen(request) as reply:
            self.assertIn(str(len(audio)), json.load(reply)["text"])

    def test_files_and_batches_stay_with_their_provider(self):
        at = {"x-llmgw-provider": "up"}
        made = client.files.create(file=("in.jsonl", b'{"a":1}\n'), purpose="batch", extra_headers=at)
        self.assertEqual(client.files.retrieve(made.id, extra_headers=at).id, made.id)
        self.assertEqual(client.files.content(made.id, extra_headers=at).content, b'{"a":1}\n')
        batch = client.batches.create(input_file_id=made.id, endpoint="/v1/chat/completions", completion_window="24h",
                                      extra_headers=at)
        self.assertEqual(client.batches.retrieve(batch.id, extra_headers=at).id, batch.id)
        self.assertEqual(client.batches.cancel(batch.id, extra_headers=at).status, "cancelling")
        self.assertTrue(client.files.delete(made.id, extra_headers=at).deleted)
        with self.assertRaises(openai.NotFoundError):
            client.files.retrieve(made.id, extra_headers=at)


class Errors(unittest.TestCase):
    # The built-in mock, so that no rest of a key goes from one case to the next.
    CASES = [
        ("fail-400", openai.BadRequestError, 400, "bad_request"),
        ("fail-401", openai.AuthenticationError, 401, "auth"),
        ("fail-402", openai.APIStatusError, 402, "quota"),
        ("fail-403", openai.PermissionDeniedError, 403, "auth"),
        ("fail-404", openai.NotFoundError, 404, "model_unavailable"),
        ("fail-422", openai.UnprocessableEntityError, 422, "bad_request"),
        ("fail-429", openai.RateLimitError, 429, "rate_limit"),
        ("fail-500", openai.InternalServerError, 500, "server_error"),
        ("fail-503", openai.InternalServerError, 503, "overloaded"),
        ("fail-529", openai.InternalServerError, 529, "overloaded"),
        ("html", openai.InternalServerError, 502, "invalid_response"),
        ("malformed", openai.InternalServerError, 502, "invalid_response"),
        ("empty", openai.InternalServerError, 502, "invalid_response"),
        ("redirect", openai.InternalServerError, 502, "invalid_response"),
        ("reset", openai.InternalServerError, 502, "network"),
    ]

    def test_each_is_raised_as_its_class_with_the_trail(self):
        for streamed in (False, True):
            for model, kind, status, error_class in self.CASES:
                with self.subTest(model=model, stream=streamed):
                    with self.assertRaises(kind) as caught:
                        client.chat.completions.create(model="mock/" + model, messages=user("hi"), stream=streamed)
                    error = caught.exception
                    self.assertIs(type(error), kind)
                    self.assertEqual(error.status_code, status)
                    self.assertTrue(error.body["message"])
                    extra = error.response.json()["extra_fields"]
                    self.assertEqual(extra["attempts"][-1]["class"], error_class)

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaises((openai.NotFoundError, openai.BadRequestError)) as caught:
            client.chat.completions.create(model="nobody/nothing", messages=user("hi"))
        self.assertIn("nobody", caught.exception.message)

    def test_a_fallback_that_is_no_target_is_named(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="mock/echo", messages=user("hi"),
                                           extra_body={"fallbacks": ["no such thing"]})
        self.assertIn("no such thing", caught.exception.message)

    def test_a_refused_connection_is_a_502(self):
        with fake_closed_port() as url:
            with Gateway(f'[providers.gone]\nkind = "openai-compatible"\nbase_url = "{url}/v1"\n'
                         'keys = [{name = "k", value = "v"}]\nretries = { max = 0 }\n') as lone:
                with OpenAI(base_url=lone.url + "/v1", api_key="any", max_retries=0) as c:
                    with self.assertRaises(openai.InternalServerError) as caught:
                        c.chat.completions.create(model="gone/m", messages=user("hi"))
        self.assertEqual(caught.exception.status_code, 502)

    def test_no_gateway_is_a_connection_error(self):
        with fake_closed_port() as url, OpenAI(base_url=url + "/v1", api_key="any", max_retries=0) as c:
            with self.assertRaises(openai.APIConnectionError):
                c.chat.completions.create(model="m", messages=user("hi"))

    def test_a_chain_that_failed_twice_is_not_repeated_by_the_sdk(self):
        with OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=2) as c:
            before = gateway.metric("llmgw_requests_total")
            with self.assertRaises(openai.InternalServerError) as caught:
                c.chat.completions.create(model="mock/fail-500", messages=user("hi"),
                                          extra_body={"fallbacks": ["mock/fail-503"]})
            self.assertEqual(caught.exception.response.headers["x-should-retry"], "false")
            self.assertEqual(gateway.metric("llmgw_requests_total") - before, 1)


class Fallbacks(unittest.TestCase):
    def assert_rescued(self, reply):
        self.assertEqual(reply.choices[0].message.content, "hi")
        extra = reply.model_extra["extra_fields"]
        self.assertEqual((extra["provider"], extra["model"]), ("up", "echo"))
        self.assertEqual(extra["attempts"][0]["class"], "server_error")
        self.assertGreaterEqual(len(extra["attempts"]), 2)

    def test_in_the_body(self):
        self.assert_rescued(client.chat.completions.create(model="mock/fail-500", messages=user("hi"),
                                                           extra_body={"fallbacks": ["up/echo"]}))

    def test_in_the_body_as_an_object_or_as_models(self):
        self.assert_rescued(client.chat.completions.create(
            model="mock/fail-500", messages=user("hi"), extra_body={"fallbacks": [{"provider": "up", "model": "echo"}]}))
        self.assert_rescued(client.chat.completions.create(
            model="mock/fail-500", messages=user("hi"), extra_body={"models": ["mock/fail-500", "up/echo"]}))

    def test_in_a_header(self):
        self.assert_rescued(client.chat.completions.create(model="mock/fail-500", messages=user("hi"),
                                                           extra_headers={"x-llmgw-fallbacks": "up/echo"}))

    def test_of_a_route_and_an_alias(self):
        for name in ("rescued", "gpt-4o"):
            self.assert_rescued(client.chat.completions.create(model=name, messages=user("hi")))

    def test_an_error_before_the_first_content_is_unseen(self):
        for model in ("first-error", "html", "empty", "reset", "fail-503"):
            with self.subTest(model=model):
                chunks = list(client.chat.completions.create(model="mock/" + model, messages=user("hi"), stream=True,
                                                             extra_body={"fallbacks": ["up/echo"]}))
                self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks), "hi")
                self.assertEqual(chunks[-1].model_extra["extra_fields"]["provider"], "up")

    def test_the_gateways_fields_are_not_sent_on(self):
        provider.forget()
        provider.say = lambda c, seen: c.sendall(fake.reply(fake.chat("ok"))) or True
        client.chat.completions.create(model="fake/m", messages=user("hi"), extra_headers={"x-llmgw-tag-team": "blue"},
                                       extra_body={"fallbacks": ["up/echo"], "fallback_on": ["timeout"],
                                                   "extra_fields": "basic"})
        sent = provider.seen[-1]
        self.assertEqual(set(sent.json()), {"model", "messages"})
        self.assertFalse([name for name in sent.headers if name.startswith("x-llmgw")])


class Cuts(unittest.TestCase):
    def test_a_cut_stream_raises_and_never_looks_whole(self):
        finishes = []
        with self.assertRaises(openai.APIError) as caught:
            for chunk in client.chat.completions.create(model="mock/cut", messages=user("hi"), stream=True):
                finishes.append(chunk.choices[0].finish_reason)
        self.assertGreater(len(finishes), 3)
        self.assertEqual(set(finishes), {None})
        self.assertIn("broke off", caught.exception.message)

    def test_a_stream_held_until_it_is_whole_survives_the_cut(self):
        chunks = list(client.chat.completions.create(
            model="mock/cut", messages=user("hi"), stream=True, extra_body={"fallbacks": ["up/echo"]},
            extra_headers={"x-llmgw-commit": "complete"}))
        self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks), "hi")


class Leaving(unittest.TestCase):
    def setUp(self):
        provider.forget()

        def say(connection, seen):
            connection.sendall(fake.STREAM_HEAD + fake.framed(fake.chunk({"role": "assistant", "content": "a"})))
            fake.wait_closed(connection, seen)
        provider.say = say

    def assert_closed_within_a_second_of(self, moment):
        until = time.monotonic() + 20
        while provider.seen[-1].closed is None and time.monotonic() < until:
            time.sleep(0.01)
        self.assertIsNotNone(provider.seen[-1].closed, "the upstream was never closed")
        self.assertLess(provider.seen[-1].closed - moment, 1.0)

    def test_close_closes_the_upstream(self):
        stream = client.chat.completions.create(model="fake/m", messages=user("hi"), stream=True)
        next(iter(stream))
        stream.close()
        self.assert_closed_within_a_second_of(time.monotonic())

    def test_a_cancelled_task_closes_the_upstream(self):
        async def leave():
            async with AsyncOpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0) as c:
                async def read():
                    async for _ in await c.chat.completions.create(model="fake/m", messages=user("hi"), stream=True):
                        pass
                task = asyncio.create_task(read())
                while not provider.seen:
                    await asyncio.sleep(0.01)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
        asyncio.run(leave())
        self.assert_closed_within_a_second_of(time.monotonic())

    def test_leaving_before_any_reply_closes_the_upstream(self):
        provider.say = lambda connection, seen: fake.wait_closed(connection, seen) and None
        with self.assertRaises(openai.APITimeoutError):
            client.with_options(timeout=httpx.Timeout(2)).chat.completions.create(
                model="fake/m", messages=user("hi"), extra_headers={"x-llmgw-timeout": "30"})
        self.assert_closed_within_a_second_of(time.monotonic())


class Timeouts(unittest.TestCase):
    def test_a_deadline_for_the_chain_is_a_504(self):
        began = time.monotonic()
        with self.assertRaises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="up/hang", messages=user("hi"), extra_headers={"x-llmgw-timeout": "0.5"})
        self.assertEqual(caught.exception.status_code, 504)
        self.assertLess(time.monotonic() - began, 15)  # the client's own timeout is 20 s

    def test_the_clients_own_timeout_is_met_with_an_answer(self):
        with self.assertRaises(openai.InternalServerError) as caught:  # not APITimeoutError
            client.with_options(timeout=4).chat.completions.create(model="up/hang", messages=user("hi"))
        self.assertEqual(caught.exception.status_code, 504)


class Azure(unittest.TestCase):
    def test_deployments_and_the_bare_paths(self):
        with AzureOpenAI(azure_endpoint=gateway.url, api_key="any", api_version="2024-10-21", max_retries=0) as c:
            reply = c.chat.completions.create(model="my-deployment", messages=user("hi"))
            self.assertEqual(reply.choices[0].message.content, "hi")
            chunks = list(c.chat.completions.create(model="my-deployment", messages=user("hi"), stream=True))
            self.assertEqual("".join(x.choices[0].delta.content or "" for x in chunks), "hi")
            self.assertTrue(c.embeddings.create(model="my-deployment", input="x").data[0].embedding)
            self.assertEqual(c.responses.create(model="my-deployment", input="hi").output_text, "hi")
            self.assertIn("mock/echo", [m.id for m in c.models.list()])
            with self.assertRaises(openai.InternalServerError):
                c.chat.completions.create(model="mock/fail-500", messages=user("hi"))

    def test_the_other_prefixes(self):
        for prefix in ("/openai/v1", "/litellm", "/langchain/v1", "/pydanticai/v1"):
            with self.subTest(prefix=prefix), OpenAI(base_url=gateway.url + prefix, api_key="any", max_retries=0) as c:
                reply = c.chat.completions.create(model="up/echo", messages=user("hi"))
                self.assertEqual(reply.choices[0].message.content, "hi")


class Crowd(unittest.TestCase):
    def test_two_hundred_streams_never_mix(self):
        async def one(c, i):
            nonce = " ".join(f"n{i}-{j}" for j in range(40))
            kind = i % 4
            extra = {"fallbacks": ["up/spoken"]} if kind == 0 else {}
            model = "mock/first-error" if kind == 0 else "up/spoken"
            got, last = "", None
            stream = await c.chat.completions.create(model=model, messages=user(nonce), stream=True, extra_body=extra,
                                                     extra_headers={"x-request-id": f"nonce-{i}"})
            async for chunk in stream:
                got += chunk.choices[0].delta.content or ""
                last = chunk
            self.assertEqual(got, nonce)
            return last.model_extra["extra_fields"]["request_id"]

        async def all_of_them():
            limits = httpx.Limits(max_connections=300, max_keepalive_connections=300)
            async with AsyncOpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0, timeout=60,
                                   http_client=httpx.AsyncClient(limits=limits)) as c:
                return await asyncio.gather(*(one(c, i) for i in range(200)))
        ids = asyncio.run(all_of_them())
        self.assertEqual(len(set(ids)), 200)


class fake_closed_port:
    """A loopback URL at which nobody listens."""

    def __enter__(self):
        import socket
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))  # bound, not listening: refused, and nobody else gets it
        return "http://127.0.0.1:%d" % self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.close()


if __name__ == "__main__":
    unittest.main()
