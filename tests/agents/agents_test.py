"""Coding agents run whole against the binary: the vendor that each asks is down, another vendor's dialect answers,
its tool writes a file. No internet: what they call is the gateway."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/e2e")]
from program import Gateway, Mock  # noqa: E402
from scripted_upstream import SAYS, ScriptedUpstream  # noqa: E402

INSTALLED = ROOT / "build/sdk/agents"
NODE = INSTALLED / "node"

CONFIG = """
[providers.openai]
base_url = "{mock}/v1"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-12345678" }}]
[providers.gemini]
base_url = "{mock}/v1beta"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "AIza-12345678" }}]
[providers.anthropic]
base_url = "{mock}/anthropic/v1"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-ant-0123" }}]
[providers.claude]
kind = "anthropic"
base_url = "{scripted}"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-ant-1234" }}]
[providers.local]
kind = "openai-compatible"
base_url = "{scripted}"
retries = {{ max = 0 }}
keys = [{{ name = "k", value = "sk-local-1234" }}]

# The names that the agents ask for: down at their vendor, served by another.
[routes.coder]
targets = ["openai/fail-503"]
fallbacks = ["claude/claude-sonnet-4-5"]
[routes.pro]
targets = ["gemini/fail-503"]
fallbacks = ["local/qwen"]
[routes.sonnet]
targets = ["anthropic/fail-529"]
fallbacks = ["local/qwen"]
[aliases]
"gpt-5-codex" = "coder"
"gemini-2.5-pro" = "pro"
"gemini-2.5-flash" = "pro"
"gemini-2.5-flash-lite" = "pro"
"""


class Agents(unittest.TestCase):
    def setUp(self):
        self.mock = Mock()
        self.addCleanup(self.mock.stop)
        self.upstream = ScriptedUpstream()
        self.addCleanup(self.upstream.close)
        self.gateway = Gateway(CONFIG.format(mock=self.mock.url, scripted=self.upstream.url))
        self.addCleanup(self.gateway.stop)
        folder = tempfile.TemporaryDirectory(dir=ROOT / "build")
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name) / "home"
        self.work = Path(folder.name) / "work"
        self.home.mkdir()
        self.work.mkdir()

    def run_agent(self, command, environment):
        told = {"PATH": os.environ["PATH"], "HOME": str(self.home), **environment}
        ended = subprocess.run([str(c) for c in command], cwd=self.work, env=told, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=120)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr + self.gateway.stderr())
        return ended.stdout

    def written(self, said):
        self.assertEqual((self.work / "a.txt").read_text().strip(), "hello")
        self.assertIn(SAYS, said)
        self.assertEqual(len(self.upstream.results()), 1)

    def test_codex_is_served_by_claude_when_openai_is_down(self):
        # docs/clients.md, "Codex".
        (self.home / "config.toml").write_text(f"""
model = "gpt-5-codex"
model_provider = "llmgw"
[model_providers.llmgw]
name = "llmgw"
base_url = "{self.gateway.url}/v1"
""")
        self.upstream.call = ("exec_command", {"cmd": "printf hello > a.txt"})
        program = next(INSTALLED.glob("node_modules/@openai/codex-linux-*/vendor/*/bin/codex"))
        said = self.run_agent([program, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox",
                               "Write hello to a.txt."], {"CODEX_HOME": str(self.home)})
        self.written(said)

    def test_gemini_cli_is_served_by_a_chat_model_when_google_is_down(self):
        # docs/clients.md, "Gemini CLI".
        (self.home / ".gemini").mkdir()
        (self.home / ".gemini/settings.json").write_text(json.dumps({
            "security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": False}}))
        self.upstream.call = ("write_file", {"file_path": str(self.work / "a.txt"), "content": "hello"})
        said = self.run_agent([NODE, INSTALLED / "node_modules/@google/gemini-cli/bundle/gemini.js", "--yolo",
                               "--model", "gemini-2.5-pro", "--prompt", "Write hello to a.txt."],
                              {"GOOGLE_GEMINI_BASE_URL": self.gateway.url + "/genai", "GEMINI_API_KEY": "any",
                               "GEMINI_CLI_TRUST_WORKSPACE": "true"})
        self.written(said)

    def test_opencode_is_served_by_a_chat_model_when_anthropic_is_down(self):
        # docs/clients.md, "opencode".
        program = next(INSTALLED.glob("node_modules/opencode-linux-*/bin/opencode"), None)
        if program is None:
            self.skipTest("npm has no opencode for this machine")
        (self.home / "opencode.json").write_text(json.dumps({
            "autoupdate": False, "share": "disabled", "model": "llmgw/sonnet", "small_model": "llmgw/sonnet",
            "provider": {"llmgw": {"npm": "@ai-sdk/anthropic", "models": {"sonnet": {"tool_call": True}},
                                   "options": {"baseURL": self.gateway.url + "/anthropic/v1", "apiKey": "any"}}}}))
        self.upstream.call = ("write", {"filePath": str(self.work / "a.txt"), "content": "hello"})
        said = self.run_agent([program, "run", "Write hello to a.txt."],
                              {"OPENCODE_CONFIG": str(self.home / "opencode.json"), "OPENCODE_DISABLE_MODELS_FETCH": "1"})
        self.written(said)


if __name__ == "__main__":
    unittest.main()
