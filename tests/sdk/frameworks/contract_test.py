"""LiteLLM, LangChain and Pydantic AI against the binary, each with the client that it has for a vendor, held to the
contract of every client."""

import asyncio
import gc
import json
import os
import sys
import unittest
from pathlib import Path

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the internet for prices
os.environ.update(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from contract import CITY, Contract, status_in, world  # noqa: E402

import anthropic  # noqa: E402
import boto3  # noqa: E402
import litellm  # noqa: E402
from langchain_anthropic import ChatAnthropic  # noqa: E402
from langchain_aws import ChatBedrockConverse  # noqa: E402
from langchain_core.messages import HumanMessage, ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_google_genai import ChatGoogleGenerativeAI  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402
from pydantic_ai import Agent, StructuredDict  # noqa: E402
from pydantic_ai.exceptions import ModelHTTPError  # noqa: E402
from pydantic_ai.models.anthropic import AnthropicModel  # noqa: E402
from pydantic_ai.models.google import GoogleModel  # noqa: E402
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # noqa: E402
from pydantic_ai.output import NativeOutput  # noqa: E402
from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: E402
from pydantic_ai.providers.google import GoogleProvider  # noqa: E402
from pydantic_ai.providers.openai import OpenAIProvider  # noqa: E402


def setUpModule():
    world.start()


def tearDownModule():
    world.stop()


@tool
def weather(city: str) -> str:
    """How the weather is."""
    return "sunny"


class LiteLlm(Contract):
    prefix, path = "openai/", "/litellm/v1"
    leaves = False  # its wrapper of a stream has no close()

    def tearDown(self):
        gc.collect()  # until then its Anthropic client holds the connection of every stream that it read

    def call(self, model, messages, headers={}, **more):
        return litellm.completion(model=self.prefix + model, api_base=world.url + self.path, api_key="any", num_retries=0, timeout=20,
                                  messages=messages, extra_headers=headers, **more)

    def ask(self, model, text, headers):
        reply = self.call(model, [{"role": "user", "content": text}], headers)
        return reply.choices[0].message.content, reply.usage.prompt_tokens, reply.usage.completion_tokens

    def stream(self, model, text, headers):
        for chunk in self.call(model, [{"role": "user", "content": text}], headers, stream=True):
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""

    def tool(self, model):
        tools = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
        messages = [{"role": "user", "content": "weather?"}]
        message = self.call(model, messages, tools=tools).choices[0].message
        messages += [message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}]
        return self.call(model, messages, tools=tools).choices[0].message.content

    def structured(self, model, schema):
        wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
        return json.loads(self.call(model, [{"role": "user", "content": "where?"}], response_format=wanted).choices[0].message.content)

    def status(self, error):
        return getattr(error, "status_code", None)


class LiteLlmOpenAi(LiteLlm, unittest.TestCase):
    pass


class LiteLlmAnthropic(LiteLlm, unittest.TestCase):
    prefix, path = "anthropic/", "/litellm"
    structures = ()  # it asks models that it doesn't know for it by a tool of its own


class LiteLlmGemini(LiteLlm, unittest.TestCase):
    prefix, path = "gemini/", "/litellm/genai/v1beta"
    structures = ()  # it asks models that it doesn't know for it in words


class LangChain(Contract):
    def client(self, model, headers):
        raise NotImplementedError

    def ask(self, model, text, headers):
        reply = self.client(model, headers).invoke(text)
        usage = reply.usage_metadata
        return reply.text, usage["input_tokens"], usage["output_tokens"]

    def stream(self, model, text, headers):
        chunks = self.client(model, headers).stream(text)
        try:
            for chunk in chunks:
                if chunk.text:
                    yield chunk.text
        finally:
            chunks.close()

    def tool(self, model):
        bound = self.client(model, {}).bind_tools([weather])
        turns = [HumanMessage("How is it?")]
        called = bound.invoke(turns)
        turns += [called, ToolMessage(weather.invoke({"city": "x"}), tool_call_id=called.tool_calls[0]["id"], name="weather")]
        return bound.invoke(turns).text

    def structured(self, model, schema):
        return self.client(model, {}).with_structured_output({"title": "Place", **schema}, method="json_schema").invoke("Where?")

    def status(self, error):
        for e in (error, error.__cause__):
            for name in ("status_code", "code"):
                if isinstance(getattr(e, name, None), int):
                    return getattr(e, name)
        return status_in(error)


class LangChainOpenAi(LangChain, unittest.TestCase):
    def client(self, model, headers):
        return ChatOpenAI(model=model, base_url=world.url + "/langchain/v1", api_key="any", max_retries=0, timeout=20,
                          default_headers=headers)


class LangChainAnthropic(LangChain, unittest.TestCase):
    leaves = False  # closing its generator leaves the SDK's stream open until it is collected

    def client(self, model, headers):
        return ChatAnthropic(model=model, base_url=world.url + "/langchain", api_key="any", max_retries=0, timeout=20, max_tokens=500,
                             default_headers=headers)


class LangChainGoogle(LangChain, unittest.TestCase):
    own = {"google 401": 400}  # API_KEY_INVALID

    def client(self, model, headers):
        return ChatGoogleGenerativeAI(model=model, base_url=world.url + "/langchain/genai", google_api_key="any", max_retries=1, timeout=20,
                                      additional_headers=headers)


class LangChainAws(LangChain, unittest.TestCase):
    leaves = False  # closing its generator leaves boto3's stream open until it is collected
    own = {"aws 404": 400}  # "The provided model identifier is invalid."

    def client(self, model, headers):
        client = boto3.client("bedrock-runtime", endpoint_url=world.url + "/langchain/bedrock", region_name="us-east-1",
                              config=boto3.session.Config(retries={"total_max_attempts": 1}))
        client.meta.events.register("before-call", lambda params, **_: params["headers"].update(headers))
        # The model's name says nothing of what it can do: tools are offered all the same.
        return ChatBedrockConverse(model=model, provider="anthropic", client=client, bedrock_client=client)

    def status(self, error):
        return getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")


class PydanticAi(Contract):
    leaves = False  # its synchronous calls wait for the whole answer; asyncio's cancel is openai's and anthropic's own

    def model(self, name, headers):
        raise NotImplementedError

    def ask(self, model, text, headers):
        result = Agent(self.model(model, headers)).run_sync(text, model_settings={"extra_headers": headers})
        usage = result.usage() if callable(result.usage) else result.usage
        return result.output, usage.input_tokens, usage.output_tokens

    def stream(self, model, text, headers):
        async def run():
            async with Agent(self.model(model, headers)).run_stream(text, model_settings={"extra_headers": headers}) as result:
                return [piece async for piece in result.stream_text(delta=True)]

        yield from asyncio.run(run())

    def tool(self, model):
        agent = Agent(self.model(model, {}))

        @agent.tool_plain
        def weather(city: str) -> str:
            return "sunny"

        return agent.run_sync("weather?").output

    def structured(self, model, schema):
        return Agent(self.model(model, {}), output_type=NativeOutput(StructuredDict(schema, name="place"))).run_sync("where?").output

    def status(self, error):
        return error.status_code if isinstance(error, ModelHTTPError) else None


def openai_provider():
    return OpenAIProvider(base_url=world.url + "/pydanticai/v1", api_key="any")


class PydanticAiChat(PydanticAi, unittest.TestCase):
    def model(self, name, headers):
        return OpenAIChatModel(name, provider=openai_provider())


class PydanticAiResponses(PydanticAi, unittest.TestCase):
    def model(self, name, headers):
        return OpenAIResponsesModel(name, provider=openai_provider())


class PydanticAiAnthropic(PydanticAi, unittest.TestCase):
    structures = ()  # it asks only models that it knows by name for structured output

    def model(self, name, headers):
        client = anthropic.AsyncAnthropic(base_url=world.url + "/pydanticai", api_key="any", max_retries=0)
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


class PydanticAiGoogle(PydanticAi, unittest.TestCase):
    own = {"google 401": 400}  # API_KEY_INVALID

    def model(self, name, headers):
        return GoogleModel(name, provider=GoogleProvider(api_key="any", base_url=world.url + "/pydanticai/genai"))


if __name__ == "__main__":
    unittest.main()
