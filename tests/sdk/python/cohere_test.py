"""The cohere client for Python against the binary: targets of its own dialect, of Anthropic's and of OpenAI's two."""

import asyncio
import inspect
import json
import sys
import time
import unittest
import urllib.request
from pathlib import Path

import cohere
from cohere.core.api_error import ApiError

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import fake_provider as fake  # noqa: E402
from program import Gateway, Mock  # noqa: E402

TARGETS = ("cohere", "claude", "up", "chat")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "tells the weather", "parameters": SCHEMA}}


def setUpModule():
    global mock, provider, gateway, client
    mock = Mock()
    provider = fake.FakeProvider()
    config = (HERE.parent / "config.toml").read_text()
    config += (f'\n[providers.native]\nkind = "cohere"\nbase_url = "{provider.url}"\n'
               'keys = [{ name = "only", value = "sk-native" }]\nretries = { max = 0 }\n')
    gateway = Gateway(config.replace("MOCK", mock.url).replace("FAKE", provider.url), args=["--loops", "2"])
    client = cohere.ClientV2(api_key="any", base_url=gateway.url + "/cohere", timeout=20)


def tearDownModule():
    client.__exit__(None, None, None)
    code = gateway.stop()
    mock.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def user(text):
    return [{"role": "user", "content": text}]


def events(**call):
    return list(client.chat_stream(**call))


def said(stream):
    return "".join(e.delta.message.content.text for e in stream if e.type == "content-delta")


def sse(*bodies):
    return b"".join(f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode() for body in bodies)


class Chat(unittest.TestCase):
    def test_a_reply_is_typed_and_says_who_answered(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(model=target + "/echo", max_tokens=100, messages=[
                    {"role": "system", "content": "Be brief."}, *user("Grüße, 世界 \U0001f680")])
                self.assertEqual(reply.message.content[0].text, "Grüße, 世界 \U0001f680")
                self.assertEqual((reply.message.role, reply.finish_reason), ("assistant", "COMPLETE"))
                self.assertTrue(reply.id)
                self.assertGreater(reply.usage.billed_units.input_tokens, 0)
                self.assertGreater(reply.usage.tokens.output_tokens, 0)
                self.assertEqual(reply.extra_fields["provider"], target)

    def test_the_bare_path_is_coheres_too(self):
        with cohere.ClientV2(api_key="any", base_url=gateway.url, timeout=20) as bare:
            self.assertEqual(bare.chat(model="up/echo", messages=user("hi")).message.content[0].text, "hi")

    def test_a_stream_has_the_vendors_events_in_their_order(self):
        for target in TARGETS:
            with self.subTest(target):
                stream = events(model=target + "/echo", messages=user("word " * 50 + "end"))
                self.assertEqual(said(stream), "word " * 50 + "end")
                kinds = [e.type for e in stream]
                self.assertEqual(kinds[:2], ["message-start", "content-start"])
                self.assertEqual(kinds[-2:], ["content-end", "message-end"])
                self.assertTrue(stream[0].id)
                self.assertEqual(stream[-1].delta.finish_reason, "COMPLETE")
                self.assertGreater(stream[-1].delta.usage.tokens.output_tokens, 0)
                self.assertEqual(stream[-1].extra_fields["provider"], target)

    def test_the_limit_is_the_finish(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(model=target + "/echo", max_tokens=4, messages=user("word " * 50))
                self.assertEqual(reply.finish_reason, "MAX_TOKENS")

    def test_what_the_target_cannot_be_told_is_named(self):
        reply = client.chat(model="up/echo", messages=user("hi"), safety_mode="STRICT",
                            citation_options={"mode": "ACCURATE"})
        self.assertEqual(reply.extra_fields["warnings"], [{"code": "dropped", "field": "citation_options"},
                                                          {"code": "dropped", "field": "safety_mode"}])

    def test_documents_reach_every_target(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(model=target + "/echo", messages=user("hi"), documents=["Umbrellas are in the hall."])
                words = reply.message.content[0].text
                self.assertTrue(words.endswith("hi"))
                self.assertEqual("Umbrellas are in the hall." in words, target != "cohere")  # the mock echoes messages

    def test_an_object_fits_the_schema_asked_for(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(model=target + "/json", messages=user("where? as JSON"),
                                    response_format={"type": "json_object", "json_schema": SCHEMA})
                self.assertEqual(list(json.loads(reply.message.content[0].text)), ["city"])

    def test_thoughts_of_coheres_model_reach_every_client_and_back(self):
        body = {"id": "1", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "So."}]},
            "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 4}, "tokens": {"input_tokens": 70, "output_tokens": 4}}}
        provider.say = lambda c, seen: c.sendall(fake.reply(json.dumps(body).encode())) or True
        reply = client.chat(model="native/command-a-plus-05-2026", messages=user("x"),
                            thinking={"type": "enabled", "token_budget": 100})
        self.assertEqual((reply.message.content[0].thinking, reply.message.content[1].text), ("Hm.", "So."))
        self.assertEqual(reply.usage.billed_units.input_tokens, 3)


class Tools(unittest.TestCase):
    def test_a_call_and_its_result(self):
        for target in TARGETS:
            with self.subTest(target):
                reply = client.chat(model=target + "/tool", messages=user("weather?"), tools=[WEATHER],
                                    tool_choice="REQUIRED")
                self.assertEqual(reply.finish_reason, "TOOL_CALL")
                call = reply.message.tool_calls[0]
                self.assertEqual((call.type, call.function.name), ("function", "weather"))
                self.assertIn("city", json.loads(call.function.arguments))
                # As docs.cohere.com, "Tool use", gives it back.
                answered = client.chat(model=target + "/echo", tools=[WEATHER], messages=[
                    *user("weather?"), {"role": "assistant", "tool_calls": reply.message.tool_calls,
                                        "tool_plan": reply.message.tool_plan},
                    {"role": "tool", "tool_call_id": call.id, "content": [
                        {"type": "document", "document": {"data": {"text": "sunny"}}}]}])
                self.assertTrue(answered.message.content[0].text)

    def test_a_streamed_call(self):
        for target in TARGETS:
            with self.subTest(target):
                stream = events(model=target + "/tool", messages=user("weather?"), tools=[WEATHER])
                start = next(e for e in stream if e.type == "tool-call-start")
                self.assertEqual(start.delta.message.tool_calls.function.name, "weather")
                arguments = "".join(e.delta.message.tool_calls.function.arguments for e in stream
                                    if e.type == "tool-call-delta")
                self.assertIn("city", json.loads(arguments))
                self.assertEqual(stream[-1].delta.finish_reason, "TOOL_CALL")

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
        pieces = {}
        for event in events(model="fake/m", messages=user("x"), tools=[WEATHER]):
            if event.type == "tool-call-start":
                pieces[event.index] = [event.delta.message.tool_calls.id, ""]
            elif event.type == "tool-call-delta":
                pieces[event.index][1] += event.delta.message.tool_calls.function.arguments
        self.assertEqual([(k, json.loads(v)) for k, v in pieces.values()],
                         [("call_0", {"city": "Oslo"}), ("call_1", {"city": "Oslo"})])


class RankAndEmbed(unittest.TestCase):
    def test_documents_are_ranked(self):
        reply = client.rerank(model="cohere/echo", query="red fox", documents=["a whale", "the red fox"], top_n=1)
        self.assertEqual([hit.index for hit in reply.results], [1])
        self.assertEqual(reply.meta.billed_units.search_units, 1)
        self.assertEqual(reply.extra_fields["request_type"], "rerank")

    def test_texts_are_embedded(self):
        reply = client.embed(model="cohere/echo", texts=["a", "b"], input_type="search_query", embedding_types=["float"])
        self.assertEqual(len(reply.embeddings.float_), 2)
        self.assertEqual(reply.extra_fields["provider"], "cohere")


class Models(unittest.TestCase):
    def test_the_list_is_in_coheres_shape(self):
        names = [model.name for model in client.models.list().models]
        self.assertIn("rescued", names)
        self.assertEqual(client.models.get("rescued").name, "rescued")
        with self.assertRaises(cohere.NotFoundError):
            client.models.get("nobody")


class Errors(unittest.TestCase):
    CASES = [
        ("fail-400", cohere.BadRequestError, 400, "bad_request"),
        ("fail-401", cohere.UnauthorizedError, 401, "auth"),
        ("fail-403", cohere.ForbiddenError, 403, "auth"),
        ("fail-404", cohere.NotFoundError, 404, "model_unavailable"),
        ("fail-429", cohere.TooManyRequestsError, 429, "rate_limit"),
        ("fail-500", cohere.InternalServerError, 500, "server_error"),
        ("fail-503", cohere.ServiceUnavailableError, 503, "overloaded"),
        ("html", ApiError, 502, "invalid_response"),
        ("reset", ApiError, 502, "network"),
    ]

    def test_each_is_raised_as_its_class_with_the_trail(self):
        once = {"max_retries": 0}
        for target in ("mock", "cohere"):
            for model, kind, status, error_class in self.CASES:
                with self.subTest(target=target, model=model):
                    # A gateway of its own: what is told to slow down rests.
                    with Gateway(f'[mock]\nenabled = true\n[providers.cohere]\nbase_url = "{mock.url}/v2"\n'
                                 'keys = [{ name = "k", value = "sk-c" }]\nretries = { max = 0 }\n') as own, \
                            cohere.ClientV2(api_key="any", base_url=own.url + "/cohere", timeout=20) as fresh:
                        calls = (lambda: fresh.chat(model=f"{target}/{model}", messages=user("hi"), request_options=once),
                                 lambda: list(fresh.chat_stream(model=f"{target}/{model}", messages=user("hi"),
                                                                request_options=once)))
                        for call in calls:
                            with self.assertRaises(kind) as caught:
                                call()
                            error = caught.exception
                            if status != 429:  # the second call finds it at rest
                                self.assertEqual(error.status_code, status)
                            self.assertTrue(error.body["message"])
                            classes = [a.get("class") for a in error.body["extra_fields"]["attempts"]]
                            if status not in (401, 403, 429, 503):
                                self.assertEqual(classes[-1], error_class)

    def test_a_cut_stream_never_looks_whole(self):
        for model in ("mock/cut", "claude/cut", "cohere/cut"):
            with self.subTest(model):
                last = events(model=model, messages=user("hi"))[-1]
                self.assertEqual((last.type, last.delta.finish_reason), ("message-end", "ERROR"))
                self.assertIn("broke off", last.delta.error)

    def test_a_generation_that_failed_is_rescued_before_its_first_word(self):
        def say(connection, seen):
            body = sse({"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
                       {"type": "message-end", "delta": {"error": "model went away", "finish_reason": "ERROR"}})
            connection.sendall(fake.reply(body, "text/event-stream"))
        provider.say = say
        stream = events(model="native/m", messages=user("rescued"),
                        request_options={"additional_body_parameters": {"fallbacks": ["up/echo"]}})
        self.assertEqual(said(stream), "rescued")
        whole = b'{"id":"1","finish_reason":"TIMEOUT","message":{"role":"assistant","content":[]}}'
        provider.say = lambda c, seen: c.sendall(fake.reply(whole)) or True
        reply = client.chat(model="native/m", messages=user("rescued"),
                            request_options={"additional_body_parameters": {"fallbacks": ["up/echo"]}})
        self.assertEqual(reply.message.content[0].text, "rescued")
        self.assertEqual(reply.extra_fields["attempts"][0]["class"], "timeout")


class Fallback(unittest.TestCase):
    def test_a_failed_primary_is_unseen_within_the_dialect_and_beyond(self):
        for rescue in TARGETS:
            with self.subTest(rescue):
                call = {"model": "mock/fail-500", "messages": user("rescued"),
                        "request_options": {"additional_body_parameters": {"fallbacks": [rescue + "/echo"]}}}
                self.assertEqual(said(events(**call)), "rescued")
                reply = client.chat(**call)
                self.assertEqual(reply.message.content[0].text, "rescued")
                self.assertEqual(reply.extra_fields["provider"], rescue)


class SameDialect(unittest.TestCase):
    def test_a_request_reaches_cohere_as_it_came(self):
        seen_bodies = []

        def say(connection, seen):
            seen_bodies.append(seen)
            body = sse({"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
                       {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
                       {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "hey"}}}},
                       {"type": "content-end", "index": 0},
                       {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {
                           "billed_units": {"input_tokens": 1, "output_tokens": 1}}}})
            connection.sendall(fake.reply(body, "text/event-stream"))
        provider.say = say
        stream = events(model="native/command-x", messages=user("hi"), documents=[{"id": "d", "data": {"a": "b"}}],
                        citation_options={"mode": "FAST"}, k=3)
        self.assertEqual(said(stream), "hey")
        self.assertEqual(stream[-1].extra_fields["provider"], "native")
        sent = json.loads(seen_bodies[-1].body)
        self.assertEqual(sent, {"model": "command-x", "messages": user("hi"), "documents": [{"id": "d", "data": {"a": "b"}}],
                                "citation_options": {"mode": "FAST"}, "k": 3, "stream": True})


    def test_a_failure_behind_the_first_word_ends_the_stream_as_one(self):
        def say(connection, seen):
            first = sse({"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
                        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
                        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "half"}}}})
            last = sse({"type": "message-end", "delta": {"error": "model went away", "finish_reason": "ERROR"}})
            connection.sendall(fake.STREAM_HEAD + fake.framed(first))
            time.sleep(0.3)
            connection.sendall(fake.framed(last) + b"0\r\n\r\n")
        provider.say = say
        stream = events(model="native/m", messages=user("hi"))
        self.assertEqual(said(stream), "half")
        self.assertEqual((stream[-1].type, stream[-1].delta.finish_reason), ("message-end", "ERROR"))
        self.assertEqual([e.type for e in stream].count("message-end"), 1)

    def test_what_other_clients_say_comes_to_cohere_in_its_sdks_own_terms(self):
        allowed = set(inspect.signature(cohere.ClientV2.chat).parameters) | {"stream"}
        types = {"system": cohere.SystemChatMessageV2, "user": cohere.UserChatMessageV2,
                 "assistant": cohere.AssistantChatMessageV2, "tool": cohere.ToolChatMessageV2}
        reply = {"id": "1", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": [
            {"type": "text", "text": "fine"}]}, "usage": {"tokens": {"input_tokens": 9, "output_tokens": 1}}}
        got = []

        def say(connection, seen):
            got.append(json.loads(seen.body))
            connection.sendall(fake.reply(json.dumps(reply).encode()))
        provider.say = say
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}
        openai = {"model": "native/command-a-plus-05-2026", "max_completion_tokens": 50, "temperature": 0.5, "top_p": 0.9,
                  "stop": "END", "seed": 1, "presence_penalty": 0.5, "reasoning_effort": "low", "user": "u", "tools": [WEATHER],
                  "tool_choice": "required", "parallel_tool_calls": True, "logit_bias": {"1": 1}, "messages": [
                      {"role": "developer", "content": "Be brief."},
                      {"role": "user", "content": [{"type": "text", "text": "what is this?"}, {
                          "type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]},
                      {"role": "assistant", "content": "I look.", "tool_calls": [call]},
                      {"role": "tool", "tool_call_id": "c1", "content": "sunny"}]}
        anthropic = {"model": "native/command-a-plus-05-2026", "max_tokens": 5000, "system": "Be brief.", "top_k": 3,
                     "thinking": {"type": "enabled", "budget_tokens": 1024}, "stop_sequences": ["END"], "messages": user("hi"),
                     "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
        for path, body in (("/v1/chat/completions", openai), ("/anthropic/v1/messages", anthropic)):
            with self.subTest(path):
                request = urllib.request.Request(gateway.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=20) as answer:
                    self.assertIn("fine", answer.read().decode())
                sent = got[-1]
                self.assertLessEqual(set(sent), allowed)
                for message in sent["messages"]:
                    kind = types[message["role"]]
                    self.assertLessEqual(set(message), set(kind.model_fields))
                    kind.model_validate(message)
        self.assertEqual([m["role"] for m in got[0]["messages"]], ["system", "user", "assistant", "tool"])
        self.assertEqual(got[0]["messages"][2]["tool_plan"], "I look.")
        self.assertEqual(got[1]["thinking"], {"type": "enabled", "token_budget": 1024})
        self.assertEqual(got[1]["response_format"], {"type": "json_object", "json_schema": SCHEMA})


class Crowd(unittest.TestCase):
    def test_a_hundred_streams_never_mix(self):
        async def one(c, i):
            nonce = " ".join(f"n{i}-{j}" for j in range(40))
            target = ("cohere/echo", "claude/echo", "chat/echo", "mock/first-error")[i % 4]
            stream = [e async for e in c.chat_stream(
                model=target, messages=user(nonce),
                request_options={"additional_body_parameters": {"fallbacks": ["up/echo"]}})]
            self.assertEqual(said(stream), nonce)

        async def all_of_them():
            async with cohere.AsyncClientV2(api_key="any", base_url=gateway.url + "/cohere", timeout=60) as c:
                await asyncio.gather(*(one(c, i) for i in range(100)))
        asyncio.run(all_of_them())


if __name__ == "__main__":
    unittest.main()
