"""Gemini's API in front of a provider of OpenAI's, and OpenAI's in front of one that speaks Gemini's alone."""

import base64
import json
import struct
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fake_provider as fake  # noqa: E402
from program import Gateway, Mock  # noqa: E402

CONFIG = """
[providers.up]
kind = "openai-compatible"
base_url = "MOCK/v1"
keys = [{ name = "only", value = "sk-up" }]
retries = { max = 0 }

[providers.google]
kind = "gemini"
base_url = "FAKE"
keys = [{ name = "only", value = "AIza-secret" }]
retries = { max = 0 }

[routes.rescued]
targets = ["google/gemini-3-flash"]
fallbacks = ["up/echo"]
"""

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def setUpModule():
    global mock, google, gateway
    mock = Mock()
    google = fake.FakeProvider()
    gateway = start()


def start():
    return Gateway(CONFIG.replace("MOCK", mock.url).replace("FAKE", google.url.replace("/v1", "/v1beta")))


def tearDownModule():
    code = gateway.stop()
    mock.stop()
    google.close()
    assert code == 0, gateway.stderr()


def says(body, status="200 OK", content_type="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda connection, seen: connection.sendall(fake.reply(data, content_type, status))


def answer(parts, finish="STOP", **usage):
    return {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}],
            "usageMetadata": {"promptTokenCount": 9, **usage}, "modelVersion": "gemini-3-flash", "responseId": "r1"}


def sse(*events):
    return b"".join(b"data: " + json.dumps(e).encode() + b"\r\n\r\n" for e in events)


def contents(text):
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def generate(model, body, verb="generateContent"):
    return gateway.post(f"/genai/v1beta/models/{model}:{verb}", body)


def stream_of(path, body):
    """The raw bytes of a streamed reply."""
    request = urllib.request.Request(gateway.url + path, data=json.dumps(body).encode(), method="POST",
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as reply:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        return reply.read()


class GeminiClient(unittest.TestCase):
    """The face /genai, with a provider of another dialect behind it."""

    def test_a_reply_has_the_shape_of_generate_content(self):
        status, headers, body = generate("up/echo", contents("Grüße, 世界"))
        self.assertEqual(status, 200)
        candidate = body["candidates"][0]
        self.assertEqual(candidate["content"], {"role": "model", "parts": [{"text": "Grüße, 世界"}]})
        self.assertEqual(candidate["finishReason"], "STOP")
        self.assertGreater(body["usageMetadata"]["totalTokenCount"], 0)
        self.assertEqual((headers["x-llmgw-provider"], headers["x-llmgw-model"]), ("up", "echo"))
        self.assertNotIn("extra_fields", body)

    def test_a_stream_is_data_lines_and_nothing_else(self):
        raw = stream_of("/genai/v1beta/models/up/lorem-100-5000:streamGenerateContent?alt=sse", contents("x"))
        lines = raw.split(b"\r\n\r\n")
        self.assertEqual(lines.pop(), b"")
        self.assertTrue(all(line.startswith(b"data: {") and b"\n" not in line for line in lines))
        events = [json.loads(line[6:]) for line in lines]
        text = "".join(p["text"] for e in events for p in e["candidates"][0]["content"]["parts"])
        self.assertGreater(len(text), 300)
        self.assertGreater(len(events), 10)
        self.assertEqual([e["candidates"][0].get("finishReason") for e in events if
                          "finishReason" in e["candidates"][0]], ["STOP"])
        self.assertGreater(events[-1]["usageMetadata"]["candidatesTokenCount"], 50)

    def test_a_call_comes_back_as_a_result(self):
        tools = [{"functionDeclarations": [{"name": "weather", "parameters": {
            "type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}}]}]
        _, _, body = generate("up/tool", {**contents("weather?"), "tools": tools})
        content = body["candidates"][0]["content"]
        call = content["parts"][0]["functionCall"]
        self.assertEqual(call["name"], "weather")
        self.assertIn("city", call["args"])
        back = {"contents": [*contents("weather?")["contents"], content, {"role": "user", "parts": [
            {"functionResponse": {"name": "weather", "response": {"output": "sunny in Rome"}}}]}], "tools": tools}
        status, _, body = generate("up/tool", back)
        self.assertEqual(status, 200, body)
        self.assertIn("sunny in Rome", body["candidates"][0]["content"]["parts"][0]["text"])

    def test_an_error_has_the_names_that_the_sdk_reads(self):
        for model, status, name in (("up/fail-429", 429, "RESOURCE_EXHAUSTED"), ("up/fail-500", 500, "INTERNAL"),
                                    ("up/fail-401", 401, "UNAUTHENTICATED"), ("nobody/x", 404, "NOT_FOUND")):
            with self.subTest(model=model):
                got, _, body = generate(model, contents("x"))
                self.assertEqual((got, body["error"]["code"], body["error"]["status"]), (status, status, name))
                self.assertTrue(body["error"]["message"])

    def test_a_bad_request_names_its_field(self):
        status, _, body = generate("up/echo", {"contents": [{"role": "judge", "parts": []}]})
        self.assertEqual(status, 400)
        self.assertEqual(body["error"]["status"], "INVALID_ARGUMENT")
        fields = [v["field"] for d in body["error"]["details"] for v in d.get("fieldViolations", [])]
        self.assertEqual(fields, ["contents[0].role"])

    def test_a_fallback_goes_to_another_dialect(self):
        google.say = says({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}},
                          "503 Service Unavailable")
        status, headers, body = generate("rescued", contents("hello"))
        self.assertEqual((status, headers["x-llmgw-provider"], headers["x-llmgw-attempts"]), (200, "up", "2"))
        self.assertEqual(body["candidates"][0]["content"]["parts"][0]["text"], "hello")

    def test_embeddings_are_asked_of_another_vendor(self):
        requests = [{"model": "models/x", "content": {"parts": [{"text": t}]}, "outputDimensionality": 8}
                    for t in ("a", "b")]
        status, _, body = generate("up/echo", {"requests": requests}, "batchEmbedContents")
        self.assertEqual(status, 200, body)
        self.assertEqual([len(e["values"]) for e in body["embeddings"]], [8, 8])
        status, _, body = generate("up/echo", {"content": {"parts": [{"text": "a"}]}}, "embedContent")
        self.assertEqual(status, 200, body)
        self.assertGreater(len(body["embedding"]["values"]), 8)


class SameDialect(unittest.TestCase):
    """A Gemini client of a Gemini provider: what comes passes as it is."""

    def setUp(self):
        google.forget()

    def test_a_request_passes_but_for_the_gateways_fields(self):
        reply = {**answer([{"text": "hi", "thoughtSignature": "c2ln"}]), "newField": {"x": 1}}
        google.say = says(reply)
        body = {**contents("x"), "safetySettings": [{"category": "C"}], "cachedContent": "cachedContents/1"}
        status, headers, got = generate("google/gemini-3-flash", {**body, "fallbacks": ["up/echo"]})
        self.assertEqual((status, got), (200, reply))
        seen = google.seen[0]
        self.assertEqual(seen.line, "POST /v1beta/models/gemini-3-flash:generateContent HTTP/1.1")
        self.assertEqual(seen.headers["x-goog-api-key"], "AIza-secret")
        self.assertEqual(seen.json(), body)

    def test_a_stream_passes_byte_by_byte(self):
        raw = sse(answer([{"text": "a"}], finish=None), answer([{"text": "b"}], candidatesTokenCount=2))
        google.say = says(raw, content_type="text/event-stream")
        got = stream_of("/genai/v1beta/models/google/gemini-3-flash:streamGenerateContent?alt=sse", contents("x"))
        self.assertEqual(got, raw)
        self.assertIn(":streamGenerateContent?alt=sse ", google.seen[0].line)

    def test_another_vendors_seal_stays_behind_and_nothing_else(self):
        google.say = says(answer([{"text": "hi"}]))
        sealed = base64.b64encode(b"llmgw:anthropic:opaque").decode()
        body = {"contents": [{"role": "user", "parts": [{"text": "x"}]},
                             {"role": "model", "parts": [{"text": "hm", "thought": True, "thoughtSignature": sealed},
                                                         {"text": "yes"}]},
                             {"role": "user", "parts": [{"text": "more"}]}],
                "safetySettings": [{"category": "C"}], "cachedContent": "cachedContents/1",
                "tools": [{"googleSearch": {}}]}
        status, _, _ = generate("google/gemini-3-flash", body)
        self.assertEqual(status, 200)
        del body["contents"][1]["parts"][0]
        self.assertEqual(google.seen[0].json(), {**body, "generationConfig": {}})

    def test_a_blocked_prompt_is_an_error(self):
        google.say = says({"promptFeedback": {"blockReason": "SAFETY"}})
        status, _, body = generate("google/gemini-3-flash", contents("x"))
        self.assertEqual((status, body["error"]["status"]), (400, "INVALID_ARGUMENT"))
        self.assertIn("SAFETY", body["error"]["message"])

    def test_embeddings_name_the_targets_model(self):
        google.say = says({"embeddings": [{"values": [1, 2]}]})
        body = {"requests": [{"model": "models/mine", "content": {"parts": [{"text": "a"}]}}]}
        status, _, got = generate("google/gemini-embedding-001", body, "batchEmbedContents")
        self.assertEqual((status, got), (200, {"embeddings": [{"values": [1, 2]}]}))
        self.assertEqual(google.seen[0].json()["requests"][0]["model"], "models/gemini-embedding-001")


class OpenAiClient(unittest.TestCase):
    """OpenAI's API in front of Gemini's."""

    def setUp(self):
        google.forget()

    def chat(self, **body):
        return gateway.post("/v1/chat/completions", {"model": "google/gemini-3-flash", **body})

    def test_a_chat_is_asked_in_geminis_words(self):
        google.say = says(answer([{"text": "hm", "thought": True}, {"text": "four"}], candidatesTokenCount=1,
                                 thoughtsTokenCount=5))
        image = "data:image/png;base64,iVBORw0KGgo="
        status, _, body = self.chat(
            messages=[{"role": "system", "content": "brief"},
                      {"role": "user", "content": [{"type": "text", "text": "2+2?"},
                                                   {"type": "image_url", "image_url": {"url": image}}]}],
            max_tokens=50, reasoning_effort="low",
            response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": WEATHER}})
        self.assertEqual(status, 200, body)
        self.assertEqual(body["choices"][0]["message"]["content"], "four")
        self.assertEqual(body["choices"][0]["message"]["reasoning_content"], "hm")
        self.assertEqual(body["usage"]["completion_tokens"], 6)
        self.assertEqual(body["extra_fields"]["provider"], "google")
        seen = google.seen[0]
        self.assertEqual(seen.line, "POST /v1beta/models/gemini-3-flash:generateContent HTTP/1.1")
        self.assertEqual(seen.json(), {
            "systemInstruction": {"parts": [{"text": "brief"}]},
            "contents": [{"role": "user", "parts": [
                {"text": "2+2?"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}],
            "generationConfig": {"maxOutputTokens": 50, "responseMimeType": "application/json",
                                 "responseJsonSchema": WEATHER,
                                 "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True}}})

    def test_a_stream_with_calls_keeps_its_seal_for_the_next_turn(self):
        call = {"functionCall": {"name": "weather", "args": {"city": "Rome"}}, "thoughtSignature": "c2lnMQ=="}
        google.say = says(sse(answer([{"text": "Wait."}], finish=None), answer([call], candidatesTokenCount=4)),
                          content_type="text/event-stream")
        tools = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
        ask = [{"role": "user", "content": "weather?"}]
        raw = stream_of("/v1/chat/completions", {"model": "google/gemini-3-flash", "messages": ask, "tools": tools,
                                                 "stream": True})
        events = [json.loads(line[6:]) for line in raw.decode().split("\n\n") if line.startswith("data: {")]
        self.assertTrue(raw.endswith(b"data: [DONE]\n\n"))
        deltas = [e["choices"][0]["delta"] for e in events]
        self.assertEqual("".join(d.get("content") or "" for d in deltas), "Wait.")
        pieces = [c for d in deltas for c in d.get("tool_calls", [])]
        arguments = "".join(p["function"].get("arguments", "") for p in pieces)
        self.assertEqual(json.loads(arguments), {"city": "Rome"})
        self.assertEqual(events[-1]["choices"][0]["finish_reason"], "tool_calls")

        google.forget()
        google.say = says(answer([{"text": "sunny"}]))
        called = {"id": pieces[0]["id"], "type": "function", "function": {"name": "weather", "arguments": arguments}}
        status, _, body = self.chat(tools=tools, messages=[
            *ask, {"role": "assistant", "content": "Wait.", "tool_calls": [called]},
            {"role": "tool", "tool_call_id": called["id"], "content": "22 degrees"}])
        self.assertEqual(status, 200, body)
        sent = google.seen[0].json()["contents"]
        self.assertEqual(sent[1]["parts"][1]["thoughtSignature"], "c2lnMQ==")
        self.assertEqual(sent[2]["parts"][0]["functionResponse"]["response"], {"output": "22 degrees"})

    def test_another_vendors_call_gets_the_skip_marker_and_a_warning(self):
        google.say = says(answer([{"text": "sunny"}]))
        called = {"id": "call_other", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        _, _, body = self.chat(messages=[
            {"role": "user", "content": "weather?"}, {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": "call_other", "content": "22"}])
        self.assertEqual(google.seen[0].json()["contents"][1]["parts"][0]["thoughtSignature"],
                         "skip_thought_signature_validator")
        self.assertEqual([(w["code"]) for w in body["extra_fields"]["warnings"]], ["changed"])

    def test_errors_keep_their_class(self):
        key = {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}}
        rate = {"error": {"code": 429, "message": "Resource has been exhausted.", "status": "RESOURCE_EXHAUSTED",
                          "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]}}
        blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
        # What a key or a target is told is kept: each has a gateway of its own.
        for reply, said, status, error_class, wait in ((blocked, "200 OK", 400, "content_filter", None),
                                                       (rate, "429 Too Many Requests", 429, "rate_limit", "7"),
                                                       (key, "400 Bad Request", 401, "auth", None)):
            with self.subTest(error_class=error_class), start() as fresh:
                google.say = says(reply, said)
                got, headers, body = fresh.post("/v1/chat/completions", {
                    "model": "google/gemini-3-flash", "messages": [{"role": "user", "content": "x"}]})
                self.assertEqual((got, body["extra_fields"]["attempts"][0]["class"]), (status, error_class))
                self.assertEqual(headers["Retry-After"], wait)

    def test_embeddings_come_as_floats_or_packed(self):
        google.say = says({"embeddings": [{"values": [0.5, -0.25]}, {"values": [1, 0]}]})
        ask = {"model": "google/gemini-embedding-001", "input": ["a", "b"], "dimensions": 2}
        status, _, body = gateway.post("/v1/embeddings", ask)
        self.assertEqual((status, [e["embedding"] for e in body["data"]]), (200, [[0.5, -0.25], [1, 0]]), body)
        self.assertEqual(body["extra_fields"]["provider"], "google")
        self.assertEqual(google.seen[0].line, "POST /v1beta/models/gemini-embedding-001:batchEmbedContents HTTP/1.1")
        _, _, body = gateway.post("/v1/embeddings", {**ask, "encoding_format": "base64"})
        self.assertEqual(struct.unpack("<2f", base64.b64decode(body["data"][0]["embedding"])), (0.5, -0.25))

    def test_too_few_vectors_are_no_answer(self):
        google.say = says({"embeddings": [{"values": [0.5]}]})
        status, _, body = gateway.post("/v1/embeddings", {"model": "google/gemini-embedding-001", "input": ["a", "b"]})
        self.assertEqual((status, body["extra_fields"]["attempts"][0]["class"]), (502, "invalid_response"))


if __name__ == "__main__":
    unittest.main()
