"""A client that puts exact bytes on the wire, and reads what comes back."""

import json
import socket
import time


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Connection:
    """One TCP connection to the gateway."""

    def __init__(self, gateway, timeout=30.0):
        self.socket = socket.create_connection((gateway.host, gateway.port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        """Reads once; whether anything came."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            return False
        self.data += data
        return bool(data)

    def reply(self):
        """The next reply; None when the connection ended before one."""
        while b"\r\n\r\n" not in self.data:
            if not self.more():
                return None
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        status = int(line.split(" ")[1])
        headers = {f.split(":", 1)[0].lower(): f.split(":", 1)[1].strip() for f in fields}
        if status == 100 or status == 204:
            return Reply(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Reply(status, headers, self._chunks())
        length = int(headers["content-length"])
        while len(self.data) < length:
            if not self.more():
                raise AssertionError("the reply's body ended too early")
        body, self.data = self.data[:length], self.data[length:]
        return Reply(status, headers, body)

    def _chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.data:
                if not self.more():
                    raise AssertionError("the reply was cut within its chunks")
            size, self.data = self.data.split(b"\r\n", 1)
            size = int(size, 16)
            while len(self.data) < size + 2:
                if not self.more():
                    raise AssertionError("the reply was cut within a chunk")
            body, self.data = body + self.data[:size], self.data[size + 2:]
            if size == 0:
                return body

    def rest(self, seconds=4.0):
        """Everything up to the end of the connection, or what came in `seconds`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if not self.more():
                    break
            except TimeoutError:
                break
        data, self.data = self.data, b""
        return data

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def post(body, path="/v1/chat/completions", headers="", host="localhost"):
    """A POST with a JSON body as bytes."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{headers}\r\n").encode("latin-1") + body


def ask(gateway, body, **request):
    """One POST on a connection of its own, and its reply."""
    with Connection(gateway) as connection:
        connection.send(post(body, **request))
        return connection.reply()


def chat(model, text="hi", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}
