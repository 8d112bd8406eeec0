"""A vendor on loopback: checks each request by the vendor's own types and answers from tests/wire/providers."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import aws_frames  # noqa: E402
import fake_provider as fake  # noqa: E402
import vendor_types  # noqa: E402

KEY = "key-of-the-vendor-0123456789"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
# How the key goes on the wire, by the catalog's name of the scheme; a call may carry no other.
AUTH = {"bearer": ("authorization", "Bearer " + KEY), "google-oauth": ("authorization", "Bearer " + KEY),
        "api-key": ("api-key", KEY), "x-api-key": ("x-api-key", KEY), "x-goog-api-key": ("x-goog-api-key", KEY)}
CREDENTIALS = ("authorization", "api-key", "x-api-key", "x-goog-api-key")


def fixture(kind, case):
    """tests/wire/providers/KIND/CASE.json; None when there is none."""
    path = ROOT / "tests/wire/providers" / kind / f"{case}.json"
    return json.loads(path.read_text()) if path.exists() else None


class Call:
    """One request as the vendor sees it: what it asks for, told by its path and body."""

    def __init__(self, seen):
        self.seen = seen
        self.path = seen.line.split()[1].split("?")[0]
        self.body = seen.json()
        self.embeds = any(mark in self.path for mark in ("/embeddings", "/embed", "mbedContent"))
        self.frames = self.path.endswith(("/converse", "/converse-stream"))
        self.gemini = "enerateContent" in self.path
        self.claude = self.path.endswith(("/messages", "awPredict"))
        self.cohere = self.path.endswith(("/v2/chat", "/v2/embed"))
        self.streamed = (self.path.endswith("-stream") or ":stream" in self.path or bool(self.body.get("stream")))
        self.answers_tool = '"tool_result"' in json.dumps(self.body) or "functionResponse" in json.dumps(self.body) or \
            "toolResult" in json.dumps(self.body) or '"role": "tool"' in json.dumps(self.body)
        self.offers_tools = bool(self.body.get("tools") or self.body.get("toolConfig"))

    def case(self, kind):
        name = "embeddings" if self.embeds else "tools" if self.offers_tools and not self.answers_tool else "chat"
        return name + ("_v2" if self.cohere else "_claude" if self.claude and kind == "vertex" else "")


class Vendor:
    """`row` is the catalog's, as `llmgw models --kinds --json` has it; `base` the path below which all lies. What is
    wrong with a request stands in `faults`; fields that the vendor's SDK does not know in `beyond`."""

    def __init__(self, row, base):
        self.row, self.kind, self.base = row, row["kind"], base
        self.faults, self.beyond, self.checked_by, self.sources = [], set(), set(), set()
        self.error = None  # (status, headers, bytes) in place of an answer
        self.server = fake.FakeProvider(self._say)
        self.url = self.server.url.removesuffix("/v1")

    def close(self):
        self.server.close()

    def _say(self, connection, seen):
        if self.error:
            status, headers, body = self.error
            connection.sendall(fake.reply(body, status=f"{status} Said", headers=headers))
            return
        try:
            answer = self._answer(Call(seen))
        except Exception as wrong:  # noqa: BLE001: it is told where the test looks
            self.faults.append(f"{seen.line}: {type(wrong).__name__}: {wrong}")
            answer = fake.reply(json.dumps({"error": {"message": str(wrong)[:500]}}).encode(), status="418 Faulty")
        connection.sendall(answer)

    def _answer(self, call):
        if not call.path.startswith(self.base + "/"):
            raise vendor_types.Fault(f"the vendor has nothing outside {self.base}")
        self._check_credential(call.seen.headers)
        data = fixture(self.kind, call.case(self.kind))
        if data is None:
            raise vendor_types.Fault(f"there is no fixture {call.case(self.kind)} of {self.kind}")
        self.sources.add(data["source"])
        if call.embeds:
            if not call.gemini and not call.cohere and "mbedContent" not in call.path:
                vendor_types.OPENAI_EMBEDDINGS.request(call.body)
            return fake.reply(json.dumps(data["reply"]).encode())
        self._check_types(call, data)
        if not call.streamed:
            return fake.reply(json.dumps(data["reply"]).encode())
        return self._stream(call, data["stream"])

    def _check_credential(self, headers):
        scheme = self.row["auth"]
        if scheme == "sigv4":
            if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=" + KEY):
                raise vendor_types.Fault("the call is not signed")
            return
        name, value = AUTH[scheme]
        if headers.get(name) != value:
            raise vendor_types.Fault(f"{name} is {headers.get(name)!r}")
        if others := [n for n in CREDENTIALS if n in headers and n != name]:
            raise vendor_types.Fault(f"there is a second credential: {others}")

    def _check_types(self, call, data):
        types = vendor_types.CHAT["anthropic"] if call.claude else vendor_types.chat_types(self.kind, call.path)
        body = dict(call.body)
        if call.claude and self.kind == "vertex":  # as anthropic's own Vertex client rewrites it
            if body.pop("anthropic_version", None) != "vertex-2023-10-16" or "model" in body:
                raise vendor_types.Fault("Claude at Vertex takes anthropic_version in place of the model")
            body["model"] = "in-the-path"
        self.beyond |= types.request(body)
        if refused := set(self.row["refused_fields"]) & set(body):
            raise vendor_types.Fault(f"the vendor refuses {', '.join(sorted(refused))}")
        if call.streamed and not self.row["stream_options"] and "stream_options" in body:
            raise vendor_types.Fault("the vendor refuses stream_options")
        types.reply(data["reply"])
        for event in data["stream"]:
            if not isinstance(event, str):
                types.chunk(event)
        self.checked_by.add(types.source())

    def _stream(self, call, events):
        if call.frames:
            head, chunks = EVENTS % b"application/vnd.amazon.eventstream", [aws_frames.frame("event", *e) for e in events]
        else:
            head, chunks = EVENTS % b"text/event-stream", []
            for event in events:
                if isinstance(event, str):
                    chunks.append(event.encode() + b"\n\n")
                    continue
                named = b"event: %s\n" % event["type"].encode() if call.claude or call.cohere else b""
                chunks.append(named + b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
            if not (call.claude or call.cohere or call.gemini):
                chunks.append(b"data: [DONE]\n\n")
        return head + b"".join(fake.framed(c) for c in chunks) + fake.LAST_CHUNK
