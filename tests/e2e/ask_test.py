"""Promises of `llmgw ask` for one question."""

import glob
import json
import os
import pty
import select
import signal
import subprocess
import time
import unittest

from gateway_case import BINARY, GatewayCase, until


class Answers(GatewayCase):
    def test_the_answer_goes_to_stdout_and_nothing_else_does(self):
        result = self.run_llmgw("ask", "hello", "world")
        self.assertExit(result, 0)
        self.assertEqual(result.stdout, "hello world\n")
        self.assertEqual(result.stderr, "")

    def test_piped_input_follows_the_prompt(self):
        self.assertEqual(self.run_llmgw("ask", "Sum up:", input="a\nb\n").stdout, "Sum up:\n\na\nb\n")
        self.assertEqual(self.run_llmgw("ask", input="alone\n").stdout, "alone\n")
        self.assertEqual(self.run_llmgw("ask", "-", input="dash").stdout, "dash\n")

    def test_a_fallback_answers_and_one_line_says_so(self):
        result = self.run_llmgw("ask", "-m", "up/fail-503", "-F", "up/fail-500", "-F", "up/echo", "hi")
        self.assertExit(result, 0)
        self.assertEqual(result.stdout, "hi\n")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("llmgw: up/echo answered: up/fail-503 failed (503", result.stderr)
        self.assertEqual(self.run_llmgw("ask", "-q", "-m", "fast", "hi").stderr, "")

    def test_explain_and_usage_speak_on_stderr(self):
        result = self.run_llmgw("ask", "-m", "fast", "--explain", "--usage", "hi")
        self.assertEqual(result.stdout, "hi\n")
        self.assertRegex(result.stderr, r"1\s+up/fail-503\s+main\s+503")
        self.assertRegex(result.stderr, r"2\s+up/echo\s+main\s+200")
        self.assertIn("7 tokens in, 3 out", result.stderr)
        self.assertNotIn("\x1b", result.stderr)

    def test_flags_become_fields_of_the_request(self):
        self.assertExit(self.run_llmgw("ask", "-s", "Be brief", "-o", "temperature=0.2", "-o", "user=joe", "-o",
                                       "reasoning.effort=low", "-o", "stop=[\"x\"]", "hi"), 0)
        body = self.upstream.requests[-1]
        self.assertEqual(body["messages"], [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "hi"}])
        self.assertEqual((body["temperature"], body["user"], body["reasoning"], body["stop"]), (0.2, "joe", {"effort": "low"}, ["x"]))
        self.assertNotIn("fallbacks", body)
        self.assertNotIn("extra_fields", body)

    def test_json_is_the_whole_reply(self):
        reply = json.loads(self.run_llmgw("ask", "--json", "hi").stdout)
        self.assertEqual(reply["choices"][0]["message"]["content"], "hi")
        self.assertEqual(reply["extra_fields"]["attempts"][0]["key"], "main")

    def test_extract_prints_the_last_code_block_or_fails(self):
        self.assertEqual(self.run_llmgw("ask", "-x", "-m", "up/code", "hi").stdout, "print(2)\n")
        result = self.run_llmgw("ask", "-x", "hi")
        self.assertExit(result, 1)
        self.assertEqual(result.stdout, "")
        self.assertIn("no code block", result.stderr)

    def test_a_call_of_a_tool_is_no_text(self):
        result = self.run_llmgw("ask", "-m", "up/tool", "hi")
        self.assertExit(result, 1)
        self.assertIn("1 tool call", result.stderr)
        self.assertIn("tool_calls", self.run_llmgw("ask", "--json", "-m", "up/tool", "hi").stdout)

    def test_the_model_is_the_flag_then_the_config_then_the_variable(self):
        self.environment["LLMGW_MODEL"] = "up/json:variable"
        self.assertEqual(self.run_llmgw("ask", "-m", "up/json:flag", "hi").stdout, "flag\n")
        self.assertEqual(self.run_llmgw("ask", "hi").stdout, "hi\n")
        config = self.read("llmgw.toml").replace('[ask]\nmodel = "up/echo"', "")
        self.write("llmgw.toml", config)
        self.assertEqual(self.run_llmgw("ask", "hi").stdout, "variable\n")

    def test_a_template_takes_the_input(self):
        self.write("config/llmgw/templates/short.toml", 'system = "Be $input"\nprompt = "Say $input, twice: $input $$"\n')
        self.assertEqual(self.run_llmgw("ask", "-t", "short", "yes").stdout, "Say yes, twice: yes $\n")
        self.assertEqual(self.upstream.requests[-1]["messages"][0]["content"], "Be yes")
        bad = self.write("bad.toml", 'promt = "x"\n')
        result = self.run_llmgw("ask", "-t", bad, "yes")
        self.assertExit(result, 2)
        self.assertIn("bad.toml:1:1: promt: unknown key", result.stderr)
        self.assertExit(self.run_llmgw("ask", "-t", "none", "yes"), 2)

    def test_files_are_attached_as_what_they_are(self):
        png = self.write("a.png", b"\x89PNG\r\n\x1a\n....")
        wav = self.write("a.wav", b"RIFF\0\0\0\0WAVEfmt ")
        text = self.write("notes.txt", "Grüße")
        self.assertExit(self.run_llmgw("ask", "-a", png, "-a", wav, "-a", text, "What?"), 0)
        parts = self.upstream.requests[-1]["messages"][0]["content"]
        self.assertTrue(parts[0]["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo"))
        self.assertEqual(parts[1]["input_audio"]["format"], "wav")
        self.assertEqual(parts[2]["text"], "File notes.txt:\nGrüße")
        self.assertEqual(parts[3], {"type": "text", "text": "What?"})
        for content, why in ((b"\x7fELF\0\0", "no UTF-8 text"), (b"", "it is empty")):
            result = self.run_llmgw("ask", "-a", self.write("x.bin", content), "What?")
            self.assertExit(result, 2)
            self.assertIn(why, result.stderr)
        self.assertExit(self.run_llmgw("ask", "-a", "missing.png", "What?"), 2)


class Schemas(GatewayCase):
    SCHEMA = '{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}'

    def test_a_schema_is_sent_and_the_answer_must_fit_it(self):
        schema = self.write("person.json", self.SCHEMA)
        result = self.run_llmgw("ask", "--schema", schema, "-m", 'up/json:{"name":"Ada"}', "hi")
        self.assertExit(result, 0)
        self.assertEqual(result.stdout, '{"name":"Ada"}\n')
        sent = self.upstream.requests[-1]["response_format"]
        self.assertEqual(sent["type"], "json_schema")
        self.assertEqual((sent["json_schema"]["name"], sent["json_schema"]["strict"]), ("person", True))
        self.assertEqual(sent["json_schema"]["schema"], json.loads(self.SCHEMA))

    def test_an_answer_that_does_not_fit_says_where_and_is_not_printed(self):
        schema = self.write("person.json", self.SCHEMA)
        for answer, why in (('{"name":3}', "$.name: expected string, not a number"), ("Ada", "the answer is no JSON")):
            result = self.run_llmgw("ask", "--schema", schema, "-m", "up/json:" + answer, "hi")
            self.assertExit(result, 1)
            self.assertEqual(result.stdout, "")
            self.assertIn(why, result.stderr)

    def test_a_schema_that_cannot_be_checked_is_refused(self):
        result = self.run_llmgw("ask", "--schema", self.write("s.json", '{"if":{}}'), "hi")
        self.assertExit(result, 2)
        self.assertIn("#/if: the keyword is not checked", result.stderr)
        self.assertEqual(self.upstream.requests, [])


class Conversations(GatewayCase):
    def test_continue_goes_on_with_the_last_conversation(self):
        self.run_llmgw("ask", "-s", "Be kind", "one")
        self.run_llmgw("ask", "--continue", "two")
        said = [(m["role"], m["content"]) for m in self.upstream.requests[-1]["messages"]]
        self.assertEqual(said, [("system", "Be kind"), ("user", "one"), ("assistant", "one"), ("user", "two")])
        files = glob.glob(self.path("data/conversations/*.json"))
        self.assertEqual(len(files), 1)
        self.assertEqual(self.mode(files[0]), 0o600)
        self.assertEqual(self.mode(os.path.dirname(files[0])), 0o700)

    def test_a_conversation_may_have_a_name(self):
        result = self.run_llmgw("ask", "--continue=trip", "one")
        self.assertIn("a new conversation: trip", result.stderr)
        self.run_llmgw("ask", "something else")
        self.run_llmgw("ask", "--continue", "trip", "two")
        self.assertEqual([m["content"] for m in self.upstream.requests[-1]["messages"]], ["one", "one", "two"])

    def test_a_word_behind_continue_that_names_none_belongs_to_the_prompt(self):
        self.run_llmgw("ask", "one")
        self.assertEqual(self.run_llmgw("ask", "--continue", "and").stdout, "and\n")
        self.assertEqual(len(self.upstream.requests[-1]["messages"]), 3)

    def test_no_log_leaves_nothing_behind(self):
        self.assertExit(self.run_llmgw("ask", "--no-log", "one"), 0)
        self.assertFalse(os.path.exists(self.path("data/conversations")))
        self.assertFalse(os.path.exists(self.path("data/log.db")))

    def test_an_id_cannot_leave_its_folder(self):
        self.assertExit(self.run_llmgw("ask", "--continue=../x", "one"), 2)
        result = self.run_llmgw("ask", "--continue", "first")
        self.assertExit(result, 2)
        self.assertIn("no conversation to go on with", result.stderr)


class Exits(GatewayCase):
    def test_codes_say_what_happened(self):
        cases = (
            (["-m", "up/fail-500", "hi"], 1, "told to fail with 500"),
            (["-m", "up/fail-400", "hi"], 1, "told to fail with 400"),
            (["--max-cost", "0.01", "hi"], 3, "its price is not known"),
            (["-m", "up/slow:5", "--timeout", "0.3", "hi"], 4, ""),
            (["--stream", "-m", "up/drip", "--timeout", "0.5", "hi"], 4, "--timeout"),
            (["--timeout", "x", "hi"], 2, "--timeout"),
            (["-o", "temperature", "hi"], 2, "expected KEY=VALUE"),
            (["-o", "model=x", "hi"], 2, "use -m for that"),
            (["--stream", "--json", "hi"], 2, "--stream"),
            (["--nonsense", "hi"], 2, "nonsense"),
            (["-c", "missing.toml", "hi"], 2, "missing.toml"),
            ([], 2, "nothing to ask"),
            (["-F", "", "-m", "up/echo", "hi"], 2, "fallbacks[0]"),
        )
        for arguments, code, why in cases:
            with self.subTest(arguments):
                result = self.run_llmgw("ask", *arguments)
                self.assertExit(result, code)
                self.assertIn(why, result.stderr)
                self.assertIn("llmgw: ", result.stderr)

    def test_without_a_model_the_variables_are_named(self):
        del self.environment["LLMGW_CONFIG"]
        result = self.run_llmgw("ask", "hi", cwd="/")
        self.assertExit(result, 2)
        self.assertIn("OPENAI_API_KEY", result.stderr)

    def test_on_a_bare_machine_the_mock_answers_when_it_is_named(self):
        del self.environment["LLMGW_CONFIG"]
        result = self.run_llmgw("ask", "-m", "mock/fail-503", "-F", "mock/echo", "hi", cwd="/")
        self.assertExit(result, 0)
        self.assertEqual(result.stdout, "hi\n")
        self.assertIn("mock/echo answered: mock/fail-503 failed (503", result.stderr)

    def test_a_known_price_lets_through_what_fits_and_refuses_the_rest(self):
        self.write("llmgw.toml", self.read("llmgw.toml") + '[providers.up.prices."echo"]\ninput = 1000000\noutput = 1000000\n')
        # The 100 bytes of its body in, at most 4 tokens out, a dollar each.
        self.assertExit(self.run_llmgw("ask", "--max-cost", "103", "-o", "max_tokens=4", "hi"), 3)
        self.assertEqual(self.upstream.requests, [])
        fits = self.run_llmgw("ask", "--max-cost", "104", "-o", "max_tokens=4", "--usage", "hi")
        self.assertExit(fits, 0)
        self.assertIn("$10.00", fits.stderr)
        unbounded = self.run_llmgw("ask", "--max-cost", "104", "hi")
        self.assertExit(unbounded, 3)
        self.assertIn("max_completion_tokens", unbounded.stderr)

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w") as full:
            result = self.run_llmgw("ask", "hi", capture_output=False, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)


class Pipes(GatewayCase):
    def test_into_a_pipe_nothing_is_printed_unless_the_answer_is_whole(self):
        result = self.run_llmgw("ask", "-m", "up/cut", "one two three four")
        self.assertExit(result, 1)
        self.assertEqual(result.stdout, "")

    def test_a_stream_that_is_cut_is_not_taken_for_whole(self):
        result = self.run_llmgw("ask", "--stream", "-m", "up/cut", "one two three four")
        self.assertExit(result, 1)
        self.assertEqual(result.stdout, "one two\n")
        self.assertIn("not whole", result.stderr)

    def test_a_reader_that_leaves_ends_it_silently_and_stops_the_upstream(self):
        process = self.start("ask", "--stream", "-m", "up/drip", "hi")
        self.assertTrue(process.stdout.read(5))
        process.stdout.close()
        self.assertEqual(process.wait(30), -signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), "")
        self.assertTrue(self.upstream.left.wait(10))

    def test_other_commands_end_as_filters_too(self):
        for i in range(3):
            self.run_llmgw("ask", "hi")
        read, write = os.pipe()
        os.close(read)
        result = self.run_llmgw("logs", capture_output=False, stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, ""))


class Interrupts(GatewayCase):
    def test_an_interrupt_ends_it_and_the_upstream_call(self):
        for flags in ([], ["--stream"]):
            self.upstream.left.clear()
            before = len(self.upstream.requests)
            process = self.start("ask", *flags, "-m", "up/held", "hi")
            self.assertTrue(until(lambda: len(self.upstream.requests) > before))
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), 130)  # the answer would take longer
            self.assertTrue(self.upstream.left.wait(10))
            self.assertEqual(process.stdout.read(), "")

    def test_on_a_terminal_it_streams_and_ctrl_c_ends_it(self):
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(self.folder)
            os.execve(BINARY, [BINARY, "ask", "-m", "up/drip", "hi"], self.environment)
        shown = b""
        while b"word3" not in shown:
            self.assertTrue(select.select([terminal], [], [], 30)[0], shown)
            shown += os.read(terminal, 1024)
        self.assertNotIn(b"word150", shown)
        os.write(terminal, b"\x03")
        while True:
            try:
                more = os.read(terminal, 1024)
            except OSError:
                break
            if not more:
                break
            shown += more
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 130)
        self.assertTrue(shown.endswith(b"\n"), shown[-40:])
        self.assertTrue(self.upstream.left.wait(10))


    def test_an_ignored_signal_stays_ignored(self):
        process = self.start("ask", "-m", "up/slow:1", "hi", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.assertTrue(until(lambda: self.upstream.requests))
        process.send_signal(signal.SIGHUP)
        self.assertEqual((process.wait(30), process.stdout.read()), (0, "hi\n"))

    def test_an_answer_cannot_steer_the_terminal(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(BINARY, [BINARY, "ask", "a\x1b[2Jb\x07\u009bc"], self.environment)
        shown = b""
        while True:
            try:
                shown += os.read(terminal, 1024)
            except OSError:
                break
        os.waitpid(pid, 0)
        self.assertEqual(shown, b"a[2Jbc\r\n")
        self.assertIn("\x1b", self.run_llmgw("ask", "a\x1b[2J").stdout)


class Rests(GatewayCase):
    def test_many_at_once_call_a_resting_key_no_more_than_serve_would(self):
        self.assertExit(self.run_llmgw("ask", "-m", "up/fail-429", "-F", "up/echo", "hi"), 0)
        self.assertEqual(self.upstream.count("fail-429"), 1)
        done = subprocess.run("seq 40 | xargs -P20 -n1 %s ask -q -m up/fail-429 -F up/echo" % BINARY, shell=True,
                              capture_output=True, text=True, env=self.environment, cwd=self.folder, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(done.stdout.split(), key=int), [str(i) for i in range(1, 41)])
        self.assertEqual(self.upstream.count("fail-429"), 1)
        rows = [json.loads(line) for line in self.run_llmgw("logs", "--json", "-n", "100").stdout.splitlines()]
        self.assertEqual(len(rows), 41)


class Via(GatewayCase):
    def test_via_asks_a_gateway_that_runs(self):
        url = self.serve()
        result = self.run_llmgw("ask", "--via", url, "-m", "fast", "--explain", "hi")
        self.assertExit(result, 0)
        self.assertEqual(result.stdout, "hi\n")
        self.assertIn("up/echo answered: up/fail-503 failed", result.stderr)
        self.assertRegex(result.stderr, r"1\s+up/fail-503\s+main\s+503")
        self.assertEqual(self.run_llmgw("ask", "--via", url + "/v1", "--stream", "a b c").stdout, "a b c\n")

    def test_via_has_the_same_exit_codes(self):
        url = self.serve()
        self.assertExit(self.run_llmgw("ask", "--via", url, "-m", "up/fail-500", "hi"), 1)
        self.assertExit(self.run_llmgw("ask", "--via", url, "-m", "up/slow:9", "--timeout", "0.3", "hi"), 4)
        self.assertExit(self.run_llmgw("ask", "--via", url, "-F", "", "hi"), 2)
        self.assertExit(self.run_llmgw("ask", "--via", "ftp://x", "hi"), 2)
        cut = self.run_llmgw("ask", "--via", url, "--stream", "-m", "up/cut", "one two three four")
        self.assertExit(cut, 1)
        self.assertIn("not whole", cut.stderr)
        dead = self.run_llmgw("ask", "--via", "http://127.0.0.1:1", "hi")
        self.assertExit(dead, 1)
        self.assertIn("127.0.0.1:1", dead.stderr)

    def test_an_interrupt_reaches_the_upstream_through_the_gateway(self):
        process = self.start("ask", "--via", self.serve(), "-m", "up/held", "hi")
        self.assertTrue(until(lambda: self.upstream.requests))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 130)
        self.assertTrue(self.upstream.left.wait(10))


if __name__ == "__main__":
    unittest.main()
