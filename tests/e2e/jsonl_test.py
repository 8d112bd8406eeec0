"""Promises of `llmgw ask --jsonl`."""

import json
import os
import signal
import unittest

from gateway_case import GatewayCase, until


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


class Jsonl(GatewayCase):
    def write_lines(self, lines):
        return self.write("in.jsonl", "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))

    def test_rows_come_in_the_order_of_the_lines(self):
        lines = [{"id": "a", "prompt": "first", "model": "up/slow:0.3"}, json.dumps("second"), "",
                 {"prompt": "third", "system": "Be kind", "temperature": 0},
                 {"id": 9, "messages": [{"role": "user", "content": "fourth"}], "model": "fast"}]
        result = self.run_llmgw("ask", "--jsonl", self.write_lines(lines), "-P", "4")
        self.assertExit(result, 0)
        out = rows(result.stdout)
        self.assertEqual([(r["id"], r["answer"]) for r in out], [("a", "first"), (2, "second"), (4, "third"), (9, "fourth")])
        self.assertTrue(out[3]["fallback"])
        self.assertEqual([a["model"] for a in out[3]["trail"]], ["fail-503", "echo"])
        self.assertEqual(out[0]["usage"], {"input_tokens": 7, "output_tokens": 3})
        self.assertIn("cost_usd", out[0])
        sent = [b for b in self.upstream.requests if b["messages"][-1]["content"] == "third"][0]
        self.assertEqual((sent["temperature"], sent["messages"][0]["content"]), (0, "Be kind"))

    def test_a_bad_line_is_a_row_and_the_others_are_answered(self):
        lines = ["{", json.dumps("good"), {"prompt": 3}, "[]", {"prompt": "x", "model": "up/fail-400"}, {"prompt": "x", "stream": True}]
        result = self.run_llmgw("ask", "--jsonl", self.write_lines(lines))
        self.assertExit(result, 1)
        out = rows(result.stdout)
        self.assertEqual([r["answer"] for r in out], [None, "good", None, None, None, None])
        self.assertEqual([r["error"]["class"] for r in out if "error" in r], ["bad_request"] * 5)
        self.assertIn("line 1:", out[0]["error"]["message"])
        self.assertIn("1 answered, 5 failed", result.stderr)

    def test_n_run_at_once_and_no_more(self):
        path = self.write_lines([{"prompt": str(i), "model": "up/slow:0.1"} for i in range(20)])
        self.assertExit(self.run_llmgw("ask", "--jsonl", path, "-P", "5"), 0)
        self.assertEqual(self.upstream.most_at_once, 5)

    def test_a_run_that_was_killed_is_gone_on_with(self):
        # An early one is held back, so that the others wait for their turn.
        lines = [{"id": i, "prompt": "p%d" % i, "model": "up/held" if i == 5 else "up/slow:0.03"} for i in range(60)]
        path, out = self.write_lines(lines), self.path("out.jsonl")
        process = self.start("ask", "--jsonl", path, "-O", out, "-P", "4")
        self.assertTrue(until(lambda: len(self.upstream.requests) >= 30))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.upstream.release.set()
        self.assertLess(len(rows(self.read("out.jsonl"))), 10)
        self.assertTrue(os.path.getsize(out + ".early") > 0)
        with open(out, "a") as file:
            file.write('{"id": 5, "answ')  # as a kill in the middle of a write leaves it
        result = self.run_llmgw("ask", "--jsonl", path, "-O", out, "-P", "4")
        self.assertExit(result, 0)
        self.assertEqual([(r["id"], r["answer"]) for r in rows(self.read("out.jsonl"))], [(i, "p%d" % i) for i in range(60)])
        self.assertFalse(os.path.exists(out + ".early"))
        # Only what was under way is asked again.
        self.assertLessEqual(len(self.upstream.requests), 60 + 4)
        self.assertIn("were there already", result.stderr)
        before = len(self.upstream.requests)
        self.assertExit(self.run_llmgw("ask", "--jsonl", path, "-O", out), 0)
        self.assertEqual(len(self.upstream.requests), before)

    def test_an_interrupt_keeps_what_is_done(self):
        path = self.write_lines([{"prompt": str(i), "model": "up/slow:0.1"} for i in range(50)])
        out = self.path("out.jsonl")
        process = self.start("ask", "--jsonl", path, "-O", out, "-P", "2")
        self.assertTrue(until(lambda: len(self.upstream.requests) >= 10))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 130)
        self.assertIn("the same command goes on", process.stderr.read())
        done = rows(self.read("out.jsonl"))
        self.assertTrue(8 <= len(done) < 50)
        self.assertTrue(all(r["answer"] for r in done))

    def test_answers_to_other_questions_are_not_written_over(self):
        out = self.write("out.jsonl", '{"id":"other","answer":"x"}\n')
        result = self.run_llmgw("ask", "--jsonl", self.write_lines([json.dumps("a")]), "-O", out)
        self.assertExit(result, 2)
        self.assertIn("other questions", result.stderr)
        self.assertEqual(self.read("out.jsonl"), '{"id":"other","answer":"x"}\n')

    def test_two_runs_do_not_write_one_file(self):
        path = self.write_lines([{"prompt": "x", "model": "up/held"}])
        out = self.path("out.jsonl")
        self.start("ask", "--jsonl", path, "-O", out)
        self.assertTrue(until(lambda: self.upstream.requests))
        result = self.run_llmgw("ask", "--jsonl", path, "-O", out)
        self.assertExit(result, 2)
        self.assertIn("another run", result.stderr)

    def test_two_lines_cannot_have_one_id(self):
        result = self.run_llmgw("ask", "--jsonl", self.write_lines([{"id": 2, "prompt": "x"}, json.dumps("y")]))
        self.assertExit(result, 2)
        self.assertIn("in.jsonl:2: the id 2 stands in line 1 too", result.stderr)

    def test_a_cost_limit_stops_the_run_so_that_it_can_go_on(self):
        out = self.path("out.jsonl")
        result = self.run_llmgw("ask", "--jsonl", self.write_lines([json.dumps("a"), json.dumps("b")]), "-O", out, "--max-cost", "1")
        self.assertExit(result, 3)
        self.assertIn("its price is not known", result.stderr)
        self.assertEqual(self.upstream.requests, [])
        self.assertEqual(self.read("out.jsonl"), "")

    def test_a_schema_holds_for_every_line(self):
        schema = self.write("s.json", '{"type":"integer"}')
        path = self.write_lines([{"prompt": "x", "model": "up/json:7"}, {"prompt": "x", "model": "up/json:seven"}])
        result = self.run_llmgw("ask", "--jsonl", path, "--schema", schema)
        self.assertExit(result, 1)
        out = rows(result.stdout)
        self.assertEqual((out[0]["answer"], out[1]["answer"]), ("7", None))
        self.assertIn("does not fit the schema", out[1]["error"]["message"])


if __name__ == "__main__":
    unittest.main()
