"""LiteLLM, LangChain and Pydantic AI against the binary: each with the client that it has for a vendor, served by
the same dialect and by another, with a fallback."""

import os
import sys
import unittest
from pathlib import Path

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the internet for prices

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
from program import Gateway, Mock  # noqa: E402

import anthropic  # noqa: E402
import litellm  # noqa: E402
import openai  # noqa: E402
from langchain_anthropic import ChatAnthropic  # noqa: E402
from langchain_core.messages import HumanMessage, ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI, OpenAIEmbeddings  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from pydantic_ai import Agent  # noqa: E402
from pydantic_ai.exceptions import ModelHTTPError  # noqa: E402
from pydantic_ai.models.anthropic import AnthropicModel  # noqa: E402
from pydantic_ai.models.openai import OpenAIChatModel  # noqa: E402
from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: E402
from pydantic_ai.providers.openai import OpenAIProvider  # noqa: E402

CONFIG = """
[providers.plain]
kind = "openai-compatible"
base_url = "MOCK/v1"
keys = [{ name = "k", value = "sk-plain-1234" }]
retries = { max = 0 }
[providers.claude]
kind = "anthropic"
base_url = "MOCK/anthropic/v1"
keys = [{ name = "k", value = "sk-ant-1234" }]
retries = { max = 0 }
[routes.rescued]
targets = ["plain/fail-503"]
fallbacks = ["claude/echo"]
"""
# Served as asked, by the other vendor's dialect, and by a fallback.
ECHOES = ("plain/echo", "claude/echo", "rescued")
TOOLS = ("plain/tool", "claude/tool")


def setUpModule():
    global mock, gateway
    mock = Mock()
    gateway = Gateway(CONFIG.replace("MOCK", mock.url))


def tearDownModule():
    code = gateway.stop()
    mock.stop()
    assert code == 0, f"serve ended with {code}:\n{gateway.stderr()}"


@tool
def weather(city: str) -> str:
    """How the weather is."""
    return "sunny"


class LiteLlm(unittest.TestCase):
    def clients(self):
        return (("openai/", gateway.url + "/litellm/v1"), ("anthropic/", gateway.url + "/litellm"))

    def ask(self, prefix, base, model, **more):
        return litellm.completion(model=prefix + model, api_base=base, api_key="sk-any", num_retries=0, timeout=20,
                                  messages=[{"role": "user", "content": "Grüße"}], **more)

    def test_answers_whole_and_streamed(self):
        for prefix, base in self.clients():
            for model in ECHOES:
                with self.subTest(prefix + model):
                    reply = self.ask(prefix, base, model)
                    self.assertEqual(reply.choices[0].message.content, "Grüße")
                    self.assertGreater(reply.usage.total_tokens, 0)
                    text = "".join(chunk.choices[0].delta.content or "" for chunk in self.ask(prefix, base, model, stream=True))
                    self.assertEqual(text, "Grüße")

    def test_errors_are_typed(self):
        for prefix, base in self.clients():
            for model, error in (("plain/fail-429", litellm.RateLimitError), ("claude/fail-429", litellm.RateLimitError),
                                 ("plain/fail-400", litellm.BadRequestError)):
                with self.subTest(prefix + model), self.assertRaises(error):
                    self.ask(prefix, base, model)


class LangChain(unittest.TestCase):
    def clients(self, model):
        return (ChatOpenAI(model=model, base_url=gateway.url + "/langchain/v1", api_key="sk-any", max_retries=0, timeout=20),
                ChatAnthropic(model=model, base_url=gateway.url + "/langchain", api_key="sk-any", max_retries=0, timeout=20, max_tokens=500))

    def test_answers_whole_and_streamed(self):
        for model in ECHOES:
            for client in self.clients(model):
                with self.subTest(model, client=type(client).__name__):
                    reply = client.invoke("Grüße")
                    self.assertEqual(reply.text, "Grüße")
                    self.assertGreater(reply.usage_metadata["total_tokens"], 0)
                    self.assertEqual("".join(chunk.text for chunk in client.stream("Grüße")), "Grüße")

    def test_tools_go_round(self):
        for model in TOOLS:
            for client in self.clients(model):
                with self.subTest(model, client=type(client).__name__):
                    bound = client.bind_tools([weather])
                    turns = [HumanMessage("How is it?")]
                    called = bound.invoke(turns)
                    self.assertEqual(called.tool_calls[0]["name"], "weather")
                    turns += [called, ToolMessage(weather.invoke({"city": "x"}), tool_call_id=called.tool_calls[0]["id"])]
                    self.assertIn("sunny", bound.invoke(turns).text)

    def test_structured_output(self):
        class Place(BaseModel):
            city: str
            people: int

        for model in ("plain/json", "claude/json"):
            with self.subTest(model):
                client = self.clients(model)[0].with_structured_output(Place, method="json_schema")
                self.assertIsInstance(client.invoke("Where?"), Place)

    def test_errors_are_the_sdks_own(self):
        for model in ("plain/fail-429", "claude/fail-429"):
            for client, error in zip(self.clients(model), (openai.RateLimitError, anthropic.RateLimitError)):
                with self.subTest(model, client=type(client).__name__), self.assertRaises(error):
                    client.invoke("x")

    def test_embeddings(self):
        client = OpenAIEmbeddings(model="plain/echo", base_url=gateway.url + "/langchain/v1", api_key="sk-any", check_embedding_ctx_length=False)
        self.assertEqual(len(client.embed_documents(["a", "b"])), 2)


class PydanticAi(unittest.TestCase):
    def models(self, name):
        return (OpenAIChatModel(name, provider=OpenAIProvider(base_url=gateway.url + "/pydanticai/v1", api_key="sk-any")),
                AnthropicModel(name, provider=AnthropicProvider(
                    anthropic_client=anthropic.AsyncAnthropic(base_url=gateway.url + "/pydanticai", api_key="sk-any", max_retries=0))))

    def test_an_agent_answers(self):
        for name in ECHOES:
            for model in self.models(name):
                with self.subTest(name, model=type(model).__name__):
                    result = Agent(model).run_sync("Grüße")
                    self.assertEqual(result.output, "Grüße")

    def test_an_agents_tool_is_called(self):
        for name in TOOLS:
            for model in self.models(name):
                with self.subTest(name, model=type(model).__name__):
                    calls = []
                    agent = Agent(model)

                    @agent.tool_plain
                    def weather(city: str) -> str:
                        calls.append(city)
                        return "sunny"

                    self.assertIn("sunny", agent.run_sync("How is it?").output)
                    self.assertEqual(len(calls), 1)

    def test_an_agents_answer_streams(self):
        import asyncio

        async def run(model):
            async with Agent(model).run_stream("Grüße") as result:
                return await result.get_output()

        for name in ECHOES:
            for model in self.models(name):
                with self.subTest(name, model=type(model).__name__):
                    self.assertEqual(asyncio.run(run(model)), "Grüße")

    def test_errors_have_their_status(self):
        for name in ("plain/fail-429", "claude/fail-429"):
            model = self.models(name)[0]
            with self.subTest(name), self.assertRaises(ModelHTTPError) as caught:
                Agent(model).run_sync("x")
            self.assertEqual(caught.exception.status_code, 429)


if __name__ == "__main__":
    sys.exit(unittest.main())
