"""A provider of OpenAI's chat API on 127.0.0.1 that does what the model's name says.

    echo            repeats the last user text
    count:NAME      the same; its calls are counted apart
    fail-STATUS     that error; 429 with Retry-After: 30
    slow:SECONDS    answers after so long; a client that leaves is noted
    held            answers once `release` is set; a client that leaves is noted
    cut             half a stream, or half a body, then the end of the connection
    code            an answer with two code blocks
    json:TEXT       says TEXT
    drip            a stream of words, 50 ms apart
    tool            calls a tool
"""

import json
import select
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CODE = "First:\n```sh\necho one\n```\nthen\n```python\nprint(2)\n```\nDone."


class Upstream:
    def __init__(self):
        self.listed = []  # models that GET /v1/models shows
        self.requests = []  # bodies, parsed
        self.keys = []
        self.left = threading.Event()  # a client left while it waited
        self.release = threading.Event()
        self.running = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                if not upstream.listed:
                    return self.fail(404)
                self.send(200, {"object": "list", "data": [{"id": m, "object": "model"} for m in upstream.listed]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with upstream.lock:
                    upstream.requests.append(body)
                    upstream.keys.append(self.headers.get("Authorization", ""))
                    upstream.running += 1
                    upstream.most_at_once = max(upstream.most_at_once, upstream.running)
                try:
                    self.answer(body)
                except (BrokenPipeError, ConnectionResetError):
                    upstream.left.set()
                finally:
                    with upstream.lock:
                        upstream.running -= 1

            def answer(self, body):
                model = body["model"]
                if model.startswith("fail-"):
                    return self.fail(int(model[5:]))
                if model.startswith("slow:"):
                    self.wait(float(model[5:]))
                if model == "held":
                    while not upstream.release.is_set():
                        self.wait(0.02)
                if model == "tool":
                    return self.reply({"role": "assistant", "content": None, "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
                text = self.text_for(model, body)
                if body.get("stream"):
                    return self.stream(model, text)
                if model == "cut":
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(b'{"choices": [')
                    self.close_connection = True
                    return
                self.reply({"role": "assistant", "content": text})

            def text_for(self, model, body):
                if model == "code":
                    return CODE
                if model.startswith("json:"):
                    return model[5:]
                if model == "drip":
                    return " ".join("word%d" % i for i in range(200))
                content = body["messages"][-1]["content"]
                if isinstance(content, str):
                    return content
                return "".join(p.get("text", "[%s]" % p["type"]) for p in content)

            def wait(self, seconds):
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    readable, _, _ = select.select([self.connection], [], [], 0.02)
                    if readable and self.connection.recv(1, socket.MSG_PEEK) == b"":
                        upstream.left.set()
                        self.close_connection = True
                        raise BrokenPipeError

            def reply(self, message):
                self.send(200, {"id": "x", "object": "chat.completion", "model": "m", "choices": [
                    {"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})

            def fail(self, status):
                headers = {"Retry-After": "30"} if status == 429 else {}
                self.send(status, {"error": {"message": "told to fail with %d" % status, "type": "x", "code": None}}, headers)

            def send(self, status, value, headers={}):
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, text in headers.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(data)

            def stream(self, model, text):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()

                def event(value):
                    data = ("data: " + (value if isinstance(value, str) else json.dumps(value)) + "\n\n").encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                    self.wfile.flush()

                words = text.split(" ")
                for i, word in enumerate(words):
                    piece = word if i == 0 else " " + word
                    event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
                    if model == "drip":
                        self.wait(0.05)
                    if model == "cut" and i + 1 >= len(words) / 2:
                        self.close_connection = True
                        return
                event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})
                event("[DONE]")
                self.wfile.write(b"0\r\n\r\n")

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d/v1" % self.server.server_address[1]

    def count(self, model):
        return sum(1 for body in self.requests if body["model"] == model)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
