"""The Realtime client of openai-python through the binary: its WebSocket falls back until it stands."""

import json
import sys
import threading
import unittest
from pathlib import Path

from openai import OpenAI
from websockets.sync.server import serve

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
from program import Gateway  # noqa: E402

CONFIG = """
[providers.up]
kind = "openai"
base_url = "URL"
keys = [{ name = "only", value = "sk-up" }]
"""


def speak(connection):
    """A Realtime server that says the user's text back."""
    connection.send(json.dumps({"type": "session.created", "event_id": "e0", "session": {"type": "realtime"}}))
    text = ""
    for message in connection:
        event = json.loads(message)
        if event["type"] == "conversation.item.create":
            text = event["item"]["content"][0]["text"]
        elif event["type"] == "response.create":
            where = {"response_id": "r1", "item_id": "i1", "output_index": 0, "content_index": 0}
            connection.send(json.dumps({"type": "response.output_text.delta", "event_id": "e1", "delta": text, **where}))
            connection.send(json.dumps({"type": "response.done", "event_id": "e2", "response": {
                "id": "r1", "object": "realtime.response", "status": "completed", "output": [],
                "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}}}))


class Realtime(unittest.TestCase):
    def test_a_session_falls_back_and_is_carried(self):
        with serve(speak, "127.0.0.1", 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = "http://127.0.0.1:%d/v1" % server.socket.getsockname()[1]
            gateway = Gateway("[mock]\nenabled = true\n" + CONFIG.replace("URL", url))
            client = OpenAI(base_url=gateway.url + "/v1", api_key="any")
            with client.realtime.connect(model="mock/fail-503", extra_headers={"x-llmgw-fallbacks": "up/gpt-realtime"}) as session:
                self.assertEqual(session.recv().type, "session.created")
                session.conversation.item.create(item={"type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "Grüße " * 2000}]})
                session.response.create(response={"output_modalities": ["text"]})
                self.assertEqual(session.recv().delta, "Grüße " * 2000)
                done = session.recv()
                self.assertEqual((done.type, done.response.usage.total_tokens), ("response.done", 5))
            client.close()
            code = gateway.stop()
            self.assertEqual(code, 0, gateway.stderr())
            server.shutdown()


if __name__ == "__main__":
    unittest.main()
