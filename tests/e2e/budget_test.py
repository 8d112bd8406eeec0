"""Budgets over real sockets: neither concurrency nor a kill, a cut stream or a client that leaves escapes them."""

import http.client
import json
import os
import signal
import threading
import unittest
import urllib.request

from gateway_case import GatewayCase, until

# A call of 3 tokens (upstream's fixed usage) costs 3 dollars, and may cost no more.
PRICES = '[providers.up.prices."*"]\ninput = 0\noutput = 1000000\n'
KEY = '[[virtual_keys]]\nname = "shop"\nvalue = "vk-shop"\n'
CALL_USD = 3


class BudgetTest(GatewayCase):
    def setUp(self):
        super().setUp()
        self.upstream.server.handle_error = lambda *_: None  # a killed gateway's connections break

    def start_with(self, budget, more=""):
        config = self.read("llmgw.toml")
        if PRICES not in config:
            self.write("llmgw.toml", config + PRICES + KEY + budget + more, 0o600)
        self.process = self.start("serve")
        self.url = self.process.stderr.readline().split("listens on ")[1].split()[0]
        self.port = int(self.url.rsplit(":", 1)[1])

    def ask(self, model="echo", stream=False, timeout=30, max_tokens=3):
        """The status of one call; None when its connection broke."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            body = {"model": "up/" + model, "max_tokens": max_tokens, "messages": [{"role": "user", "content": "hi"}]}
            if stream:
                body["stream"] = True
            connection.request("POST", "/v1/chat/completions", json.dumps(body),
                               {"Content-Type": "application/json", "Authorization": "Bearer vk-shop"})
            reply = connection.getresponse()
            self.last = reply.read()
            return reply.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def get(self, path):
        with urllib.request.urlopen(self.url + path) as reply:
            return json.loads(reply.read())

    def budget(self):
        return self.get("/api/keys")[0]["budget"]

    def settled(self):
        return until(lambda: self.budget()["reserved_usd"] == 0)

    def test_five_hundred_at_once_on_a_budget_for_fifty_get_fifty_answers(self):
        self.start_with('budget = { usd = %d, per = "30d" }\n' % (50 * CALL_USD))
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(self.ask())) for _ in range(500)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((statuses.count(200), statuses.count(402)), (50, 450))
        budget = self.budget()
        self.assertEqual((budget["usd"], budget["spent_usd"], budget["reserved_usd"]), (150, 150, 0))
        self.assertEqual(len(self.upstream.requests), 50)

    def test_a_spent_budget_says_so_and_everything_shows_it(self):
        self.start_with('budget = { usd = 3, per = "month", zone = "Europe/Berlin" }\nteam = "t"\n',
                        '[[teams]]\nname = "t"\nbudget = { usd = 100, per = "day" }\n')
        self.assertEqual(self.ask(), 200)
        self.assertEqual(self.ask(), 402)
        message = json.loads(self.last)["error"]["message"]
        self.assertIn("the budget of the virtual key 'shop', $3.00 per month, is spent: $3.00 of it", message)
        self.assertIn("resets at 20", message)
        levels = {b["level"]: b for b in self.get("/api/budgets")}
        self.assertEqual(levels["key shop"]["spent_usd"], 3)
        self.assertEqual(levels["team t"]["spent_usd"], 3)
        key = self.get("/api/keys")[0]
        self.assertEqual((key["name"], key["team"], key["enabled"]), ("shop", "t", True))
        self.assertNotIn("vk-shop", json.dumps(key))
        with urllib.request.urlopen(self.url + "/metrics") as page:
            self.assertIn('llmgw_budget_spent_usd{level="key shop"} 3', page.read().decode())
        shown = self.run_llmgw("keys", "spend")
        self.assertExit(shown, 0)
        self.assertRegex(shown.stdout, r"key shop\s+\$3\.00\s+month\s+\$3\.00\s+\$0")
        self.assertEqual(json.loads(self.run_llmgw("keys", "spend", "--json").stdout)[0]["spent_usd"], 3)

    def test_whatever_is_killed_under_load_what_was_answered_is_in_the_ledger(self):
        rounds, clients = int(os.environ.get("LLMGW_KILLS", "20")), 8
        answered = [0]
        lock = threading.Lock()
        for _ in range(rounds):
            self.start_with('budget = { usd = 1000000, per = "30d" }\n')
            killed = threading.Event()

            def load():
                while not killed.is_set():
                    if self.ask(timeout=5) == 200:
                        with lock:
                            answered[0] += 1

            threads = [threading.Thread(target=load) for _ in range(clients)]
            for thread in threads:
                thread.start()
            before = answered[0]
            self.assertTrue(until(lambda: answered[0] >= before + 20))
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            killed.set()
            for thread in threads:
                thread.join()
        self.start_with("")
        spent = self.budget()["spent_usd"] / CALL_USD
        self.assertGreaterEqual(spent, answered[0])
        # Beyond it only what was under way when it was killed.
        self.assertLessEqual(spent, answered[0] + rounds * clients)
        self.assertEqual(self.budget()["reserved_usd"], 0)

    def test_a_cut_stream_and_a_client_that_leaves_are_charged(self):
        self.start_with('budget = { usd = 100000, per = "30d" }\n')
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/v1/chat/completions", json.dumps(
            {"model": "up/drip", "max_tokens": 1000, "stream": True, "messages": [{"role": "user", "content": "hi"}]}),
            {"Content-Type": "application/json", "Authorization": "Bearer vk-shop"})
        self.assertGreater(len(connection.getresponse().read(1500)), 0)
        connection.close()
        self.assertTrue(self.settled())
        after_leaving = self.budget()["spent_usd"]
        self.assertGreater(after_leaving, 5)
        self.assertLess(after_leaving, 500)
        self.ask("cut", stream=True, max_tokens=1000)
        self.assertTrue(self.settled())
        self.assertGreater(self.budget()["spent_usd"], after_leaving)

    def test_a_reload_keeps_what_was_spent_and_takes_budgets_over(self):
        self.start_with('budget = { usd = 3, per = "30d" }\n')
        self.assertEqual(self.ask(), 200)
        self.write("llmgw.toml", self.read("llmgw.toml").replace("usd = 3,", "usd = 6,"), 0o600)
        self.assertTrue(until(lambda: self.budget()["usd"] == 6))
        self.assertEqual(self.budget()["spent_usd"], 3)
        self.assertEqual([self.ask(), self.ask()], [200, 402])

    def test_a_second_server_on_the_data_dir_is_an_error_that_says_so(self):
        self.start_with('budget = { usd = 3, per = "30d" }\n')
        second = self.run_llmgw("serve")
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another llmgw keeps the budgets", second.stderr)


if __name__ == "__main__":
    unittest.main()
