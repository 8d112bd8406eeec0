"""Clients of one vendor's API, served by another's: the gateway between them, `llmgw mock` as each vendor."""

import json
import unittest
import urllib.error
import urllib.request

from program import Gateway, Mock

CONFIG = """
[server]
drain = "1s"
[providers.claude]
kind = "anthropic"
base_url = "{mock}/anthropic/v1"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-ant-123456" }}]
[providers.plain]
kind = "openai-compatible"
base_url = "{mock}/v1"
retries = {{ max = 0 }}
"""

TOOL = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def setUpModule():
    global mock, gateway
    mock = Mock()
    gateway = Gateway(CONFIG.format(mock=mock.url))


def tearDownModule():
    gateway.stop()
    mock.stop()


def post(path, body, headers=None, at=None):
    """Status, headers and body of the reply."""
    request = urllib.request.Request((at or gateway).url + path, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def events(body):
    """(type, data) of each event of a stream."""
    out = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields and fields["data"] != "[DONE]":
            out.append((fields.get("event"), json.loads(fields["data"])))
    return out


class ChatClients(unittest.TestCase):
    def chat(self, model, at=None, **more):
        status, headers, body = post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "Grüße 👋"}], **more}, at=at)
        return status, headers, json.loads(body) if not more.get("stream") else body

    def test_a_whole_answer(self):
        status, headers, reply = self.chat("claude/echo")
        self.assertEqual((status, headers["x-llmgw-provider"]), (200, "claude"))
        self.assertEqual(reply["choices"][0]["message"]["content"], "Grüße 👋")
        self.assertGreater(reply["usage"]["total_tokens"], 0)

    def test_a_tool_is_called_and_answered(self):
        tools = [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]
        _, _, reply = self.chat("claude/tool", tools=tools)
        self.assertEqual(reply["choices"][0]["finish_reason"], "tool_calls")
        call = reply["choices"][0]["message"]["tool_calls"][0]
        self.assertIn("city", json.loads(call["function"]["arguments"]))
        turns = [{"role": "user", "content": "How is it?"}, reply["choices"][0]["message"],
                 {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}]
        status, _, body = post("/v1/chat/completions", {"model": "claude/tool", "messages": turns, "tools": tools})
        self.assertEqual(status, 200)
        self.assertIn("sunny", json.loads(body)["choices"][0]["message"]["content"])

    def test_a_streamed_tool_call_comes_in_pieces(self):
        tools = [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]
        _, _, body = self.chat("claude/tool", tools=tools, stream=True)
        pieces = [c for _, e in events(body) for choice in e["choices"] for c in choice["delta"].get("tool_calls", [])]
        self.assertEqual(pieces[0]["function"]["name"], "weather")
        self.assertTrue(all(piece["index"] == 0 for piece in pieces))
        self.assertIn("city", json.loads("".join(piece["function"]["arguments"] for piece in pieces)))
        self.assertTrue(body.endswith(b"data: [DONE]\n\n"))

    def test_a_stream(self):
        _, _, body = self.chat("claude/lorem-20-1000", stream=True, stream_options={"include_usage": True})
        all_events = events(body)
        self.assertGreater(len(all_events), 20)
        self.assertEqual(all_events[-1][1]["usage"]["completion_tokens"], 20)
        self.assertEqual(all_events[-2][1]["extra_fields"]["provider"], "claude")

    def test_faults_have_their_class_whatever_the_dialect(self):
        for model, expected in (("fail-429", "rate_limit"), ("fail-401", "auth"), ("fail-404", "model_unavailable"),
                                ("fail-529", "overloaded"), ("fail-402", "quota"), ("html", "invalid_response"), ("first-error", "server_error")):
            for stream in (False, True):
                # One of its own: a refused key rests.
                with self.subTest(model, stream=stream), Gateway(CONFIG.format(mock=mock.url)) as fresh:
                    status, headers, reply = self.chat("claude/" + model, fresh, stream=stream, fallbacks=["plain/echo"])
                    self.assertEqual((status, headers["x-llmgw-provider"]), (200, "plain"))
                    if not stream:
                        self.assertEqual(reply["extra_fields"]["attempts"][0]["class"], expected)

    def test_a_cut_stream_ends_with_an_error(self):
        _, _, body = self.chat("claude/cut", stream=True)
        self.assertIn(b'"error"', body)
        self.assertNotIn(b"[DONE]", body)


class AnthropicClients(unittest.TestCase):
    def message(self, model, path="/anthropic/v1/messages", **more):
        status, headers, body = post(path, {"model": model, "max_tokens": 500, "messages": [{"role": "user", "content": "Grüße 👋"}], **more})
        return status, headers, body if more.get("stream") else json.loads(body)

    def test_each_door(self):
        for path in ("/anthropic/v1/messages", "/v1/messages", "/litellm/v1/messages", "/anthropic/v1/messages?beta=true"):
            for model in ("claude/echo", "plain/echo"):
                with self.subTest(path, model=model):
                    status, _, reply = self.message(model, path)
                    self.assertEqual(status, 200)
                    self.assertEqual(reply["content"][0]["text"], "Grüße 👋")
                    self.assertEqual(reply["stop_reason"], "end_turn")

    def test_a_stream_has_the_vendors_events_in_their_order(self):
        for model in ("claude/lorem-20-1000", "plain/lorem-20-1000"):
            with self.subTest(model):
                _, headers, body = self.message(model, stream=True)
                self.assertIn("text/event-stream", headers["content-type"])
                kinds = [kind for kind, _ in events(body) if kind != "ping"]
                self.assertEqual(kinds[:2], ["message_start", "content_block_start"])
                self.assertEqual(set(kinds[2:-3]), {"content_block_delta"})
                self.assertEqual(kinds[-3:], ["content_block_stop", "message_delta", "message_stop"])
                delta = [e for kind, e in events(body) if kind == "message_delta"][0]
                self.assertEqual(delta["usage"]["output_tokens"], 20)
                self.assertEqual(delta["extra_fields"]["attempts"][0]["status"], 200)
                self.assertTrue(all(event["type"] == kind for kind, event in events(body)))

    def test_a_tool_is_called_and_answered(self):
        tools = [{"name": "weather", "input_schema": TOOL}]
        _, _, reply = self.message("plain/tool", tools=tools)
        self.assertEqual(reply["stop_reason"], "tool_use")
        call = reply["content"][-1]
        self.assertIn("city", call["input"])
        turns = [{"role": "user", "content": "How is it?"}, {"role": "assistant", "content": reply["content"]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "sunny"}]}]
        status, _, body = post("/anthropic/v1/messages", {"model": "plain/tool", "max_tokens": 99, "messages": turns, "tools": tools})
        self.assertEqual(status, 200, body)
        self.assertIn("sunny", json.loads(body)["content"][0]["text"])

    def test_errors_have_the_vendors_shape(self):
        for model, status, kind in (("plain/fail-429", 429, "rate_limit_error"), ("plain/fail-401", 401, "authentication_error"),
                                    ("claude/fail-529", 529, "overloaded_error"), ("nobody/m", 404, "not_found_error")):
            with self.subTest(model):
                got, _, reply = self.message(model)
                self.assertEqual((got, reply["type"], reply["error"]["type"]), (status, "error", kind))

    def test_bad_requests_name_their_field(self):
        for body, field in (({"model": "plain/echo"}, "messages"), ({"model": "plain/echo", "messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
                            ({"model": 5, "messages": []}, "model")):
            with self.subTest(field):
                status, _, reply = post("/anthropic/v1/messages", body)
                self.assertEqual(status, 400)
                self.assertIn(f"'{field}'", json.loads(reply)["error"]["message"])

    def test_models_are_listed_in_the_vendors_shape(self):
        with urllib.request.urlopen(gateway.url + "/anthropic/v1/models", timeout=10) as reply:
            listed = json.loads(reply.read())
        self.assertFalse(listed["has_more"])
        self.assertTrue(all(entry["type"] == "model" for entry in listed["data"]))
        self.assertTrue(any(entry["id"].startswith("claude/") for entry in listed["data"]))


if __name__ == "__main__":
    unittest.main()
