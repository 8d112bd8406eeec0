"""Calls that name an object go to the provider that gave its id out; an unknown id is a 404."""

import json
import threading
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway_case import GatewayCase

CONFIG = """
[server]
data_dir = "{folder}/data"
listen = "127.0.0.1:0"
drain = "1s"

[providers.up]
kind = "openai"
base_url = "{url}"
[[providers.up.keys]]
name = "main"
value = "sk-main-123456"
"""

REPLIES = {
    ("GET", "/v1/files"): {"object": "list", "data": [{"id": "file-old", "object": "file"}]},
    ("GET", "/v1/files/file-old"): {"id": "file-old", "object": "file"},
    ("POST", "/v1/batches"): {"id": "batch_1", "object": "batch", "output_file_id": None},
    ("GET", "/v1/batches/batch_1"): {"id": "batch_1", "object": "batch", "output_file_id": "file-out"},
    ("GET", "/v1/files/file-out/content"): {"whole": True},
    ("GET", "/v1/files/file-never"): {"id": "file-never", "object": "file"},
}


class ObjectStore:
    """A provider that knows REPLIES."""

    def __init__(self):
        self.calls = calls = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                calls.append((self.command, self.path))
                known = REPLIES.get((self.command, self.path))
                data = json.dumps(known or {"error": {"message": "what?", "type": "x"}}).encode()
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Objects(GatewayCase):
    def setUp(self):
        super().setUp()
        self.store = ObjectStore()
        self.addCleanup(self.store.close)
        self.write("llmgw.toml", CONFIG.format(folder=self.folder, url=self.store.url), 0o600)
        self.url = self.serve()

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + "/v1" + path, method=method,
                                         data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def test_an_id_that_nobody_gave_out_is_a_404_also_with_one_provider(self):
        cases = [("GET", "/files/file-never", None), ("GET", "/files/file-never/content", None),
                 ("POST", "/batches", {"input_file_id": "file-never"}),
                 ("GET", "/batches/batch_never", None), ("GET", "/responses/resp_never", None),
                 ("POST", "/responses", {"model": "up/m", "input": "hi", "previous_response_id": "resp_never"})]
        for method, path, body in cases:
            with self.subTest(path=path):
                status, reply = self.call(method, path, body)
                self.assertEqual(status, 404)
                self.assertEqual(reply["error"]["code"], "unknown_object")
                self.assertIn("never", reply["error"]["message"])
        self.assertEqual(self.store.calls, [])

    def test_what_a_batch_brings_and_what_a_list_shows_is_known_from_then_on(self):
        self.assertEqual(self.call("POST", "/batches", {"endpoint": "/v1/chat/completions"})[0], 200)
        self.assertEqual(self.call("GET", "/batches/batch_1")[0], 200)
        self.assertEqual(self.call("GET", "/files/file-out/content")[0], 200)
        self.assertEqual(self.call("GET", "/files/file-old")[0], 404)
        self.assertEqual(self.call("GET", "/files")[0], 200)
        self.assertEqual(self.call("GET", "/files/file-old")[0], 200)


if __name__ == "__main__":
    unittest.main()
