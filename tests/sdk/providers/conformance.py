"""One run per kind of the catalog: the binary as a client of the vendor, simulated on loopback."""

import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from simulated_vendor import KEY, ROOT, Vendor, fixture

import fake_provider as fake  # noqa: F401: puts tests/e2e on the path first
from program import BINARY, Gateway

TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells the weather.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": {
    "type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": False}}}
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the capital of France?"}]
SAMPLING = {"temperature": 0.2, "top_p": 0.9, "max_tokens": 64, "stop": ["END"]}
# Values for the fields that the catalog says a vendor refuses: what a client of OpenAI's may well send.
REFUSED = {"max_completion_tokens": 64, "seed": 7, "store": False, "user": "u-1", "logit_bias": {"5": 1},
           "service_tier": "auto", "logprobs": False, "top_logprobs": 0, "frequency_penalty": 0.1, "presence_penalty": 0.1,
           "parallel_tool_calls": True}
# A model of each kind's own; any name does where the model is not in the path and decides nothing.
MODELS = {"gemini": "gemini-2.5-flash", "vertex": "google/gemini-2.5-flash", "anthropic": "claude-haiku-4-5",
          "bedrock": "anthropic.claude-3-haiku-20240307-v1:0"}
EMBEDDERS = {"gemini": "gemini-embedding-001"}
EMBEDDING_DIALECTS = {"openai-embeddings", "gemini-embed", "cohere-embed"}


def catalog():
    """The catalog's rows, from the binary itself."""
    listed = subprocess.run([str(BINARY), "models", "--kinds", "--json"], check=True, capture_output=True)
    return json.loads(listed.stdout)


def base_path(row):
    """The path of the base URL that the kind has by default; for those without one, what users are told to give."""
    if row["kind"] == "azure":
        return "/openai/v1"  # below the endpoint
    url = row["base_url"].replace("{region}", "us-east5").replace("{project}", "acme")
    if row.get("openai_url", "").startswith("https://") and not row["imitates"]:
        url = row["openai_url"]  # its compatible endpoint has a home of its own
    return urllib.parse.urlsplit(url or "https://host/v1").path


def config_of(row, vendor):
    kind = row["kind"]
    lines = ["[server]", 'drain = "1s"', "[providers.vendor]", f'kind = "{kind}"']
    if kind == "azure":
        lines.append(f'endpoint = "{vendor.url}"')
    else:
        lines.append(f'base_url = "{vendor.url}{vendor.base}"')
    if kind in ("bedrock", "vertex"):
        lines.append('region = "us-east5"')
    lines += ["retries = { max = 0 }", "[[providers.vendor.keys]]", 'name = "main"']
    lines += [f'access_key = "{KEY}"', 'secret_key = "s"'] if row["auth"] == "sigv4" else [f'value = "{KEY}"']
    return "\n".join(lines) + "\n"


class Failed(Exception):
    """What a run expected and did not see."""


def same(what, seen, expected):
    if seen != expected:
        raise Failed(f"{what}: {seen!r}, not {expected!r}")


class Run:
    """The calls of one kind. Each step raises Failed; result() is what the matrix shows."""

    def __init__(self, row):
        self.row, self.kind = row, row["kind"]
        self.vendor = Vendor(row, base_path(row))
        self.directory = tempfile.mkdtemp(prefix="llmgw-test-")
        self.gateway = Gateway(config_of(row, self.vendor), args=["--loops", "1"], directory=self.directory)
        self.usages = []  # (request id, expected)
        self.errors = []  # (fixture's name, status, class)

    def close(self):
        self.gateway.stop()
        self.vendor.close()

    def post(self, path, body, status=200):
        seen, headers, reply = self.gateway.post(path, body)
        if self.vendor.faults:
            raise Failed("; ".join(self.vendor.faults))
        same(f"the status of {path} ({json.dumps(reply)[:500]})", seen, status)
        return headers, reply

    def ask(self, **more):
        body = {"model": "vendor/" + MODELS.get(self.kind, "a-model"), "messages": ASKED, **SAMPLING, **more}
        if "max_completion_tokens" in body:
            del body["max_tokens"]
        return body

    def expected(self, case):
        """What the fixture of the call that was just made says of it."""
        for name in (case + "_v2", case + "_claude") if self._last_is("/v2/") or self._last_is("awPredict") else (case,):
            if (data := fixture(self.kind, name)) is not None:
                return data["expect"]
        raise Failed(f"no fixture {case}")

    def _last_is(self, mark):
        return mark in self.vendor.server.seen[-1].line

    def whole(self, case, body):
        headers, reply = self.post("/v1/chat/completions", body)
        expect = self.expected(case)
        self.usages.append((headers["x-llmgw-request-id"], expect["usage"]))
        message = reply["choices"][0]["message"]
        self._check_message(expect, message.get("content"), message.get("tool_calls"),
                            reply["choices"][0]["finish_reason"])
        for name in ("prompt_tokens", "completion_tokens"):
            same(f"usage.{name} of the reply", reply["usage"][name], expect["usage"][name])

    def stream(self, case, body):
        request = urllib.request.Request(self.gateway.url + "/v1/chat/completions", method="POST", headers={
            "Content-Type": "application/json"}, data=json.dumps({**body, "stream": True, "stream_options": {
                "include_usage": True}}).encode())
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                request_id, text = reply.headers["x-llmgw-request-id"], reply.read().decode()
        except urllib.error.HTTPError as error:
            raise Failed(f"{'; '.join(self.vendor.faults)} {error.code}: {error.read().decode()[:500]}") from None
        if self.vendor.faults:
            raise Failed("; ".join(self.vendor.faults))
        events = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        same("the end of the stream", events[-1], "[DONE]")
        content, calls, finish = "", {}, None
        for event in map(json.loads, events[:-1]):
            for choice in event["choices"]:
                delta, finish = choice["delta"], choice["finish_reason"] or finish
                content += delta.get("content") or ""
                for call in delta.get("tool_calls") or []:
                    function = calls.setdefault(call.get("index", 0), {"name": "", "arguments": ""})
                    function["name"] = function["name"] or call["function"].get("name") or ""
                    function["arguments"] += call["function"].get("arguments") or ""
        expect = self.expected(case)
        self.usages.append((request_id, expect["usage"]))
        self._check_message(expect, content, [{"function": f} for f in calls.values()], finish)

    @staticmethod
    def _check_message(expect, content, calls, finish):
        if "text" in expect:
            same("the text", content, expect["text"])
            same("finish_reason", finish, "stop")
            return
        [call] = calls or [None]
        same("the tool's name", call["function"]["name"], expect["tool"]["name"])
        same("the tool's arguments", json.loads(call["function"]["arguments"]), expect["tool"]["arguments"])
        same("finish_reason", finish, "tool_calls")

    def chat(self):
        refused = {name: REFUSED[name] for name in self.row["refused_fields"] if name != "stream_options"}
        self.whole("chat", self.ask(**refused))

    def streamed(self):
        self.stream("chat", self.ask())

    def tools(self):
        if "unsupported" in (fixture(self.kind, "tools") or {}):
            return False
        self.whole("tools", self.ask(tools=[TOOL], tool_choice="auto"))
        self.stream("tools", self.ask(tools=[TOOL]))
        call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
        if self.kind == "mistral":
            call["id"] = "D681PevKs"  # it takes ids of nine letters and digits alone
        self.whole("chat", self.ask(tools=[TOOL], messages=[
            *ASKED, {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": "Sunny, 21 degrees."}]))
        return True

    def schema(self):
        self.whole("chat", self.ask(response_format=SCHEMA))

    def embeddings(self):
        if not EMBEDDING_DIALECTS & set(self.row["dialects"]):
            return False
        model = "vendor/" + EMBEDDERS.get(self.kind, "an-embedder")
        _, reply = self.post("/v1/embeddings", {"model": model, "input": ["one", "two"]})
        data = fixture(self.kind, "embeddings_v2" if self._last_is("/v2/embed") else "embeddings")
        same("the vectors", [one["embedding"] for one in reply["data"]], data["expect"]["vectors"])
        return True

    def claude_at_vertex(self):
        if self.kind == "vertex":
            model = {"model": "vendor/claude-sonnet-4-5@20250929"}
            self.whole("chat", self.ask(**model))
            self.stream("chat", self.ask(**model))
            self.whole("tools", self.ask(tools=[TOOL], **model))

    def error_table(self):
        """Each error that the vendor is known to send comes to its class; a model each, as rests are by model."""
        folder = ROOT / "tests/wire/errors" / self.kind
        for number, path in enumerate(sorted(folder.glob("*.json"))):
            data = json.loads(path.read_text())
            body = data["body"] if isinstance(data["body"], str) else json.dumps(data["body"])
            headers = {"Content-Type": "application/json", **data.get("headers", {})}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() != "content-type")
            self.vendor.error = (data["status"], lines, body.encode())
            model = {"vertex": "google/gemini-{}", "gemini": "gemini-{}"}.get(self.kind, "m-{}").format(number)
            _, _, reply = self.gateway.post("/v1/chat/completions", {**self.ask(), "model": "vendor/" + model})
            [attempt] = reply["extra_fields"]["attempts"]
            same("the vendor's last call", json.loads(self.vendor.server.seen[-1].body).get("model", model), model)
            same(f"the class of {self.kind}/{path.name} ({attempt})", attempt.get("class"), data["expect"]["class"])
            code = read_code(data["body"])
            self.errors.append((data["status"], code, data["expect"]["class"], data["source"]))
        self.vendor.error = None

    def limits(self):
        """A 429 that tells its wait in the vendor's own header is waited for."""
        for name in ("request_limit_headers", "token_limit_headers"):
            headers = self.row[name]
            if "reset" not in headers:
                continue
            reset = "30s"
            if self.kind == "anthropic":
                reset = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 31))
            elif self.kind == "openrouter":
                reset = str(int(time.time() * 1000) + 30_000)
            self.vendor.error = (429, f"{headers['remaining']}: 0\r\n{headers['reset']}: {reset}\r\n",
                                 b'{"error":{"message":"slow down"}}')
            _, _, reply = self.gateway.post("/v1/chat/completions", {**self.ask(), "model": f"vendor/limited-{name}"})
            [attempt] = reply["extra_fields"]["attempts"]
            same(f"the class of a 429 ({attempt})", attempt.get("class"), "rate_limit")
            wait = attempt.get("retry_after_s") or 0
            if not 25 <= wait <= 32:
                raise Failed(f"{headers['reset']}: {reset} was read as a wait of {wait} s")
        self.vendor.error = None

    def usage(self):
        """What the request log has of each call, streams included."""
        log = subprocess.run(
            [str(BINARY), "logs", "-c", str(self.gateway.config_path), "--json", "-n", "1000"], capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": self.directory, "XDG_DATA_HOME": self.directory}).stdout
        records = {r["request_id"]: r for r in map(json.loads, log.splitlines())}
        names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens",
                 "cached_tokens": "cached_input_tokens", "reasoning_tokens": "reasoning_tokens"}
        for request_id, expect in self.usages:
            seen = {name: records[request_id].get(names[name]) for name in expect}
            same(f"the tokens in the log (stream: {records[request_id]['stream']})", seen, expect)

    def result(self):
        """Runs all; what the matrix shows of this kind."""
        self.chat()
        self.streamed()
        tools = self.tools()
        self.schema()
        self.claude_at_vertex()
        embeddings = self.embeddings()
        until = time.monotonic() + 5
        while True:  # the log is written behind the reply
            try:
                self.usage()
                break
            except KeyError:
                if time.monotonic() > until:
                    raise Failed("a call is not in the log") from None
                time.sleep(0.05)
        self.error_table()
        self.limits()
        return {"tools": tools, "embeddings": embeddings, "errors": self.errors,
                "unsupported": (fixture(self.kind, "tools") or {}).get("unsupported"),
                "checked_by": sorted(self.vendor.checked_by), "beyond": sorted(self.vendor.beyond),
                "sources": sorted(self.vendor.sources)}


def read_code(body):
    """A short name of an error body: its code, type or status; "" where it has none."""
    if isinstance(body, list):
        body = body[0] if body else {}
    if not isinstance(body, dict):
        return ""
    inner = body.get("error", body)
    inner = inner if isinstance(inner, dict) else body
    for name in ("code", "type", "status", "__type"):
        if isinstance(inner.get(name), str) and inner[name]:
            return inner[name]
    return ""
