"""What Claude Code, Codex and Gemini CLI send, served by each vendor: `llmgw mock` reads it in each dialect."""

import json
import unittest
import urllib.request
from pathlib import Path

import matrix_test as matrix
from program import Gateway, Mock

WIRE = Path(__file__).resolve().parents[1] / "wire"
CLAUDE_CODE = json.loads((WIRE / "anthropic/claude_code.request.json").read_text())
CODEX = json.loads((WIRE / "openai-responses/codex_patch.request.json").read_text())
GEMINI_CLI = json.loads((WIRE / "gemini/gemini_cli.request.json").read_text())
LAST = "Then write it."
SPEAK_RESPONSES = ("openai", "aws", "ollama")  # whose bytes pass as they come


def setUpModule():
    global mock
    mock = Mock()
    matrix.gateway = Gateway(matrix.CONFIG.format(mock=mock.url))


def tearDownModule():
    code = matrix.gateway.stop()
    mock.stop()
    assert code == 0, matrix.gateway.stderr()


class CodingAgents(unittest.TestCase):
    def ask(self, path, body, vendor):
        status, headers, reply = matrix.post(path, body)
        self.assertEqual((status, headers["x-llmgw-provider"]), (200, vendor), reply)
        return reply

    def each(self):
        for vendor in matrix.VENDORS:
            with self.subTest(vendor):
                yield vendor

    def test_claude_code(self):
        body = json.loads(json.dumps(CLAUDE_CODE))
        body["messages"] += [{"role": "assistant", "content": "The rule is missing."}, {"role": "user", "content": LAST}]
        for vendor in self.each():
            reply = self.ask("/anthropic/v1/messages?beta=true", {**body, "model": vendor + "/echo"}, vendor)
            self.assertEqual(matrix.Messages().streamed(reply)[0], LAST)

    def test_claude_code_counts_tokens(self):
        body = {k: CLAUDE_CODE[k] for k in ("messages", "system", "tools", "thinking")}
        for vendor in self.each():
            reply = json.loads(self.ask("/anthropic/v1/messages/count_tokens?beta=true", {**body, "model": vendor + "/echo"}, vendor))
            self.assertGreater(reply["input_tokens"], 20)

    def test_codex(self):
        for vendor in self.each():
            reply = self.ask("/v1/responses", {**CODEX, "model": vendor + "/echo"}, vendor)
            self.assertEqual(matrix.Responses().streamed(reply)[0], LAST)
            warned = matrix.data_of(reply)[-1]["response"]["extra_fields"].get("warnings", [])
            # Its own tools are named where nobody else has them; the custom one is a function there.
            fields = {w["field"] for w in warned}
            if vendor not in SPEAK_RESPONSES:
                self.assertLessEqual({"tools[1].format", "tools[2]", "tools[3]"}, fields)
                self.assertNotIn("tools[1]", fields)

    def test_codexs_patch_is_called_by_everyone(self):
        # The mock calls the first tool that it is offered.
        body = {**CODEX, "tools": [CODEX["tools"][1]], "input": CODEX["input"][:2]}
        for vendor in self.each():
            events = matrix.data_of(self.ask("/v1/responses", {**body, "model": vendor + "/tool"}, vendor))
            if vendor in SPEAK_RESPONSES:
                continue  # the mock knows functions alone
            item = [i for i in events[-1]["response"]["output"] if i["type"] == "custom_tool_call"][0]
            self.assertEqual(item["name"], "apply_patch")
            pieces = "".join(e["delta"] for e in events if e["type"] == "response.custom_tool_call_input.delta")
            self.assertEqual(pieces, item["input"])
            self.assertNotIn("{", pieces)

    def test_gemini_cli(self):
        for vendor in self.each():
            reply = self.ask(f"/genai/v1beta/models/{vendor}/echo:streamGenerateContent?alt=sse", GEMINI_CLI, vendor)
            self.assertEqual(matrix.Gemini().streamed(reply)[0], LAST)

    def test_without_alt_sse_the_stream_is_an_array(self):
        for vendor in self.each():
            reply = json.loads(self.ask(f"/genai/v1beta/models/{vendor}/echo:streamGenerateContent", GEMINI_CLI, vendor))
            self.assertEqual("".join(p.get("text", "") for c in reply for p in c["candidates"][0].get("content", {}).get("parts", [])), LAST)

    def test_models_are_listed_live_in_each_dialect(self):
        for path, key in (("/v1/models", "data"), ("/anthropic/v1/models", "data"), ("/genai/v1beta/models", "models")):
            with self.subTest(path):
                with urllib.request.urlopen(matrix.gateway.url + path, timeout=10) as reply:
                    names = [m.get("id") or m["name"].removeprefix("models/") for m in json.load(reply)[key]]
                # The mock's own: no catalog has them.
                self.assertIn("openai/echo", names)


if __name__ == "__main__":
    unittest.main()
