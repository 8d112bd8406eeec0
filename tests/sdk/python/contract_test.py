"""openai, anthropic, google-genai and boto3 against the binary, held to the contract of every client."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from contract import CITY, Contract, world  # noqa: E402

import anthropic  # noqa: E402
import boto3  # noqa: E402
import openai  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from google import genai  # noqa: E402
from google.genai import errors, types  # noqa: E402


def setUpModule():
    world.start()


def tearDownModule():
    world.stop()


def user(content):
    return [{"role": "user", "content": content}]


class OpenAi(Contract):
    def setUp(self):
        self.client = openai.OpenAI(base_url=world.url + "/v1", api_key="any", max_retries=0, timeout=20)

    def status(self, error):
        return error.status_code if isinstance(error, openai.APIStatusError) else None


class OpenAiChat(OpenAi, unittest.TestCase):
    tools = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]

    def call(self, model, text, headers={}, **more):
        return self.client.chat.completions.create(model=model, messages=user(text), extra_headers=headers, **more)

    def ask(self, model, text, headers):
        reply = self.call(model, text, headers)
        return reply.choices[0].message.content, reply.usage.prompt_tokens, reply.usage.completion_tokens

    def stream(self, model, text, headers):
        with self.call(model, text, headers, stream=True) as chunks:
            for chunk in chunks:
                yield chunk.choices[0].delta.content or ""

    def tool(self, model):
        message = self.call(model, "weather?", tools=self.tools).choices[0].message
        messages = user("weather?") + [message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}]
        return self.client.chat.completions.create(model=model, messages=messages, tools=self.tools).choices[0].message.content

    def structured(self, model, schema):
        wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
        return json.loads(self.call(model, "where?", response_format=wanted).choices[0].message.content)


class OpenAiResponses(OpenAi, unittest.TestCase):
    tools = [{"type": "function", "name": "weather", "parameters": CITY, "strict": True}]

    def ask(self, model, text, headers):
        reply = self.client.responses.create(model=model, input=text, extra_headers=headers)
        return reply.output_text, reply.usage.input_tokens, reply.usage.output_tokens

    def stream(self, model, text, headers):
        with self.client.responses.stream(model=model, input=text, extra_headers=headers) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    yield event.delta

    def tool(self, model):
        asked = user("weather?")
        reply = self.client.responses.create(model=model, input=asked, tools=self.tools)
        call = [item for item in reply.output if item.type == "function_call"][0]
        asked += [item.to_dict() for item in reply.output]
        asked.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
        return self.client.responses.create(model=model, input=asked, tools=self.tools).output_text

    def structured(self, model, schema):
        wanted = {"format": {"type": "json_schema", "name": "place", "schema": schema, "strict": True}}
        return json.loads(self.client.responses.create(model=model, input="where?", text=wanted).output_text)

    def test_the_helper_sees_a_cut_stream_fail(self):
        for target in ("mock", "claude", "chat"):
            with self.subTest(target), self.client.responses.stream(model=target + "/cut", input="hi") as stream:
                events = list(stream)
                self.assertEqual(events[-1].type, "response.failed")
                self.assertEqual(events[-1].response.id, events[0].response.id)
                self.assertIn("broke off", events[-1].response.error.message)


class Anthropic(Contract, unittest.TestCase):
    tools = [{"name": "weather", "input_schema": CITY}]

    def setUp(self):
        self.client = anthropic.Anthropic(base_url=world.url + "/anthropic", api_key="any", max_retries=0, timeout=20)

    def call(self, model, messages, headers={}, **more):
        return self.client.messages.create(model=model, max_tokens=500, messages=messages, extra_headers=headers, **more)

    def ask(self, model, text, headers):
        reply = self.call(model, user(text), headers)
        return reply.content[0].text, reply.usage.input_tokens, reply.usage.output_tokens

    def stream(self, model, text, headers):
        with self.client.messages.stream(model=model, max_tokens=5000, messages=user(text), extra_headers=headers) as stream:
            yield from stream.text_stream

    def tool(self, model):
        reply = self.call(model, user("weather?"), tools=self.tools)
        call = [block for block in reply.content if block.type == "tool_use"][0]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
        turns = user("weather?") + [{"role": "assistant", "content": reply.content}, {"role": "user", "content": [result]}]
        return self.call(model, turns, tools=self.tools).content[0].text

    def structured(self, model, schema):
        wanted = {"format": {"type": "json_schema", "schema": schema}}
        return json.loads(self.call(model, user("where?"), output_config=wanted).content[0].text)

    def status(self, error):
        return error.status_code if isinstance(error, anthropic.APIStatusError) else None


class Genai(Contract, unittest.TestCase):
    own = {"google 401": 400}  # API_KEY_INVALID

    def setUp(self):
        self.client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=world.url + "/genai", timeout=20_000))

    def call(self, model, contents, headers={}, **more):
        config = types.GenerateContentConfig(http_options=types.HttpOptions(headers=headers), **more)
        return self.client.models.generate_content(model=model, contents=contents, config=config)

    def ask(self, model, text, headers):
        reply = self.call(model, text, headers)
        return reply.text, reply.usage_metadata.prompt_token_count, reply.usage_metadata.candidates_token_count

    def stream(self, model, text, headers):
        config = types.GenerateContentConfig(http_options=types.HttpOptions(headers=headers))
        chunks = self.client.models.generate_content_stream(model=model, contents=text, config=config)
        try:
            for chunk in chunks:
                if chunk.text:
                    yield chunk.text
        finally:
            chunks.close()

    def tool(self, model):
        tools = [types.Tool(function_declarations=[types.FunctionDeclaration(name="weather", parameters_json_schema=CITY)])]
        reply = self.call(model, "weather?", tools=tools)
        call = reply.function_calls[0]
        answer = types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": "sunny"}))
        turns = [types.Content(role="user", parts=[types.Part(text="weather?")]), reply.candidates[0].content,
                 types.Content(role="user", parts=[answer])]
        return self.call(model, turns, tools=tools).text

    def structured(self, model, schema):
        return json.loads(self.call(model, "where?", response_mime_type="application/json", response_json_schema=schema).text)

    def status(self, error):
        return error.code if isinstance(error, errors.APIError) else None


class Boto3(Contract, unittest.TestCase):
    own = {"aws 404": 400}  # "The provided model identifier is invalid."
    tools = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": CITY}}}]}

    def client(self, headers={}):
        session = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="any", region_name="us-east-1")
        client = session.client("bedrock-runtime", endpoint_url=world.url + "/bedrock",
                                config=boto3.session.Config(retries={"total_max_attempts": 1}, read_timeout=20))
        client.meta.events.register("before-call", lambda params, **_: params["headers"].update(headers))
        return client

    def said(self, text):
        return [{"role": "user", "content": [{"text": text}]}]

    def ask(self, model, text, headers):
        reply = self.client(headers).converse(modelId=model, messages=self.said(text))
        return reply["output"]["message"]["content"][0]["text"], reply["usage"]["inputTokens"], reply["usage"]["outputTokens"]

    def stream(self, model, text, headers):
        events = self.client(headers).converse_stream(modelId=model, messages=self.said(text))["stream"]
        try:
            for event in events:
                if "contentBlockDelta" in event:
                    yield event["contentBlockDelta"]["delta"]["text"]
        finally:
            events.close()

    def tool(self, model):
        message = self.client().converse(modelId=model, messages=self.said("weather?"), toolConfig=self.tools)["output"]["message"]
        call = [block["toolUse"] for block in message["content"] if "toolUse" in block][0]
        result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "sunny"}]}}
        turns = self.said("weather?") + [message, {"role": "user", "content": [result]}]
        return self.client().converse(modelId=model, messages=turns, toolConfig=self.tools)["output"]["message"]["content"][0]["text"]

    def structured(self, model, schema):
        structure = {"jsonSchema": {"name": "place", "schema": json.dumps(schema)}}
        reply = self.client().converse(modelId=model, messages=self.said("where?"),
                                       outputConfig={"textFormat": {"type": "json_schema", "structure": structure}})
        return json.loads(reply["output"]["message"]["content"][0]["text"])

    def status(self, error):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(error, ClientError) else None


if __name__ == "__main__":
    unittest.main()
