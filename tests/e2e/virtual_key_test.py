"""Virtual keys: who may come in, what each may use, and what its clients are told, in every dialect."""

import json
import unittest
import urllib.error
import urllib.request

from gateway_case import GatewayCase, until

KEYS = """
[providers.plan]
kind = "openai"
base_url = "URL"
forward_auth = true
[[virtual_keys]]
name = "shop"
value = "vk-shop"
models = ["echo", "up/count:*"]
rate = { requests = 3, per = "1h" }
extra_fields = "basic"
[[virtual_keys]]
name = "lab"
value = "env:VK_LAB"
[[virtual_keys]]
name = "old"
value = "vk-old"
expires = "2020-01-01"
"""
CHAT = {"messages": [{"role": "user", "content": "hello"}]}


class VirtualKeyTest(GatewayCase):
    def setUp(self):
        super().setUp()
        self.environment["VK_LAB"] = "vk-lab"
        config = self.read("llmgw.toml")
        self.write("llmgw.toml", config + KEYS.replace("URL", self.upstream.url), 0o600)
        self.url = self.serve()

    def ask(self, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, {
            "Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, dict(reply.headers), json.loads(reply.read())
        except urllib.error.HTTPError as e:
            return e.code, dict(e.headers), json.loads(e.read())

    def test_no_key_and_an_unknown_one_are_refused_in_the_dialect_of_the_path(self):
        for path, body, message in (("/v1/chat/completions", {"model": "up/echo", **CHAT}, lambda r: r["error"]["message"]),
                                    ("/v1/models", None, lambda r: r["error"]["message"]),
                                    ("/anthropic/v1/messages", {"model": "up/echo", "max_tokens": 9, **CHAT}, lambda r: r["error"]["message"]),
                                    ("/genai/v1beta/models/up%2Fecho:generateContent", {"contents": [{"parts": [{"text": "x"}]}]},
                                     lambda r: r["error"]["message"]),
                                    ("/bedrock/model/up%2Fecho/converse", {"messages": []}, lambda r: r["message"])):
            for headers in ({}, {"Authorization": "Bearer sk-app"}, {"x_llmgw_key": "vk-none"}):
                with self.subTest(path=path, headers=headers):
                    status, _, reply = self.ask(path, body, **headers)
                    self.assertEqual(status, 401)
                    self.assertIn("key", message(reply))
        self.assertEqual(self.upstream.requests, [])

    def test_a_key_opens_what_it_may_use_and_its_value_goes_no_further(self):
        status, _, reply = self.ask("/v1/chat/completions", {"model": "up/echo", **CHAT}, Authorization="Bearer vk-shop")
        self.assertEqual((status, reply["choices"][0]["message"]["content"]), (200, "hello"))
        self.assertEqual(set(reply["extra_fields"]), {"provider", "model", "request_id"})
        status, _, reply = self.ask("/anthropic/v1/messages", {"model": "up/echo", "max_tokens": 9, **CHAT}, x_api_key="vk-lab")
        self.assertEqual((status, reply["content"][0]["text"]), (200, "hello"))
        self.assertEqual(set(self.upstream.keys), {"Bearer sk-main-123456"})
        self.assertTrue(until(lambda: len(self.logs()) == 2))
        self.assertCountEqual([r["virtual_key"] for r in self.logs()], ["lab", "shop"])  # loops log on their own

    def logs(self):
        return [json.loads(line) for line in self.run_llmgw("logs", "--json").stdout.splitlines()]

    def test_a_model_that_a_key_may_not_use_is_a_403_and_not_in_its_list(self):
        status, _, reply = self.ask("/v1/chat/completions", {"model": "up/code", **CHAT}, Authorization="Bearer vk-shop")
        self.assertEqual(status, 403)
        self.assertIn("the virtual key 'shop' may not use the model code", reply["error"]["message"])
        everything = self.ask("/v1/models", Authorization="Bearer vk-lab")[2]["data"]
        allowed = self.ask("/v1/models", Authorization="Bearer vk-shop")[2]["data"]
        self.assertLess(len(allowed), len(everything))
        self.assertNotIn("up/gpt-4o", [m["id"] for m in allowed])

    def test_a_spent_rate_is_a_429_that_says_when_it_resets(self):
        for _ in range(3):
            self.assertEqual(self.ask("/v1/chat/completions", {"model": "up/echo", **CHAT}, api_key="vk-shop")[0], 200)
        status, headers, reply = self.ask("/v1/chat/completions", {"model": "up/echo", **CHAT}, api_key="vk-shop")
        self.assertEqual(status, 429)
        self.assertIn("has used its 3 requests", reply["error"]["message"])
        self.assertGreater(int(headers["Retry-After"]), 3000)

    def test_a_login_goes_to_its_provider_and_the_virtual_key_beside_it_does_not(self):
        asked = {"model": "plan/echo", **CHAT}
        status, _, _ = self.ask("/v1/chat/completions", asked, Authorization="Bearer login-of-an-agent", x_llmgw_key="vk-lab")
        self.assertEqual(status, 200)
        self.assertEqual(self.upstream.keys, ["Bearer login-of-an-agent"])
        # A virtual key is no login: it goes no further.
        self.ask("/v1/chat/completions", asked, Authorization="Bearer vk-lab")
        self.assertEqual(self.upstream.keys, ["Bearer login-of-an-agent", ""])

    def test_two_keys_are_a_400_and_an_ended_one_a_401(self):
        self.assertEqual(self.ask("/v1/models", Authorization="Bearer vk-shop", x_api_key="vk-lab")[0], 400)
        status, _, reply = self.ask("/v1/models", Authorization="Bearer vk-old")
        self.assertEqual(status, 401)
        self.assertIn("'old' expired 2020-01-01", reply["error"]["message"])

    def test_a_reload_takes_keys_in_and_out_and_keeps_what_they_used(self):
        self.assertEqual(self.ask("/v1/chat/completions", {"model": "up/echo", **CHAT}, api_key="vk-shop")[0], 200)
        config = self.read("llmgw.toml").replace('"vk-old"', '"vk-new"').replace('expires = "2020-01-01"', "").replace("requests = 3", "requests = 1")
        self.write("llmgw.toml", config, 0o600)
        self.assertTrue(until(lambda: self.ask("/v1/models", Authorization="Bearer vk-new")[0] == 200))
        self.assertEqual(self.ask("/v1/models", Authorization="Bearer vk-old")[0], 401)
        self.assertEqual(self.ask("/v1/chat/completions", {"model": "up/echo", **CHAT}, api_key="vk-shop")[0], 429)


if __name__ == "__main__":
    unittest.main()
