"""Promises of the other commands."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import unittest

from gateway_case import BINARY, GatewayCase

COMMANDS = ["serve", "run", "env", "ask", "mock", "check", "explain", "models", "logs", "stats", "keys", "health", "completion", "version"]
CHAT = """curl -s "$OPENAI_BASE_URL/chat/completions" -d '{"model":"%s","messages":[{"role":"user","content":"hi"}]}'"""


class Help(GatewayCase):
    def test_every_command_has_help_with_examples(self):
        for command in COMMANDS:
            with self.subTest(command):
                result = self.run_llmgw(command, "-h")
                self.assertExit(result, 0)
                self.assertRegex(result.stdout, "Examples?:\n  ")
                self.assertEqual(result.stderr, "")

    def test_a_wrong_flag_names_the_command_whose_help_has_it(self):
        result = self.run_llmgw("logs", "--nonsense")
        self.assertExit(result, 2)
        self.assertIn("llmgw logs --help", result.stderr)

    def test_the_man_page_is_the_one_that_the_commands_make(self):
        page = self.run_llmgw("man").stdout
        kept = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/llmgw.1")
        with open(kept) as file:
            self.assertEqual(file.read(), page, "make it anew: llmgw man > docs/llmgw.1")
        for command in COMMANDS:
            self.assertIn("llmgw " + command, page.replace("\\-", "-"))
        if shutil.which("groff"):
            checked = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", kept], capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_the_version_is_said(self):
        self.assertRegex(self.run_llmgw("version").stdout, r"^llmgw \d+\.\d+\.\d+\n$")
        self.assertEqual(self.run_llmgw("--version").stdout, self.run_llmgw("version").stdout)


class LiveModels(GatewayCase):
    def test_models_shows_what_a_provider_lists_itself_when_asked_to(self):
        self.upstream.listed = ["brand-new"]
        self.assertNotIn("up/brand-new", self.run_llmgw("models", "up").stdout)
        live = self.run_llmgw("models", "--live", "up")
        self.assertExit(live, 0)
        self.assertIn("up/brand-new", live.stdout)
        # One that is silent costs nothing: what is known stands.
        self.upstream.listed = []
        self.assertExit(self.run_llmgw("models", "--live", "up"), 0)

    def test_a_bare_name_is_looked_up_at_the_providers(self):
        self.upstream.listed = ["echo"]
        self.write("two.toml", self.read("llmgw.toml") + "\n[providers.other]\nkind = \"groq\"\nbase_url = \"http://127.0.0.1:9/v1\"\n"
                   "[[providers.other.keys]]\nname = \"k\"\nvalue = \"gsk-12345678\"\n", 0o600)
        answer = self.run_llmgw("ask", "-c", self.path("two.toml"), "-m", "echo", "hi")
        self.assertExit(answer, 0)
        self.assertEqual(answer.stdout.strip(), "hi")


class Completion(GatewayCase):
    def complete(self, *words):
        script = 'eval "$(%s completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llmgw 2>/dev/null; printf "%%s\\n" "${COMPREPLY[@]}"' % BINARY
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, env=self.environment, timeout=20)
        return done.stdout.split()

    def test_bash_completes_commands_flags_and_words(self):
        self.assertIn("explain", self.complete("llmgw", "ex"))
        self.assertEqual(set(COMMANDS) - set(self.complete("llmgw", "")), set())
        self.assertIn("--schema", self.complete("llmgw", "ask", "--sc"))
        self.assertEqual(self.complete("llmgw", "keys", "wa"), ["wake"])
        self.assertEqual(self.complete("llmgw", "stats", "--by", "pro"), ["provider"])
        self.assertEqual(self.complete("llmgw", "completion", "z"), ["zsh"])

    def test_every_shell_has_every_command_and_its_flags(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.run_llmgw("completion", shell).stdout
            for word in COMMANDS + ["fallback", "unclassified", "jsonl"]:
                self.assertIn(word, script, shell)
            if shutil.which(shell):
                path = self.write("script." + shell, script)
                self.assertEqual(subprocess.run([shell, "-n", path], capture_output=True, text=True).stderr, "")
        self.assertExit(self.run_llmgw("completion", "tcsh"), 2)


class Check(GatewayCase):
    def test_a_good_config_is_said_to_be_good(self):
        result = self.run_llmgw("check", "--strict")
        self.assertExit(result, 0)
        self.assertIn("good; 1 providers, 1 routes", result.stdout)

    def test_a_problem_has_its_place(self):
        path = self.write("bad.toml", '[server]\nlisen = "x"\n')
        result = self.run_llmgw("check", "-c", path)
        self.assertExit(result, 2)
        self.assertRegex(result.stderr, r"bad\.toml:2:1: .*lisen.*listen")
        found = json.loads(self.run_llmgw("check", "-c", path, "--json").stdout)
        self.assertFalse(found["ok"])
        self.assertEqual([p["line"] for p in found["problems"] if p["level"] == "error"], [2])

    def test_secrets_are_wanted_only_when_asked_for(self):
        path = self.write("s.toml", '[providers.openai]\nbase_url = "http://127.0.0.1:1/v1"\n[[providers.openai.keys]]\nname = "a"\nvalue = "file:/nowhere/key"\n')
        self.assertExit(self.run_llmgw("check", "-c", path), 0)
        result = self.run_llmgw("check", "-c", path, "--secrets")
        self.assertExit(result, 2)
        self.assertIn("/nowhere/key", result.stderr)


class Explain(GatewayCase):
    def test_the_chain_is_shown_without_a_call(self):
        result = self.run_llmgw("explain", "-m", "fast")
        self.assertExit(result, 0)
        self.assertRegex(result.stdout, r"1\s+up/fail-503\s+main .*called first")
        self.assertRegex(result.stdout, r"2\s+up/echo\s+main .*fallback 1")
        self.assertEqual(self.upstream.requests, [])
        self.assertFalse(os.path.exists(self.path("data")))

    def test_headers_and_a_request_count(self):
        body = self.write("r.json", '{"model":"up/echo","messages":[{"role":"user","content":"x"}]}')
        made = json.loads(self.run_llmgw("explain", "--json", "-H", "x-llmgw-fallbacks: up/a, up/b", body).stdout)
        self.assertEqual([s["target"] for s in made["chain"]], ["up/echo", "up/a", "up/b"])
        self.assertExit(self.run_llmgw("explain", "-H", "x-llmgw-timeout: soon", body), 2)
        self.assertExit(self.run_llmgw("explain", self.write("bad.json", "{")), 2)

    def test_a_key_that_rests_is_why_not(self):
        self.run_llmgw("ask", "-q", "-m", "up/fail-429", "-F", "up/echo", "hi")
        result = self.run_llmgw("explain", "-m", "up/fail-429")
        self.assertRegex(result.stdout, r"main, rests for (29|30)\.\d+ s \(rate_limit\)")
        self.assertIn("passed over: every key of it rests", result.stdout)


class Logs(GatewayCase):
    def setUp(self):
        super().setUp()
        self.run_llmgw("ask", "-q", "-m", "fast", "hi")
        self.run_llmgw("ask", "-m", "up/fail-400", "hi")

    def test_filters_find_what_is_meant(self):
        def ids(*flags):
            return [json.loads(line)["request_id"] for line in self.run_llmgw("logs", "--json", *flags).stdout.splitlines()]
        everything = ids()
        self.assertEqual(len(everything), 2)
        failed, fallback = ids("--failed"), ids("--fallback")
        self.assertEqual((len(failed), len(fallback)), (1, 1))
        self.assertEqual(set(failed + fallback), set(everything))
        self.assertEqual(ids("--class", "overloaded"), fallback)
        self.assertEqual(ids("--model", "fail-400"), failed)
        self.assertEqual(ids("--until", "1h"), [])
        self.assertEqual(len(ids("--since", "1h")), 2)
        page = self.run_llmgw("logs", "--request", fallback[0]).stdout
        self.assertRegex(page, r"1\s+up/fail-503")
        self.assertEqual(len(self.run_llmgw("logs", "--csv").stdout.splitlines()), 3)

    def test_bad_filters_are_refused(self):
        for flags in (["--since", "yesterday"], ["--class", "nonsense"], ["--tag", "x"], ["--csv", "--json"]):
            with self.subTest(flags):
                self.assertExit(self.run_llmgw("logs", *flags), 2)

    def test_follow_shows_what_comes(self):
        process = self.start("logs", "-f", "--json")
        while not select.select([process.stdout], [], [], 0.1)[0]:  # it follows from when it has started
            self.assertExit(self.run_llmgw("ask", "new one"), 0)
        self.assertEqual(json.loads(process.stdout.readline())["model_requested"], "up/echo")

    def test_stats_add_up_and_check(self):
        figures = json.loads(self.run_llmgw("stats", "--json").stdout)
        self.assertEqual(figures["requests"], 2)
        self.assertExit(self.run_llmgw("stats", "--check", "success_rate>=0.5"), 0)
        result = self.run_llmgw("stats", "--by", "provider", "--check", "success_rate>0.9", "--check", "requests<9")
        self.assertExit(result, 1)
        self.assertIn("success_rate>0.9 does not hold: it is 0.5", result.stderr)
        self.assertExit(self.run_llmgw("stats", "--check", "nonsense<1"), 2)


class Keys(GatewayCase):
    def test_a_key_that_rests_is_shown_and_can_be_woken(self):
        self.assertRegex(self.run_llmgw("keys").stdout, r"up/main\s+1\s+all\s+–")
        self.run_llmgw("ask", "-q", "-m", "up/fail-429", "-F", "up/echo", "hi")
        listed = self.run_llmgw("keys")
        self.assertRegex(listed.stdout, r"fail-429: for (29|30)\.\d+ s \(rate_limit, as it was told\)")
        self.assertNotIn("sk-main", listed.stdout + listed.stderr)
        self.assertEqual(self.run_llmgw("keys", "wake", "main").stdout, "up/main is awake\n")
        self.run_llmgw("ask", "-q", "-m", "up/fail-429", "-F", "up/echo", "hi")
        self.assertEqual(self.upstream.count("fail-429"), 2)
        self.assertExit(self.run_llmgw("keys", "wake", "nobody"), 2)


class Models(GatewayCase):
    def test_the_catalog_is_shown_with_facts_and_prices(self):
        self.write("llmgw.toml", self.read("llmgw.toml") + '[providers.up.prices."gpt-4o-mini"]\ninput = 1.5\noutput = 6\n')
        models = json.loads(self.run_llmgw("models", "up", "--json").stdout)
        mini = [m for m in models if m["model"] == "gpt-4o-mini"][0]
        self.assertEqual((mini["context"], mini["vision"], mini["tools"]), (128000, True, True))
        self.assertEqual((mini["input_usd_per_million"], mini["output_usd_per_million"]), (1.5, 6))
        self.assertRegex(self.run_llmgw("models").stdout, r"up/gpt-4o-mini +128000 .* 1\.5 +6\n")
        self.assertExit(self.run_llmgw("models", "nobody"), 2)


class Probes(GatewayCase):
    def test_health_and_ready_are_exit_codes(self):
        url = self.serve()
        self.assertEqual(self.run_llmgw("health", "--via", url).stdout, "healthy\n")
        self.assertEqual(self.run_llmgw("health", "--ready", "--via", url).stdout, "ready\n")
        dead = self.run_llmgw("health", "--via", "http://127.0.0.1:1")
        self.assertExit(dead, 1)
        self.assertIn("is llmgw serve running?", dead.stderr)

    def test_env_prints_what_a_shell_can_eval(self):
        script = 'eval "$(%s env --via http://127.0.0.1:9/)"; echo "$OPENAI_BASE_URL $OPENAI_API_KEY"' % BINARY
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.stdout, "http://127.0.0.1:9/v1 llmgw\n")


class Run(GatewayCase):
    def test_the_command_is_answered_through_the_gateway(self):
        result = self.run_llmgw("run", "--", "sh", "-c", CHAT % "fast" + "; exit 7")
        self.assertExit(result, 7)
        self.assertEqual(json.loads(result.stdout)["choices"][0]["message"]["content"], "hi")
        self.assertEqual(result.stderr, "llmgw: 1 request, 1 rescued by a retry or fallback\n")

    def test_its_environment_is_its_own_but_for_where_to_call(self):
        self.environment["OPENAI_API_KEY"] = "mine"
        result = self.run_llmgw("run", "--", "sh", "-c", 'echo "$OPENAI_API_KEY $HOME $OPENAI_BASE_URL"')
        self.assertRegex(result.stdout, r"^mine %s http://127\.0\.0\.1:\d+/v1\n$" % re.escape(self.folder))
        self.assertEqual(result.stderr, "")

    def test_flags_behind_the_dashes_are_the_commands(self):
        self.assertEqual(self.run_llmgw("run", "--", "echo", "-c", "--listen", "--").stdout, "-c --listen --\n")

    def test_signals_reach_the_command(self):
        script = 'trap "echo got it; exit 5" TERM; echo up; while :; do sleep 0.05; done'
        process = self.start("run", "--", "sh", "-c", script)
        self.assertEqual(process.stdout.readline(), "up\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 5)
        self.assertEqual(process.stdout.read(), "got it\n")

    def test_an_interrupt_from_the_terminal_reaches_it_once(self):
        # The command counts; run itself only waits for it.
        script = 'n=0; trap "n=\\$((n+1))" INT; echo up; sleep 1; echo $n'
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(BINARY, [BINARY, "run", "--", "bash", "-c", script], self.environment)
        shown = b""
        sent = False
        while True:
            try:
                shown += os.read(terminal, 1024)
            except OSError:
                break
            if b"up" in shown and not sent:
                os.write(terminal, b"\x03")
                sent = True
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        self.assertTrue(shown.endswith(b"1\r\n"), shown)

    def test_how_the_command_ends_is_how_run_ends(self):
        self.assertExit(self.run_llmgw("run", "--", "sh", "-c", "kill -9 $$"), 137)
        result = self.run_llmgw("run", "--", "no-such-command")
        self.assertExit(result, 127)
        self.assertIn("llmgw: cannot run no-such-command", result.stderr)
        self.assertExit(self.run_llmgw("run"), 2)



class LocalServer(GatewayCase):
    """A machine without keys or a config, on which Ollama runs."""

    MODELS = ["nomic-embed-text:latest", "qwen3:8b", "gemma3:4b"]

    def setUp(self):
        super().setUp()
        upstream = self.upstream
        self.environment = {"PATH": self.environment["PATH"], "HOME": self.folder,
                            "OLLAMA_HOST": upstream.url[:-len("/v1")]}
        upstream.listed = self.MODELS
        os.remove(self.path("llmgw.toml"))

    def test_ask_takes_the_first_chat_model_that_it_lists(self):
        result = self.run_llmgw("ask", "--no-log", "hello there")
        self.assertExit(result, 0)
        self.assertEqual(result.stdout, "hello there\n")
        self.assertEqual(self.upstream.requests[-1]["model"], "qwen3:8b")

    def test_models_and_explain_know_its_models(self):
        listed = self.run_llmgw("models", "ollama")
        self.assertExit(listed, 0)
        self.assertIn("ollama/gemma3:4b", listed.stdout)
        self.assertIn("ollama", self.run_llmgw("explain", "-m", "gemma3:4b").stdout)

    def test_a_provider_that_is_known_but_not_configured_has_a_word_on_what_to_do(self):
        for arguments in (["models", "groq"], ["explain", "-m", "groq/llama-3.3-70b-versatile"],
                          ["ask", "--no-log", "-m", "groq/llama-3.3-70b-versatile", "hi"]):
            with self.subTest(arguments=arguments):
                result = self.run_llmgw(*arguments)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("groq is known but not configured: set GROQ_API_KEY", result.stderr)


if __name__ == "__main__":
    unittest.main()
