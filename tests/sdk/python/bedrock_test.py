"""boto3 against the binary, and the binary as a client of Bedrock's that botocore checks."""

import datetime
import json
import sys
import threading
import unittest
from unittest import mock as patching
from pathlib import Path

import boto3
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from botocore.validate import ParamValidator
from openai import OpenAI

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import aws_frames  # noqa: E402
import fake_provider as fake  # noqa: E402
from program import Gateway, Mock  # noqa: E402

CONFIG = """
[mock]
enabled = true

[providers.up]
kind = "openai-compatible"
base_url = "MOCK/v1"
keys = [{ name = "only", value = "sk-up" }]
retries = { max = 0 }

[providers.claude]
kind = "anthropic"
base_url = "MOCK/v1"
keys = [{ name = "only", value = "sk-ant" }]
retries = { max = 0 }

# The mock's own Bedrock, which reads no signature.
[providers.mocked]
kind = "bedrock"
region = "us-east-1"
base_url = "MOCK"
keys = [{ name = "api", value = "bedrock-api-key" }]
retries = { max = 0 }

# One that checks what it gets.
[providers.aws]
kind = "bedrock"
region = "us-east-1"
base_url = "FAKE"
retries = { max = 0 }
[[providers.aws.keys]]
name = "signing"
access_key = "AKIDUPSTREAM"
secret_key = "upstream/secret"
session_token = "upstream-token"

[routes.rescued]
targets = ["mocked/fail-503"]
fallbacks = ["up/echo"]
"""
SECRETS = Credentials("AKIDUPSTREAM", "upstream/secret", "upstream-token")
WEATHER = {"tools": [{"toolSpec": {"name": "weather", "description": "of a city", "inputSchema": {"json": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}}]}


def setUpModule():
    global mock, provider, gateway, client
    mock = Mock("")
    provider = fake.FakeProvider(Bedrock())
    config = CONFIG.replace("MOCK", mock.url).replace("FAKE", provider.url.removesuffix("/v1"))
    gateway = Gateway(config, args=["--loops", "2"])
    client = boto3.client("bedrock-runtime", endpoint_url=gateway.url + "/bedrock", region_name="us-east-1",
                          aws_access_key_id="AKIDCLIENT", aws_secret_access_key="s", config=Config(
                              retries={"total_max_attempts": 1}, read_timeout=20, max_pool_connections=50))


def tearDownModule():
    client.close()
    code = gateway.stop()
    mock.stop()
    provider.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


class Bedrock:
    """A Bedrock that takes what botocore would have sent, and says so or what is wrong."""

    model = botocore.session.get_session().get_service_model("bedrock-runtime")

    def __call__(self, connection, seen):
        wrong = self.wrong_signature(seen) or self.wrong_body(seen)
        if wrong:
            body = json.dumps({"message": wrong}).encode()
            connection.sendall(fake.reply(body, status="400 Bad Request",
                                          headers="x-amzn-errortype: ValidationException\r\n"))
        elif seen.line.split(" ")[1].endswith("converse-stream"):
            connection.sendall(fake.STREAM_HEAD.replace(b"text/event-stream", b"application/vnd.amazon.eventstream"))
            for name, payload in (
                    ("messageStart", {"role": "assistant"}),
                    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "well signed"}}),
                    ("contentBlockStop", {"contentBlockIndex": 0}), ("messageStop", {"stopReason": "end_turn"}),
                    ("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
                                  "metrics": {"latencyMs": 1}})):
                connection.sendall(fake.framed(aws_frames.frame("event", name, payload)))
            connection.sendall(fake.LAST_CHUNK)
        else:
            connection.sendall(fake.reply(json.dumps({
                "output": {"message": {"role": "assistant", "content": [{"text": "well signed"}]}},
                "stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
                "metrics": {"latencyMs": 1}}).encode()))

    @staticmethod
    def wrong_signature(seen):
        method, target, _ = seen.line.split(" ")
        sent = seen.headers["authorization"]
        names = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
        request = AWSRequest(method=method, url="http://" + seen.headers["host"] + target, data=seen.body,
                             headers={n: seen.headers[n] for n in names if n not in ("host", "x-amz-date")})
        request.context["timestamp"] = seen.headers["x-amz-date"]
        signer = SigV4Auth(SECRETS, "bedrock", "us-east-1")
        request.headers["X-Amz-Date"] = seen.headers["x-amz-date"]
        canonical = signer.canonical_request(request)
        expected = signer.signature(signer.string_to_sign(request, canonical), request)
        if not sent.endswith("Signature=" + expected):
            return "the signature does not match; botocore signs:\n" + canonical
        return None

    def wrong_body(self, seen):
        return misfit({**seen.json(), "modelId": "m"}, self.model.operation_model("Converse").input_shape)


def misfit(value, shape):
    """What botocore finds wrong with a body of that shape; None: nothing."""
    def blobs(value):
        if isinstance(value, dict):
            return {k: b"-" if k in ("bytes", "redactedContent") else blobs(v) for k, v in value.items()}
        return [blobs(v) for v in value] if isinstance(value, list) else value
    report = ParamValidator().validate(blobs(value), shape)
    unknown = set(value) - set(shape.members)
    return report.generate_report() if report.has_errors() else f"unknown members: {unknown}" if unknown else None


def user(text):
    return [{"role": "user", "content": [{"text": text}]}]


def read(stream):
    """A stream's text, its stop reason and its usage."""
    text, stop, usage = "", None, None
    for event in stream:
        text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        stop = event.get("messageStop", {}).get("stopReason", stop)
        usage = event.get("metadata", {}).get("usage", usage)
    return text, stop, usage


class Converse(unittest.TestCase):
    TARGETS = ("mocked/echo", "up/echo", "claude/echo", "mock/echo")

    def test_a_reply_of_any_provider_is_typed(self):
        for target in self.TARGETS:
            with self.subTest(target):
                reply = client.converse(modelId=target, messages=user("Grüße, 世界"), system=[{"text": "Echo."}],
                                        inferenceConfig={"maxTokens": 50})
                self.assertEqual(reply["output"]["message"]["content"][0]["text"], "Grüße, 世界")
                self.assertEqual(reply["stopReason"], "end_turn")
                self.assertGreater(reply["usage"]["totalTokens"], 0)
                headers = reply["ResponseMetadata"]["HTTPHeaders"]
                self.assertEqual(headers["x-llmgw-provider"], target.split("/")[0])

    def test_a_stream_of_any_provider_is_whole(self):
        for target in self.TARGETS:
            with self.subTest(target):
                target = target.replace("echo", "lorem-60-3000")
                text, stop, usage = read(client.converse_stream(modelId=target, messages=user("x"))["stream"])
                self.assertGreater(len(text), 150)
                self.assertIn(stop, ("end_turn", "max_tokens"))
                self.assertGreater(usage["outputTokens"], 0)

    def test_a_tool_is_called_and_its_result_understood(self):
        for target in self.TARGETS:
            with self.subTest(target):
                model = target.replace("echo", "tool")
                asked = client.converse(modelId=model, messages=user("weather?"), toolConfig=WEATHER)
                self.assertEqual(asked["stopReason"], "tool_use")
                message = asked["output"]["message"]
                call = next(b["toolUse"] for b in message["content"] if "toolUse" in b)
                self.assertEqual(call["name"], "weather")
                self.assertIn("city", call["input"])
                answered = client.converse(modelId=target, toolConfig=WEATHER, messages=user("weather?") + [
                    message, {"role": "user", "content": [{"toolResult": {
                        "toolUseId": call["toolUseId"], "content": [{"json": {"sky": "clear"}}]}}]}])
                self.assertEqual(answered["stopReason"], "end_turn")

    def test_a_streamed_call_brings_its_arguments_in_pieces(self):
        for target in self.TARGETS:
            with self.subTest(target):
                stream = client.converse_stream(modelId=target.replace("echo", "tool"), messages=user("weather?"),
                                                toolConfig=WEATHER)["stream"]
                name, pieces = None, ""
                for event in stream:
                    name = event.get("contentBlockStart", {}).get("start", {}).get("toolUse", {}).get("name", name)
                    pieces += event.get("contentBlockDelta", {}).get("delta", {}).get("toolUse", {}).get("input", "")
                self.assertEqual(name, "weather")
                self.assertIn("city", json.loads(pieces))

    def test_errors_raise_their_own_class(self):
        raised = client.exceptions
        for provider_name in ("up", "mocked"):
            for status, expected in ((429, raised.ThrottlingException), (500, raised.InternalServerException),
                                     (503, raised.ServiceUnavailableException)):
                with self.subTest(f"{provider_name} {status}"), self.assertRaises(expected):
                    client.converse(modelId=f"{provider_name}/fail-{status}", messages=user("x"))
        with self.assertRaises(raised.ResourceNotFoundException):
            client.converse(modelId="nowhere/at-all", messages=user("x"))
        with self.assertRaises(ClientError) as caught:
            client.converse(modelId="up/fail-401", messages=user("x"))
        self.assertEqual(caught.exception.response["Error"]["Code"], "UnrecognizedClientException")

    def test_a_failing_model_falls_back_in_its_own_dialect_and_to_another(self):
        reply = client.converse(modelId="rescued", messages=user("saved"))
        self.assertEqual(reply["output"]["message"]["content"], [{"text": "saved"}])
        self.assertEqual(reply["ResponseMetadata"]["HTTPHeaders"]["x-llmgw-attempts"], "2")
        for target in self.TARGETS:
            with self.subTest(target):
                stream = client.converse_stream(modelId="mocked/fail-500", messages=user("saved"),
                                                additionalModelRequestFields={"fallbacks": [target]})["stream"]
                self.assertEqual(read(stream)[0], "saved")

    def test_a_stream_that_breaks_off_raises(self):
        with self.assertRaises(EventStreamError) as caught:
            read(client.converse_stream(modelId="up/cut", messages=user("x" * 200))["stream"])
        self.assertIn("modelStreamErrorException", str(caught.exception))

    def test_a_hundred_streams_stay_unmixed(self):
        texts = [f"stream number {i} says {i * i}" for i in range(100)]
        got = [None] * len(texts)

        def ask(i):
            target = self.TARGETS[i % len(self.TARGETS)]
            got[i] = read(client.converse_stream(modelId=target, messages=user(texts[i]))["stream"])[0]
        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(texts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(got, texts)


class Invoke(unittest.TestCase):
    BODY = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50,
                       "messages": [{"role": "user", "content": "hello"}]})

    def test_a_claude_is_invoked_at_another_provider(self):
        for target in ("up/echo", "claude/echo"):
            with self.subTest(target):
                reply = json.loads(client.invoke_model(modelId=target, body=self.BODY)["body"].read())
                self.assertEqual(reply["content"], [{"type": "text", "text": "hello"}])
                stream = client.invoke_model_with_response_stream(modelId=target, body=self.BODY)["body"]
                events = [json.loads(e["chunk"]["bytes"]) for e in stream]
                self.assertEqual(events[0]["type"], "message_start")
                self.assertEqual(events[-1]["type"], "message_stop")
                self.assertEqual("".join(e["delta"].get("text", "") for e in events
                                         if e["type"] == "content_block_delta"), "hello")


class Signed(unittest.TestCase):
    """What goes to Bedrock is signed as botocore signs it, and fits the service model."""

    def setUp(self):
        self.openai = OpenAI(base_url=gateway.url + "/v1", api_key="any", max_retries=0, timeout=20)
        self.addCleanup(self.openai.close)

    def test_of_an_openai_client(self):
        for model in ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0",
                      "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"):
            with self.subTest(model):
                chat = {"model": "aws/" + model, "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "Grüße"}, {
                        "type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]},
                    {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": {
                        "name": "weather", "arguments": "{\"city\":\"Rome\"}"}}]},
                    {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}],
                    "max_completion_tokens": 100, "stop": ["END"], "user": "u-1", "parallel_tool_calls": False,
                    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {
                        "type": "object", "properties": {"city": {"type": "string"}}}}}]}
                reply = self.openai.chat.completions.create(**chat)
                self.assertEqual(reply.choices[0].message.content, "well signed")
                self.assertEqual(reply.usage.total_tokens, 5)
                chunks = list(self.openai.chat.completions.create(stream=True, **chat))
                self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), "well signed")

    def test_of_boto3_itself(self):
        reply = client.converse(modelId="aws/anthropic.claude-3-haiku-20240307-v1:0", messages=user("hi"))
        self.assertEqual(reply["output"]["message"]["content"][0]["text"], "well signed")
        self.assertNotIn("AKIDCLIENT", json.dumps(provider.seen[-1].headers))


class Fixtures(unittest.TestCase):
    """What tests/wire says of AWS, botocore says, too."""

    WIRE = HERE.parents[1] / "wire"

    def test_bodies_fit_the_service_model(self):
        converse = Bedrock.model.operation_model("Converse")
        for name, shape, more in (("request", converse.input_shape, {"modelId": "m"}),
                                  ("reply", converse.output_shape, {})):
            body = json.loads((self.WIRE / "bedrock-converse" / f"{name}.json").read_text())
            self.assertIsNone(misfit({**body, **more}, shape), name)

    def test_streams_are_read_whole(self):
        files = sorted(self.WIRE.glob("bedrock-*/*.frames"))
        self.assertGreaterEqual(len(files), 7)
        for path in files:
            buffer = EventStreamBuffer()
            buffer.add_data(path.read_bytes())
            events = [message.to_response_dict() for message in buffer]
            self.assertEqual(sum(e["headers"][":message-type"] in ("event", "exception") for e in events), len(events))
            self.assertEqual(buffer._data, b"", path.name)

    def test_signatures_are_botocores(self):
        vectors = json.loads((self.WIRE / "sigv4" / "botocore.json").read_text())
        at = datetime.datetime(2026, 1, 1)
        for case in vectors["cases"]:
            request = AWSRequest(method=case["method"], url="http://" + case["host"] + case["target"],
                                 data=case["body"].encode(), headers=case["headers"])
            keys = Credentials(vectors["access_key"], vectors["secret_key"], case["session_token"] or None)
            with patching.patch("botocore.auth.get_current_datetime", return_value=at):
                SigV4Auth(keys, "bedrock", case["region"]).add_auth(request)
            self.assertEqual(request.headers["Authorization"], case["authorization"], case["name"])


if __name__ == "__main__":
    unittest.main()
