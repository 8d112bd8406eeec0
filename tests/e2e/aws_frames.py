"""Frames of AWS's event stream (smithy.io, "Amazon Event Stream Specification"), written and read apart from ours."""

import json
import struct
import zlib


def frame(kind, name, payload):
    """One frame: an "event" or "exception" of that name, with a JSON payload."""
    headers = b"".join(_header(*h) for h in (
        (":event-type" if kind == "event" else ":exception-type", name),
        (":content-type", "application/json"), (":message-type", kind)))
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    message = prelude + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def read(data):
    """The frames of a whole stream as (message type, name, payload); every checksum is checked."""
    out = []
    while data:
        total, size, crc = struct.unpack(">III", data[:12])
        assert crc == zlib.crc32(data[:8]), "the prelude's checksum"
        message, data = data[:total], data[total:]
        assert struct.unpack(">I", message[-4:])[0] == zlib.crc32(message[:-4]), "the frame's checksum"
        headers = _headers(message[12:12 + size])
        kind = headers[":message-type"]
        name = headers[":event-type" if kind == "event" else ":exception-type"]
        out.append((kind, name, json.loads(message[12 + size:-4])))
    return out


def _header(name, value):
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def _headers(data):
    out = {}
    while data:
        end = 1 + data[0]
        name, kind = data[1:end].decode(), data[end]
        assert kind == 7, "a header that is no string"
        size = struct.unpack(">H", data[end + 1:end + 3])[0]
        out[name] = data[end + 3:end + 3 + size].decode()
        data = data[end + 3 + size:]
    return out
