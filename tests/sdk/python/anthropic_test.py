"""The anthropic client for Python against the binary: targets of its own dialect, and of OpenAI's two."""

import asyncio
import json
import sys
import time
import unittest
from pathlib import Path

import anthropic
from anthropic import Anthropic, AsyncAnthropic
from openai import OpenAI

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import fake_provider as fake  # noqa: E402
from program import Gateway, Mock  # noqa: E402

SCENARIO = """
[models.spoken]
as = "echo"
rate = 400
"""
# Its own dialect; chat completions, by a provider that has Responses too and by one that has not.
TARGETS = ("claude", "up", "chat")


def setUpModule():
    global mock, provider, gateway, client
    mock = Mock(SCENARIO)
    provider = fake.FakeProvider()
    config = (HERE.parent / "config.toml").read_text()
    gateway = Gateway(config.replace("MOCK", mock.url).replace("FAKE", provider.url), args=["--loops", "2"])
    client = Anthropic(base_url=gateway.url + "/anthropic", api_key="any", max_retries=0, timeout=20)


def tearDownModule():
    client.close()
    code = gateway.stop()
    mock.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def user(text):
    return [{"role": "user", "content": text}]


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
          "additionalProperties": False}
WEATHER = {"name": "weather", "description": "tells the weather", "input_schema": SCHEMA}


class Messages(unittest.TestCase):
    def test_a_reply_is_typed_and_says_who_answered(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.messages.create(model=target + "/echo", max_tokens=100, system="Be brief.",
                                               messages=user("Grüße, 世界 \U0001f680"))
                self.assertEqual(reply.content[0].text, "Grüße, 世界 \U0001f680")
                self.assertEqual((reply.type, reply.role, reply.stop_reason), ("message", "assistant", "end_turn"))
                self.assertGreater(reply.usage.input_tokens, 0)
                self.assertGreater(reply.usage.output_tokens, 0)
                self.assertEqual(reply.model_extra["extra_fields"]["provider"], target)

    def test_the_bare_path_is_anthropics_too(self):
        with Anthropic(base_url=gateway.url, api_key="any", max_retries=0) as bare:
            reply = bare.messages.create(model="up/echo", max_tokens=9, messages=user("hi"))
        self.assertEqual(reply.content[0].text, "hi")

    def test_the_stream_helper_puts_the_message_together(self):
        for target in TARGETS:
            with self.subTest(target), client.messages.stream(model=target + "/echo", max_tokens=500,
                                                              messages=user("word " * 50 + "end")) as stream:
                text = "".join(stream.text_stream)
                final = stream.get_final_message()
                self.assertEqual(text, "word " * 50 + "end")
                self.assertEqual(final.content[0].text, text)
                self.assertEqual(final.stop_reason, "end_turn")
                self.assertGreater(final.usage.output_tokens, 0)
                self.assertEqual(final.model_extra["extra_fields"]["provider"], target)

    def test_events_come_in_the_vendors_order_and_the_last_say_who_answered(self):
        for target in TARGETS:
            with self.subTest(target):
                events = list(client.messages.create(model=target + "/echo", max_tokens=50, messages=user("a b c"),
                                                     stream=True))
                types = [event.type for event in events]
                self.assertEqual(types[:2], ["message_start", "content_block_start"])
                self.assertEqual(types[-3:], ["content_block_stop", "message_delta", "message_stop"])
                self.assertEqual(set(types[2:-3]), {"content_block_delta"})
                self.assertEqual(events[-2].model_extra["extra_fields"]["provider"], target)

    def test_the_limit_ends_an_answer(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.messages.create(model=target + "/echo", max_tokens=2, messages=user("word " * 50))
                self.assertEqual(reply.stop_reason, "max_tokens")

    def test_raw_responses_carry_the_headers(self):
        raw = client.messages.with_raw_response.create(model="up/echo", max_tokens=9, messages=user("hi"))
        self.assertEqual(raw.headers["x-llmgw-provider"], "up")
        self.assertEqual(raw.parse().content[0].text, "hi")

    def test_betas_reach_a_provider_of_the_dialect(self):
        reply = client.beta.messages.create(model="claude/echo", max_tokens=9, messages=user("hi"),
                                            betas=["context-1m-2025-08-07"])
        self.assertEqual(reply.content[0].text, "hi")

    def test_what_the_target_cannot_be_told_is_named(self):
        reply = client.messages.create(model="up/echo", max_tokens=9, messages=user("hi"),
                                       extra_body={"context_management": {"edits": [{"type": "x"}]}})
        self.assertEqual(reply.model_extra["extra_fields"]["warnings"],
                         [{"code": "dropped", "field": "context_management"}])


class Tools(unittest.TestCase):
    def test_a_call_and_its_result(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.messages.create(model=target + "/tool", max_tokens=100, messages=user("weather?"),
                                               tools=[WEATHER], tool_choice={"type": "any"})
                self.assertEqual(reply.stop_reason, "tool_use")
                call = next(block for block in reply.content if block.type == "tool_use")
                self.assertEqual(call.name, "weather")
                self.assertIn("city", call.input)
                answered = client.messages.create(model=target + "/echo", max_tokens=100, tools=[WEATHER], messages=[
                    *user("weather?"), {"role": "assistant", "content": reply.content},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id,
                                                  "content": "sunny"}]}])
                self.assertTrue(answered.content[0].text)

    def test_a_streamed_call_is_put_together_by_the_sdk(self):
        for target in TARGETS:
            with self.subTest(target), client.messages.stream(model=target + "/tool", max_tokens=100, tools=[WEATHER],
                                                              messages=user("weather?")) as stream:
                final = stream.get_final_message()
                call = next(block for block in final.content if block.type == "tool_use")
                self.assertIn("city", call.input)
                self.assertEqual(final.stop_reason, "tool_use")

    def test_parallel_calls_of_an_openai_stream_stay_apart(self):
        def say(connection, seen):
            body = fake.chunk({"role": "assistant", "content": None})
            for index, name in enumerate(["first", "second"]):
                body += fake.chunk({"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function",
                                                    "function": {"name": name, "arguments": ""}}]})
            for part in ['{"city"', ':"', 'Oslo"}']:
                for index in range(2):
                    body += fake.chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
            body += fake.chunk(finish="tool_calls") + b"data: [DONE]\n\n"
            connection.sendall(fake.reply(body, "text/event-stream"))
        provider.say = say
        with client.messages.stream(model="fake/m", max_tokens=9, messages=user("x"), tools=[WEATHER]) as stream:
            final = stream.get_final_message()
        self.assertEqual([(b.id, b.name, b.input) for b in final.content],
                         [("call_0", "first", {"city": "Oslo"}), ("call_1", "second", {"city": "Oslo"})])

    def test_an_object_fits_the_schema_asked_for(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.messages.create(
                    model=target + "/json", max_tokens=100, messages=user("where?"),
                    extra_body={"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}})
                self.assertEqual(list(json.loads(reply.content[0].text)), ["city"])


class CountTokens(unittest.TestCase):
    def test_the_provider_counts_where_it_can_and_an_estimate_takes_its_place(self):
        for target, model, estimated in (("claude", "echo", None), ("claude", "fail-500", None),
                                         ("up", "echo", "true"), ("chat", "echo", "true")):
            with self.subTest(target=target, model=model):
                raw = client.messages.with_raw_response.count_tokens(
                    model=f"{target}/{model}", messages=user("How many tokens are in here?"), tools=[WEATHER])
                self.assertGreater(raw.parse().input_tokens, 5)
                self.assertLess(raw.parse().input_tokens, 80)
                self.assertEqual(raw.headers["x-llmgw-provider"], target)
                self.assertEqual(raw.headers["x-llmgw-model"], model)
                if model == "echo":
                    self.assertEqual(raw.headers.get("x-llmgw-estimated"), estimated)

    def test_a_provider_that_cannot_count_still_serves(self):
        def say(connection, seen):
            body = b'{"type":"error","error":{"type":"not_found_error","message":"Not found"}}'
            connection.sendall(fake.reply(body, status="404 Not Found"))
        provider.say = say
        with Gateway(f'[providers.c]\nkind = "anthropic"\nbase_url = "{provider.url}"\n'
                     'keys = [{ name = "k", value = "sk-c" }]\nretries = { max = 0 }\n') as own, \
                Anthropic(base_url=own.url, api_key="any", max_retries=0) as counting:
            for _ in range(8):
                raw = counting.messages.with_raw_response.count_tokens(model="c/claude-x", messages=user("hi"))
                self.assertEqual(raw.headers["x-llmgw-estimated"], "true")
            whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
                     "content": [{"type": "text", "text": "served"}], "stop_reason": "end_turn",
                     "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
            provider.say = lambda c, seen: c.sendall(fake.reply(json.dumps(whole).encode())) or True
            reply = counting.messages.create(model="c/claude-x", max_tokens=9, messages=user("hi"))
            self.assertEqual(reply.content[0].text, "served")
            self.assertEqual(own.stop(), 0)

    def test_an_unknown_model_and_a_broken_body_are_refused(self):
        with self.assertRaises(anthropic.NotFoundError):
            client.messages.count_tokens(model="nobody/x", messages=user("hi"))
        with self.assertRaises(anthropic.BadRequestError) as caught:
            client.messages.count_tokens(model="up/echo", messages=[{"role": "robot", "content": "hi"}])
        self.assertIn("messages[0].role", str(caught.exception))


class Errors(unittest.TestCase):
    CASES = [
        ("fail-400", anthropic.BadRequestError, 400, "bad_request"),
        ("fail-401", anthropic.AuthenticationError, 401, "auth"),
        ("fail-403", anthropic.PermissionDeniedError, 403, "auth"),
        ("fail-404", anthropic.NotFoundError, 404, "model_unavailable"),
        ("fail-429", anthropic.RateLimitError, 429, "rate_limit"),
        ("fail-500", anthropic.InternalServerError, 500, "server_error"),
        ("fail-529", anthropic.OverloadedError, 529, "overloaded"),
        ("html", anthropic.InternalServerError, 502, "invalid_response"),
        ("reset", anthropic.InternalServerError, 502, "network"),
    ]

    def test_each_is_raised_as_its_class_with_the_trail(self):
        for streamed in (False, True):
            for model, kind, status, error_class in self.CASES:
                with self.subTest(model=model, stream=streamed):
                    with self.assertRaises(kind) as caught:
                        client.messages.create(model="mock/" + model, max_tokens=9, messages=user("hi"),
                                               stream=streamed)
                    error = caught.exception
                    self.assertIs(type(error), kind)
                    self.assertEqual(error.status_code, status)
                    self.assertEqual(error.body["type"], "error")
                    self.assertTrue(error.body["error"]["message"])
                    self.assertEqual(error.body["extra_fields"]["attempts"][-1]["class"], error_class)

    def test_a_cut_stream_raises_and_never_looks_whole(self):
        for model in ("mock/cut", "claude/cut"):
            with self.subTest(model), self.assertRaises(anthropic.APIStatusError) as caught:
                list(client.messages.create(model=model, max_tokens=500, messages=user("hi"), stream=True))
            self.assertIn("broke off", str(caught.exception.body))


class Fallback(unittest.TestCase):
    def test_a_failed_primary_is_unseen_within_the_dialect_and_beyond(self):
        for rescue in TARGETS:
            for streamed in (False, True):
                with self.subTest(rescue=rescue, stream=streamed):
                    call = {"model": "mock/fail-500", "max_tokens": 50, "messages": user("rescued"),
                            "extra_body": {"fallbacks": [rescue + "/echo"]}}
                    if streamed:
                        with client.messages.stream(**call) as stream:
                            reply = stream.get_final_message()
                    else:
                        reply = client.messages.create(**call)
                        self.assertEqual(reply.model_extra["extra_fields"]["provider"], rescue)
                    self.assertEqual(reply.content[0].text, "rescued")

    def test_an_openai_client_is_rescued_by_claude(self):
        with OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0) as other:
            reply = other.chat.completions.create(model="mock/fail-500", messages=user("hi"),
                                                  extra_body={"fallbacks": ["claude/echo"]})
            self.assertEqual(reply.choices[0].message.content, "hi")


class Responses(unittest.TestCase):
    """The openai client's Responses on targets that have no such thing."""

    def setUp(self):
        self.client = OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0, timeout=20)
        self.addCleanup(self.client.close)

    def test_plain_and_helper(self):
        for target in ("chat", "claude"):
            with self.subTest(target):
                reply = self.client.responses.create(model=target + "/echo", input="say this")
                self.assertEqual(reply.output_text, "say this")
                self.assertGreater(reply.usage.total_tokens, 0)
                self.assertEqual(reply.model_extra["extra_fields"]["provider"], target)
                with self.client.responses.stream(model=target + "/echo", input="say this", instructions="x") as s:
                    events = list(s)
                    final = s.get_final_response()
                self.assertEqual(events[0].type, "response.created")
                self.assertEqual([e.sequence_number for e in events], list(range(len(events))))
                self.assertEqual(final.output_text, "say this")
                self.assertEqual(final.model_extra["extra_fields"]["provider"], target)

    def test_a_call_and_its_result(self):
        tool = {"type": "function", "name": "weather", "strict": True, "parameters": SCHEMA}
        for target in ("chat", "claude"):
            with self.subTest(target):
                reply = self.client.responses.create(model=target + "/tool", input="weather?", tools=[tool])
                call = next(item for item in reply.output if item.type == "function_call")
                self.assertIn("city", json.loads(call.arguments))
                with self.client.responses.stream(model=target + "/tool", input="weather?", tools=[tool]) as s:
                    final = s.get_final_response()
                streamed = next(item for item in final.output if item.type == "function_call")
                self.assertIn("city", json.loads(streamed.arguments))
                answered = self.client.responses.create(model=target + "/echo", tools=[tool], input=[
                    {"role": "user", "content": "weather?"}, *[item.model_dump() for item in final.output],
                    {"type": "function_call_output", "call_id": streamed.call_id, "output": "sunny"}])
                self.assertTrue(answered.output_text)

    def test_an_answer_that_the_limit_cut_is_incomplete(self):
        reply = self.client.responses.create(model="claude/echo", input="word " * 50, max_output_tokens=16)
        self.assertEqual((reply.status, reply.incomplete_details.reason), ("incomplete", "max_output_tokens"))


class Leaving(unittest.TestCase):
    def test_close_closes_the_upstream(self):
        def say(connection, seen):
            connection.sendall(fake.STREAM_HEAD + fake.framed(fake.chunk({"role": "assistant", "content": "a"})))
            fake.wait_closed(connection, seen)
        provider.forget()
        provider.say = say
        stream = client.messages.create(model="fake/m", max_tokens=9, messages=user("hi"), stream=True)
        next(iter(stream))
        stream.close()
        moment, until = time.monotonic(), time.monotonic() + 20
        while provider.seen[-1].closed is None and time.monotonic() < until:
            time.sleep(0.01)
        self.assertIsNotNone(provider.seen[-1].closed, "the upstream was never closed")
        self.assertLess(provider.seen[-1].closed - moment, 1.0)


class Crowd(unittest.TestCase):
    def test_a_hundred_streams_never_mix(self):
        async def one(c, i):
            nonce = " ".join(f"n{i}-{j}" for j in range(40))
            target = ("claude/spoken", "up/spoken", "chat/spoken", "mock/first-error")[i % 4]
            async with c.messages.stream(model=target, max_tokens=5000, messages=user(nonce),
                                         extra_body={"fallbacks": ["up/spoken"]}) as stream:
                final = await stream.get_final_message()
            self.assertEqual(final.content[0].text, nonce)
            return final.id

        async def all_of_them():
            async with AsyncAnthropic(base_url=gateway.url, api_key="any", max_retries=0, timeout=60) as c:
                return await asyncio.gather(*(one(c, i) for i in range(100)))
        self.assertEqual(len(set(asyncio.run(all_of_them()))), 100)


if __name__ == "__main__":
    unittest.main()
