"""Bedrock's face and Bedrock as a provider, on raw sockets: paths, frames, errors, signatures."""

import base64
import json
import time
import unittest
import urllib.error
import urllib.request

import aws_frames
import fake_provider as fake
from program import Gateway

CONFIG = """
[server]
drain = "1s"

[mock]
enabled = true

[providers.aws]
kind = "bedrock"
region = "us-east-1"
base_url = "{url}"
retries = {{ max = 0 }}
[[providers.aws.keys]]
name = "signing"
access_key = "AKIDUPSTREAM"
secret_key = "upstream-secret"

[providers.chain]
kind = "bedrock"
region = "eu-west-1"
base_url = "{url}"
retries = {{ max = 0 }}
"""

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SIGNATURE = ("AWS4-HMAC-SHA256 Credential=AKIDCLIENT/20260101/us-east-1/bedrock/aws4_request, "
             "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64)
STREAM_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n")
REPLY = {"output": {"message": {"role": "assistant", "content": [{"text": "from bedrock"}]}}, "stopReason": "end_turn",
         "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {"latencyMs": 1}}


def said(text, **more):
    return {"messages": [{"role": "user", "content": [{"text": text}]}], **more}


def events(*texts, stop="end_turn"):
    """The frames of a streamed text."""
    out = [aws_frames.frame("event", "messageStart", {"role": "assistant"})]
    out += [aws_frames.frame("event", "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": t}, "p": "ab"})
            for t in texts]
    out.append(aws_frames.frame("event", "contentBlockStop", {"contentBlockIndex": 0}))
    if stop:
        out.append(aws_frames.frame("event", "messageStop", {"stopReason": stop}))
        out.append(aws_frames.frame("event", "metadata", {"usage": REPLY["usage"], "metrics": {"latencyMs": 1}}))
    return out


def say_whole(reply=None, status="200 OK", error=None):
    headers = f"x-amzn-errortype: {error}:http://internal.amazon.com/\r\n" if error else ""
    body = json.dumps(reply or REPLY).encode()

    def say(connection, _):
        connection.sendall(fake.reply(body, status=status, headers=headers))
    return say


def say_frames(frames, end=True, pause=0.0):
    """The frames, each in two pieces; `pause` seconds before the last."""
    def say(connection, _):
        connection.sendall(STREAM_HEAD)
        for one in frames:
            if one is frames[-1]:
                time.sleep(pause)
            for half in (one[:len(one) // 2], one[len(one) // 2:]):
                connection.sendall(fake.framed(half))
        if end:
            connection.sendall(fake.LAST_CHUNK)
    return say


def setUpModule():
    global provider, credentials, gateway
    provider = fake.FakeProvider()
    credentials = fake.FakeProvider(lambda connection, seen: connection.sendall(fake.reply(json.dumps({
        "AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "s", "Token": "container-token",
        "Expiration": "2126-01-01T00:00:00Z"}).encode())))
    gateway = Gateway(CONFIG.format(url=provider.url.removesuffix("/v1")), args=["--loops", "2"], env={
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials.url + "/task?id=7",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc"})


def tearDownModule():
    code = gateway.stop()
    provider.close()
    credentials.close()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


def post(path, body, **headers):
    """Status, headers, bytes."""
    request = urllib.request.Request(gateway.url + path, data=json.dumps(body).encode(), method="POST", headers={
        "Content-Type": "application/json", "Authorization": SIGNATURE, "X-Amz-Date": "20260101T000000Z",
        "X-Amz-Security-Token": "the-client's", **{k.replace("_", "-"): v for k, v in headers.items()}})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Case(unittest.TestCase):
    def setUp(self):
        provider.forget()
        provider.say = say_whole()


class Face(Case):
    def test_converse_is_answered_by_a_provider_of_another_dialect(self):
        status, headers, body = post("/bedrock/model/mock%2Fecho/converse", said("hello"))
        self.assertEqual(status, 200, body)
        reply = json.loads(body)
        self.assertEqual(reply["output"]["message"], {"role": "assistant", "content": [{"text": "hello"}]})
        self.assertEqual(reply["stopReason"], "end_turn")
        self.assertGreater(reply["usage"]["totalTokens"], 0)
        self.assertNotIn("extra_fields", reply)
        self.assertEqual(headers["x-llmgw-provider"], "mock")

    def test_a_converse_stream_of_another_dialect_comes_in_frames(self):
        status, headers, body = post("/bedrock/model/mock%2Florem-20-1000/converse-stream", said("x"))
        self.assertEqual((status, headers["Content-Type"]), (200, "application/vnd.amazon.eventstream"))
        frames = aws_frames.read(body)
        names = [name for _, name, _ in frames]
        self.assertEqual(names[0], "messageStart")
        self.assertEqual(names[-3:], ["contentBlockStop", "messageStop", "metadata"])
        self.assertGreater(names.count("contentBlockDelta"), 5)
        self.assertGreater(frames[-1][2]["usage"]["outputTokens"], 0)

    def test_a_claude_invoked_is_answered_by_another_provider_in_its_own_words(self):
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50,
                "messages": [{"role": "user", "content": "hello"}]}
        status, _, reply = post("/bedrock/model/mock%2Fecho/invoke", body)
        self.assertEqual((status, json.loads(reply)["content"]), (200, [{"type": "text", "text": "hello"}]))
        status, _, stream = post("/bedrock/model/mock%2Fecho/invoke-with-response-stream", body)
        chunks = [json.loads(base64.b64decode(p["bytes"])) for _, name, p in aws_frames.read(stream) if name == "chunk"]
        self.assertEqual([chunks[0]["type"], chunks[-1]["type"]], ["message_start", "message_stop"])
        status, headers, reply = post("/bedrock/model/mock%2Fecho/invoke", {"inputText": "hi"})
        self.assertEqual((status, headers["x-amzn-errortype"]), (400, "ValidationException"), reply)

    def test_errors_have_the_name_that_raises_them(self):
        cases = {
            "/bedrock/model/mock%2Ffail-429/converse": (429, "ThrottlingException"),
            "/bedrock/model/mock%2Ffail-503/converse": (503, "ServiceUnavailableException"),
            "/bedrock/model/no-such-model/converse": (404, "ResourceNotFoundException"),
        }
        for path, expected in cases.items():
            status, headers, body = post(path, said("x"))
            self.assertEqual((status, headers["x-amzn-errortype"]), expected, body)
            self.assertEqual(list(json.loads(body)), ["message"])
        status, headers, body = post("/bedrock/model/mock%2Fecho/converse", {"messages": 1})
        self.assertEqual((status, headers["x-amzn-errortype"]), (400, "ValidationException"))
        self.assertIn("'messages'", json.loads(body)["message"])

    def test_a_malformed_signature_is_refused(self):
        status, headers, body = post("/bedrock/model/mock%2Fecho/converse", said("x"),
                                     Authorization=SIGNATURE.replace("aws4_request", "x"))
        self.assertEqual((status, headers["x-amzn-errortype"]), (403, "AccessDeniedException"))
        self.assertIn("aws4_request", json.loads(body)["message"])


class Provider(Case):
    def test_the_same_dialect_passes_with_our_signature_and_without_our_fields(self):
        status, headers, body = post(f"/bedrock/model/aws%2F{CLAUDE.replace(':', '%3A')}/converse", said(
            "hi", additionalModelRequestFields={"top_k": 5, "fallbacks": ["mock/echo"]}, promptVariables={}))
        self.assertEqual((status, json.loads(body)), (200, REPLY))
        seen = provider.seen[0]
        self.assertEqual(seen.line, f"POST /model/{CLAUDE.replace(':', '%3A')}/converse HTTP/1.1")
        self.assertEqual(seen.json()["additionalModelRequestFields"], {"top_k": 5})
        self.assertIn("Credential=AKIDUPSTREAM/", seen.headers["authorization"])
        self.assertIn("/us-east-1/bedrock/aws4_request", seen.headers["authorization"])
        self.assertNotIn("x-amz-security-token", seen.headers)
        self.assertNotEqual(seen.headers["x-amz-date"], "20260101T000000Z")

    def test_a_stream_of_the_same_dialect_passes_byte_for_byte(self):
        frames = events("Hel", "lo ü")
        provider.say = say_frames(frames)
        status, _, body = post("/bedrock/model/aws%2Fwhole/converse-stream", said("hi"))
        self.assertEqual((status, body), (200, b"".join(frames)))
        self.assertIn("/model/whole/converse-stream ", provider.seen[0].line)

    def test_a_failing_bedrock_falls_back_to_another_dialect(self):
        for say in (say_whole({"message": "busy"}, "503 Service Unavailable", "ServiceUnavailableException"),
                    say_frames([aws_frames.frame("exception", "throttlingException", {"message": "slow down"})]),
                    say_frames([b"<html>a page in place of frames, as proxies send them</html>"])):
            provider.say = say
            status, headers, body = post("/bedrock/model/aws%2Ffailing/converse-stream", said(
                "rescued", additionalModelRequestFields={"fallbacks": ["mock/echo"]}))
            self.assertEqual((status, headers["x-llmgw-provider"]), (200, "mock"), body)
            deltas = [p["delta"]["text"] for _, name, p in aws_frames.read(body) if name == "contentBlockDelta"]
            self.assertEqual("".join(deltas), "rescued")

    def test_its_own_error_passes_with_its_name(self):
        provider.say = say_whole({"message": "The provided model identifier is invalid."}, "400 Bad Request",
                                 "ValidationException")
        status, headers, body = post("/bedrock/model/aws%2Fnope/converse", said("hi"))
        self.assertEqual((status, json.loads(body)["message"]), (400, "The provided model identifier is invalid."))
        self.assertTrue(headers["x-amzn-errortype"].startswith("ValidationException"))

    def test_an_exception_before_any_content_is_a_plain_error(self):
        provider.say = say_frames([aws_frames.frame("event", "messageStart", {"role": "assistant"}),
                                   aws_frames.frame("exception", "throttlingException", {"message": "slow down"})])
        status, headers, body = post("/bedrock/model/aws%2Fslow/converse-stream", said("hi"))
        self.assertEqual((status, headers["x-amzn-errortype"]), (429, "ThrottlingException"))
        self.assertIn("slow down", json.loads(body)["message"])

    def test_a_stream_that_breaks_ends_with_an_exception_frame(self):
        # A key that was told to slow down rests for its model alone: each test has its own.
        for frames, end in ((events("half", stop=None), True), (events("half", stop=None), False),
                            (events("half", stop=None)[:2] + [b"garbage, not a frame of any kind"], True)):
            provider.say = say_frames(frames, end, pause=0.2)
            status, _, body = post("/bedrock/model/aws%2Fcut/converse-stream", said("hi"))
            if status == 502:  # all of it came in one piece: nothing was delivered, so it is a plain error
                self.assertIn("frame", json.loads(body)["message"])
                continue
            self.assertEqual(status, 200)
            kind, name, payload = aws_frames.read(body)[-1]
            self.assertEqual((kind, name), ("exception", "modelStreamErrorException"))
            self.assertIn("broke off", payload["message"])

    def test_an_openai_client_is_served_by_converse(self):
        status, _, reply = gateway.post("/v1/chat/completions", {
            "model": "aws/" + CLAUDE, "max_tokens": 64, "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]})
        self.assertEqual(status, 200, reply)
        self.assertEqual(reply["choices"][0]["message"]["content"], "from bedrock")
        self.assertEqual(reply["usage"]["prompt_tokens"], 3)
        sent = provider.seen[0].json()
        self.assertEqual(sent["inferenceConfig"], {"maxTokens": 64})
        self.assertEqual(sent["system"][0], {"text": "Be brief."})
        self.assertEqual(sent["messages"][0]["content"][0], {"text": "hi"})

    def test_another_models_invoke_body_passes_and_its_stream_is_complete_with_its_metrics(self):
        chunk = lambda o: aws_frames.frame("event", "chunk", {"bytes": base64.b64encode(json.dumps(o).encode()).decode()})
        frames = [chunk({"outputText": "hi"}), chunk({"completionReason": "FINISH", "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": 1, "outputTokenCount": 1}})]
        provider.say = say_frames(frames)
        status, _, body = post("/bedrock/model/aws%2Ftitan/invoke-with-response-stream", {"inputText": "hi"})
        self.assertEqual((status, body), (200, b"".join(frames)))
        self.assertIn("/model/titan/invoke-with-response-stream ", provider.seen[0].line)
        self.assertEqual(provider.seen[0].json(), {"inputText": "hi"})

    def test_without_keys_the_container_is_asked_for_credentials_when_they_are_needed(self):
        for _ in range(2):
            status, _, body = post("/bedrock/model/chain%2Fm/converse", said("hi"))
            self.assertEqual(status, 200, body)
            headers = provider.seen[-1].headers
            self.assertIn("Credential=ASIACONTAINER/", headers["authorization"])
            self.assertIn("/eu-west-1/bedrock/", headers["authorization"])
            self.assertEqual(headers["x-amz-security-token"], "container-token")
        self.assertEqual(len(credentials.seen), 1)
        self.assertEqual(credentials.seen[0].line, "GET /v1/task?id=7 HTTP/1.1")
        self.assertEqual(credentials.seen[0].headers["authorization"], "Basic abc")


if __name__ == "__main__":
    unittest.main()
