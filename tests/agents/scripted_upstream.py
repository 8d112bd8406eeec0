"""A provider on 127.0.0.1 that speaks Anthropic's Messages and OpenAI's chat completions, streamed, by script: it
calls the tool that it was told to, and when that has been answered it says so."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SAYS = "The file is written."


class ScriptedUpstream:
    def __init__(self):
        self.call = ("", {})  # the tool's name, and its arguments
        self.seen = []  # bodies
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                upstream.seen.append(body)
                speak = messages if self.path.endswith("/messages") else chat
                data = b"".join(speak(*upstream.call, body))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def results(self):
        """What the tool said, as text, of every call."""
        return [json.dumps(message["content"]) for body in self.seen[-1:] for message in body["messages"] if answers_a_call(message)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def answers_a_call(message):
    if message["role"] == "tool":
        return True
    return isinstance(message["content"], list) and any(part.get("type") == "tool_result" for part in message["content"])


def to_call(name, body):
    """Whether the tool was offered and has not been called yet."""
    offered = [tool.get("name") or tool["function"]["name"] for tool in body.get("tools", [])]
    return name in offered and not any(answers_a_call(message) for message in body["messages"])


def halves(text):
    return text[: len(text) // 2], text[len(text) // 2 :]


def messages(name, arguments, body):
    def event(kind, **fields):
        return ("event: %s\ndata: %s\n\n" % (kind, json.dumps({"type": kind, **fields}))).encode()

    yield event("message_start", message={"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                                          "content": [], "stop_reason": None, "usage": {"input_tokens": 9, "output_tokens": 1}})
    calls = to_call(name, body)
    if calls:
        yield event("content_block_start", index=0, content_block={"type": "tool_use", "id": "toolu_1", "name": name, "input": {}})
        for half in halves(json.dumps(arguments)):
            yield event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": half})
    else:
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": SAYS})
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": "tool_use" if calls else "end_turn"}, usage={"output_tokens": 7})
    yield event("message_stop")


def chat(name, arguments, body):
    def chunk(delta, finish=None):
        return ("data: %s\n\n" % json.dumps({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
                                             "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})).encode()

    if to_call(name, body):
        yield chunk({"role": "assistant", "tool_calls": [
            {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}]})
        for half in halves(json.dumps(arguments)):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": half}}]})
        yield chunk({}, "tool_calls")
    else:
        yield chunk({"role": "assistant", "content": SAYS})
        yield chunk({}, "stop")
    yield b"data: [DONE]\n\n"
