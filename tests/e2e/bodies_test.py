"""`[log] bodies`: what was asked and answered, in the log and out of it."""

import json
import unittest
import urllib.error
import urllib.request

from gateway_case import CONFIG, GatewayCase, until


class Bodies(GatewayCase):
    def serve_with(self, bodies):
        text = CONFIG.format(folder=self.folder, url=self.upstream.url)
        self.write("llmgw.toml", text + '\n[log]\nbodies = "%s"\n' % bodies, 0o600)
        return self.serve()

    def chat(self, url, model, text, **more):
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        request = urllib.request.Request(url + "/v1/chat/completions", data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.headers["x-llmgw-request-id"], reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.headers["x-llmgw-request-id"], error.read().decode()

    def logged(self, id):
        self.assertTrue(until(lambda: self.run_llmgw("logs", "--request", id).returncode == 0))
        return json.loads(self.run_llmgw("logs", "--request", id, "--json").stdout)

    def test_all_keeps_whole_replies_and_streams_without_keys(self):
        url = self.serve_with("all")
        for stream in (False, True):
            with self.subTest(stream=stream):
                id, reply = self.chat(url, "up/echo", "my key is sk-main-123456, zoë", stream=stream)
                bodies = self.logged(id)["bodies"]
                self.assertEqual(json.loads(bodies["request"])["messages"][0]["content"], "my key is ***, zoë")
                self.assertEqual(bodies["response"], reply.replace("sk-main-123456", "***"))
                page = self.run_llmgw("logs", "--request", id).stdout
                self.assertIn("request body", page)
                self.assertIn("my key is ***", page)

    def test_failures_keeps_those_of_which_an_attempt_failed(self):
        url = self.serve_with("failures")
        good, _ = self.chat(url, "up/echo", "fine")
        bad, reply = self.chat(url, "up/fail-500", "broken")
        rescued, _ = self.chat(url, "fast", "rescued")
        self.assertNotIn("bodies", self.logged(good))
        self.assertEqual(self.logged(bad)["bodies"]["response"], reply)
        self.assertIn("rescued", self.logged(rescued)["bodies"]["request"])

    def test_off_keeps_none(self):
        id, _ = self.chat(self.serve(), "up/fail-500", "hi")
        self.assertNotIn("bodies", self.logged(id))


if __name__ == "__main__":
    unittest.main()
