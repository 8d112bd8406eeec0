"""A provider on a raw socket, which says exactly the bytes a test gives it."""

import json
import select
import socket
import threading
import time


class Seen:
    """One request that reached the provider."""

    def __init__(self, line, headers, body):
        self.line, self.headers, self.body = line, headers, body
        self.arrived = time.monotonic()
        self.closed = None  # when the gateway closed the connection under the reply

    def json(self):
        return json.loads(self.body)


class FakeProvider:
    """Answers each request with what `say(connection, seen)` writes to its socket; the connection is closed
    after it unless it returns True. `say` may be replaced at any time."""

    def __init__(self, say=None):
        self.say = say or (lambda connection, seen: connection.sendall(reply(chat("hi"))))
        self.seen = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = "http://127.0.0.1:%d/v1" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        """Ends its thread as well: one left in accept() may take the calls of whoever gets the descriptor next."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(5)
        self._listener.close()

    def forget(self):
        with self._lock:
            self.seen = []

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                while (seen := read_request(connection)) is not None:
                    with self._lock:
                        self.seen.append(seen)
                    if not self.say(connection, seen):
                        return
        except OSError:
            pass


def read_request(connection):
    """The next request of a connection; None when it has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {}
    for field in fields:
        name, value = field.split(":", 1)
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Seen(line, headers, body)


def wait_closed(connection, seen, seconds=30.0):
    """Waits until the peer closes the connection, and notes when."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        readable, _, _ = select.select([connection], [], [], 0.02)
        if not readable:
            continue
        try:
            if connection.recv(65536):
                continue
        except OSError:
            pass
        seen.closed = time.monotonic()
        return True
    return False


def chat(text, model="m"):
    """A whole chat reply as JSON bytes."""
    return json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}).encode()


def chunk(delta=None, finish=None, **more):
    """A chat chunk as an event."""
    return b"data: " + json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], **more}).encode() + b"\n\n"


def stream(*texts):
    """A whole chat stream as bytes."""
    return (chunk({"role": "assistant", "content": ""}) + b"".join(chunk({"content": t}) for t in texts) +
            chunk(finish="stop") + b"data: [DONE]\n\n")


def reply(body, content_type="application/json", status="200 OK", headers=""):
    """A reply of known length."""
    return (f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
            .encode("latin-1") + body)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def framed(data):
    """A chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)
