"""Every client's dialect served by every vendor's: whole, streamed, with a tool that goes round, and its errors.

The vendors are `llmgw mock`, which speaks each dialect by code of its own; the clients are written out here."""

import json
import unittest
import urllib.error
import urllib.parse
import urllib.request

import aws_frames
from program import Gateway, Mock

CONFIG = """
[server]
drain = "1s"
[providers.openai]
base_url = "{mock}/v1"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
[providers.claude]
kind = "anthropic"
base_url = "{mock}/anthropic/v1"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
[providers.google]
kind = "gemini"
base_url = "{mock}/v1beta"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
[providers.aws]
kind = "bedrock"
region = "us-east-1"
base_url = "{mock}"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
[providers.cohere]
base_url = "{mock}/v2"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
[providers.cohere.prices."echo"]
search = 2000
[providers.ollama]
base_url = "{mock}/v1"
retries = {{ max = 0 }}
[providers.reranker]
kind = "openai-compatible"
base_url = "{mock}/v1"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
"""
VENDORS = ("openai", "claude", "google", "aws", "cohere", "ollama")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TEXT = 'Grüße, "世界" 👋\n'


def setUpModule():
    global mock, gateway
    mock = Mock()
    gateway = Gateway(CONFIG.format(mock=mock.url))


def tearDownModule():
    code = gateway.stop()
    mock.stop()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def post(path, body, at=None):
    request = urllib.request.Request((at or gateway).url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def data_of(body):
    """The JSON of each server-sent event."""
    return [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: ") and line != "data: [DONE]"]


class Chat:
    tool = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}

    def path(self, model, stream):
        return "/v1/chat/completions"

    def body(self, model, stream, tools):
        body = {"model": model, "messages": [{"role": "user", "content": TEXT}], "stream": stream}
        return {**body, "tools": [self.tool]} if tools else body

    def text(self, body):
        return body["choices"][0]["message"]["content"]

    def call(self, body):
        assert body["choices"][0]["finish_reason"] == "tool_calls"
        call = body["choices"][0]["message"]["tool_calls"][0]
        return call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])

    def answered(self, model, body):
        out = self.body(model, False, True)
        message = body["choices"][0]["message"]
        out["messages"] += [message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "sunny"}]
        return out

    def streamed(self, body):
        assert body.endswith(b"data: [DONE]\n\n")
        chunks = [c["choices"][0] for c in data_of(body)]
        assert chunks[-1]["finish_reason"] in ("stop", "tool_calls")
        text = "".join(c["delta"].get("content") or "" for c in chunks)
        arguments = "".join(t["function"].get("arguments", "") for c in chunks for t in c["delta"].get("tool_calls", []))
        return text, arguments

    def error(self, body):
        return body["error"]["message"]


class Responses(Chat):
    tool = {"type": "function", "name": "weather", "parameters": SCHEMA}

    def path(self, model, stream):
        return "/v1/responses"

    def body(self, model, stream, tools):
        body = {"model": model, "input": [{"role": "user", "content": TEXT}], "stream": stream}
        return {**body, "tools": [self.tool]} if tools else body

    def text(self, body):
        assert body["status"] == "completed"
        return "".join(p["text"] for item in body["output"] if item["type"] == "message" for p in item["content"])

    def call(self, body):
        call = [item for item in body["output"] if item["type"] == "function_call"][0]
        return call["call_id"], call["name"], json.loads(call["arguments"])

    def answered(self, model, body):
        out = self.body(model, False, True)
        out["input"] += body["output"] + [{"type": "function_call_output", "call_id": self.call(body)[0], "output": "sunny"}]
        return out

    def streamed(self, body):
        events = data_of(body)
        assert events[0]["type"] == "response.created" and events[-1]["type"] == "response.completed"
        assert [e["sequence_number"] for e in events] == list(range(len(events)))
        text = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
        arguments = "".join(e["delta"] for e in events if e["type"] == "response.function_call_arguments.delta")
        if text:
            assert self.text(events[-1]["response"]) == text
        return text, arguments


class Messages:
    tool = {"name": "weather", "input_schema": SCHEMA}

    def path(self, model, stream):
        return "/anthropic/v1/messages"

    def body(self, model, stream, tools):
        body = {"model": model, "max_tokens": 500, "messages": [{"role": "user", "content": TEXT}], "stream": stream}
        return {**body, "tools": [self.tool]} if tools else body

    def text(self, body):
        assert body["stop_reason"] == "end_turn"
        return "".join(block["text"] for block in body["content"])

    def call(self, body):
        assert body["stop_reason"] == "tool_use"
        call = [block for block in body["content"] if block["type"] == "tool_use"][0]
        return call["id"], call["name"], call["input"]

    def answered(self, model, body):
        out = self.body(model, False, True)
        out["messages"] += [{"role": "assistant", "content": body["content"]}, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": self.call(body)[0], "content": "sunny"}]}]
        return out

    def streamed(self, body):
        events = data_of(body)
        assert events[0]["type"] == "message_start" and events[-1]["type"] == "message_stop"
        deltas = [e["delta"] for e in events if e["type"] == "content_block_delta"]
        return "".join(d.get("text", "") for d in deltas), "".join(d.get("partial_json", "") for d in deltas)

    def error(self, body):
        assert body["type"] == "error"
        return body["error"]["message"]


class Gemini:
    tool = {"functionDeclarations": [{"name": "weather", "parametersJsonSchema": SCHEMA}]}

    def path(self, model, stream):
        return f"/genai/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")

    def body(self, model, stream, tools):
        body = {"contents": [{"role": "user", "parts": [{"text": TEXT}]}]}
        return {**body, "tools": [self.tool]} if tools else body

    def text(self, body):
        assert body["candidates"][0]["finishReason"] == "STOP"
        return "".join(part.get("text", "") for part in body["candidates"][0]["content"]["parts"])

    def call(self, body):
        call = [p for p in body["candidates"][0]["content"]["parts"] if "functionCall" in p][0]["functionCall"]
        return call.get("id", "by name"), call["name"], call["args"]

    def answered(self, model, body):
        out = self.body(model, False, True)
        out["contents"] += [body["candidates"][0]["content"], {"role": "user", "parts": [
            {"functionResponse": {"name": "weather", "response": {"output": "sunny"}}}]}]
        return out

    def streamed(self, body):
        assert b"\n:" not in body and b"event:" not in body  # what google-genai cannot read
        parts = [p for e in data_of(body) for c in e.get("candidates", []) for p in c.get("content", {}).get("parts", [])]
        calls = [p["functionCall"]["args"] for p in parts if "functionCall" in p]
        return "".join(p.get("text", "") for p in parts), json.dumps(calls[0]) if calls else ""

    def error(self, body):
        assert body["error"]["status"]
        return body["error"]["message"]


class Converse:
    tool = {"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}

    def path(self, model, stream):
        return f"/bedrock/model/{urllib.parse.quote(model, safe='')}/" + ("converse-stream" if stream else "converse")

    def body(self, model, stream, tools):
        body = {"messages": [{"role": "user", "content": [{"text": TEXT}]}]}
        return {**body, "toolConfig": {"tools": [self.tool]}} if tools else body

    def text(self, body):
        assert body["stopReason"] == "end_turn"
        return "".join(block["text"] for block in body["output"]["message"]["content"])

    def call(self, body):
        assert body["stopReason"] == "tool_use"
        call = [block for block in body["output"]["message"]["content"] if "toolUse" in block][0]["toolUse"]
        return call["toolUseId"], call["name"], call["input"]

    def answered(self, model, body):
        out = self.body(model, False, True)
        out["messages"] += [body["output"]["message"], {"role": "user", "content": [
            {"toolResult": {"toolUseId": self.call(body)[0], "content": [{"text": "sunny"}]}}]}]
        return out

    def streamed(self, body):
        frames = aws_frames.read(body)
        assert frames[0][1] == "messageStart" and "messageStop" in [name for _, name, _ in frames]
        deltas = [p["delta"] for _, name, p in frames if name == "contentBlockDelta"]
        return "".join(d.get("text", "") for d in deltas), "".join(d.get("toolUse", {}).get("input", "") for d in deltas)

    def error(self, body):
        return body["message"]


class Cohere(Chat):
    def path(self, model, stream):
        return "/cohere/v2/chat"

    def text(self, body):
        assert body["finish_reason"] == "COMPLETE"
        return "".join(block["text"] for block in body["message"]["content"])

    def call(self, body):
        assert body["finish_reason"] == "TOOL_CALL"
        call = body["message"]["tool_calls"][0]
        return call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])

    def answered(self, model, body):
        out = self.body(model, False, True)
        out["messages"] += [body["message"], {"role": "tool", "tool_call_id": self.call(body)[0], "content": "sunny"}]
        return out

    def streamed(self, body):
        events = data_of(body)
        assert events[0]["type"] == "message-start" and events[-1]["type"] == "message-end"
        assert events[-1]["delta"]["finish_reason"] in ("COMPLETE", "TOOL_CALL") and events[-1]["extra_fields"]
        said = {kind: [e["delta"]["message"] for e in events if e["type"] == kind] for kind in ("content-delta", "tool-call-delta")}
        return ("".join(m["content"]["text"] for m in said["content-delta"]),
                "".join(m["tool_calls"]["function"]["arguments"] for m in said["tool-call-delta"]))

    def error(self, body):
        assert body["id"] and "error" not in body
        return body["message"]


class Ollama(Chat):
    def path(self, model, stream):
        return "/ollama/api/chat"

    def text(self, body):
        assert (body["done"], body["done_reason"]) == (True, "stop") and body["created_at"].endswith("Z")
        return body["message"]["content"]

    def call(self, body):
        call = body["message"]["tool_calls"][0]
        return call.get("id", "by name"), call["function"]["name"], call["function"]["arguments"]

    def answered(self, model, body):
        out = self.body(model, False, True)
        out["messages"] += [body["message"], {"role": "tool", "tool_name": "weather", "content": "sunny"}]
        return out

    def streamed(self, body):
        lines = [json.loads(line) for line in body.decode().splitlines()]
        assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True] and lines[-1]["eval_count"] > 0
        calls = [call["function"]["arguments"] for line in lines for call in line["message"].get("tool_calls", [])]
        return "".join(line["message"]["content"] for line in lines), json.dumps(calls[0]) if calls else ""

    def error(self, body):
        return body["error"]


CLIENTS = (Chat(), Responses(), Messages(), Gemini(), Converse(), Cohere(), Ollama())


class Matrix(unittest.TestCase):
    def each(self):
        for client in CLIENTS:
            for vendor in VENDORS:
                with self.subTest(client=type(client).__name__, vendor=vendor):
                    yield client, vendor

    def test_a_whole_answer(self):
        for client, vendor in self.each():
            model = vendor + "/echo"
            status, headers, body = post(client.path(model, False), client.body(model, False, False))
            self.assertEqual((status, headers["x-llmgw-provider"]), (200, vendor), body)
            self.assertEqual(client.text(json.loads(body)), TEXT)

    def test_a_stream(self):
        for client, vendor in self.each():
            model = vendor + "/echo"
            status, headers, body = post(client.path(model, True), client.body(model, True, False))
            self.assertEqual((status, headers["x-llmgw-provider"]), (200, vendor), body)
            self.assertEqual(client.streamed(body)[0], TEXT)

    def test_a_tool_goes_round(self):
        for client, vendor in self.each():
            model = vendor + "/tool"
            status, _, body = post(client.path(model, False), client.body(model, False, True))
            self.assertEqual(status, 200, body)
            reply = json.loads(body)
            identity, name, arguments = client.call(reply)
            self.assertTrue(identity)
            self.assertEqual((name, list(arguments)), ("weather", ["city"]))
            status, _, body = post(client.path(model, False), client.answered(model, reply))
            self.assertEqual(status, 200, body)
            self.assertIn("sunny", client.text(json.loads(body)))

    def test_a_streamed_tool_call(self):
        for client, vendor in self.each():
            model = vendor + "/tool"
            status, _, body = post(client.path(model, True), client.body(model, True, True))
            self.assertEqual(status, 200, body)
            self.assertEqual(list(json.loads(client.streamed(body)[1])), ["city"])

    def test_the_vendors_error_in_the_clients_shape(self):
        for client, vendor in self.each():
            # A gateway of its own: what is told to slow down rests.
            with Gateway(CONFIG.format(mock=mock.url)) as fresh:
                model = vendor + "/fail-429"
                status, headers, body = post(client.path(model, False), client.body(model, False, False), fresh)
                self.assertEqual(status, 429, body)
                self.assertGreater(len(client.error(json.loads(body))), 10)

    def test_what_is_no_json_object_is_the_clients_error(self):
        form = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nopenai/echo\r\n--b--\r\n'
        for client, vendor in self.each():
            path = client.path(vendor + "/echo", False)
            for body, kind, status in ((form, "multipart/form-data; boundary=b", 415), (form * 20000, "multipart/form-data; boundary=b", 415),
                                       (b"", "application/json", 400), (b"[]", "application/json", 400), (b'{"a":', "text/plain", 400)):
                request = urllib.request.Request(gateway.url + path, body, {"Content-Type": kind})
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(request, timeout=30)
                self.assertEqual(caught.exception.code, status)
                self.assertTrue(client.error(json.loads(caught.exception.read())))

    def test_a_fallback_to_each_other_vendor(self):
        for client, vendor in self.each():
            for other in VENDORS:
                with self.subTest(other=other):
                    model = vendor + "/fail-503"
                    request = urllib.request.Request(gateway.url + client.path(model, True), json.dumps(client.body(model, True, False)).encode(),
                                                     {"Content-Type": "application/json", "x-llmgw-fallbacks": other + "/echo"})
                    with urllib.request.urlopen(request, timeout=30) as reply:
                        self.assertEqual(reply.headers["x-llmgw-provider"], other)
                        self.assertEqual(client.streamed(reply.read())[0], TEXT)


class Rerank(unittest.TestCase):
    body = {"query": "red fox", "documents": ["a blue whale", "the red fox", "a red car"], "top_n": 2}

    def ask(self, model, path="/v2/rerank", **more):
        status, headers, body = post(path, {**self.body, "model": model, **more})
        return status, headers, json.loads(body)

    def test_each_face_ranks(self):
        for path in ("/v2/rerank", "/v1/rerank", "/cohere/v2/rerank", "/openai/v1/rerank", "/litellm/v2/rerank"):
            for vendor in ("cohere", "reranker"):
                with self.subTest(path=path, vendor=vendor):
                    status, headers, body = self.ask(vendor + "/echo", path)
                    self.assertEqual((status, headers["x-llmgw-provider"]), (200, vendor), body)
                    self.assertEqual([hit["index"] for hit in body["results"]], [1, 2])
                    self.assertEqual(body["extra_fields"]["request_type"], "rerank")
                    self.assertEqual(body["extra_fields"]["cost_usd"], 0.002 if vendor == "cohere" else 0)

    def test_a_fallback_ranks_and_who_cannot_is_passed_over(self):
        status, headers, body = self.ask("cohere/fail-503", fallbacks=["claude/echo", "reranker/echo"])
        self.assertEqual((status, headers["x-llmgw-provider"]), (200, "reranker"), body)
        self.assertEqual([a.get("skipped") for a in body["extra_fields"]["attempts"]],
                         [None, "it does not speak rerank", None])
        self.assertEqual(body["results"][0]["index"], 1)

    def test_errors_are_coheres(self):
        status, _, body = self.ask("cohere/fail-429", path="/v1/rerank")
        self.assertEqual(status, 429)
        self.assertTrue(body["message"])
        status, _, body = self.ask("cohere/echo", documents="none")
        self.assertEqual((status, body["message"]), (400, "'documents' must be an array"))


class Embed(unittest.TestCase):
    def test_coheres_clients_are_embedded_by_cohere_alone(self):
        body = {"model": "cohere/echo", "texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]}
        status, headers, reply = post("/cohere/v2/embed", body)
        self.assertEqual((status, headers["x-llmgw-provider"]), (200, "cohere"), reply)
        self.assertEqual(len(json.loads(reply)["embeddings"]["float"]), 2)
        self.assertIn("extra_fields", json.loads(reply))
        status, _, reply = post("/v2/embed", {**body, "model": "openai/echo"})
        self.assertEqual(status, 503, reply)
        self.assertIn("does not speak cohere-embed", json.loads(reply)["message"])

    def test_openais_clients_are_embedded_by_cohere(self):
        status, headers, reply = post("/v1/embeddings", {"model": "cohere/echo", "input": ["a", "b"]})
        self.assertEqual((status, headers["x-llmgw-provider"]), (200, "cohere"), reply)
        self.assertEqual(len(json.loads(reply)["data"]), 2)


if __name__ == "__main__":
    unittest.main()
