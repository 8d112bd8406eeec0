"""What vendors' own SDKs say of their wire: requests and replies are checked by their types or service model."""

import dataclasses
import importlib
import typing
from importlib.metadata import version

import botocore.session
import pydantic
from botocore.validate import ParamValidator
from google.genai import types as genai


class Fault(Exception):
    """What a vendor's types say is wrong."""


def _consume(value):
    """pydantic checks an Iterable as it is read."""
    if isinstance(value, dict):
        for inner in value.values():
            _consume(inner)
    elif not isinstance(value, (str, bytes)) and isinstance(value, typing.Iterable):
        for inner in value:
            _consume(inner)


def _fits(kind, value, what):
    adapter = pydantic.TypeAdapter(kind)  # outlives what it checks lazily
    try:
        _consume(adapter.validate_python(value))
    except pydantic.ValidationError as error:
        raise Fault(f"{what}: {error}") from None


def _beyond(kind, value):
    """Top-level fields that the type has not."""
    names = set()
    for one in typing.get_args(kind) or (kind,):
        if dataclasses.is_dataclass(one):
            names |= {f.name for f in dataclasses.fields(one)}
        elif isinstance(one, type) and issubclass(one, pydantic.BaseModel):
            for name, field in one.model_fields.items():
                names |= {name, field.alias or name}
        else:
            names |= set(typing.get_type_hints(one))
    return set(value) - names


class Types:
    """A vendor's types of one call. `package` is what they come from; a reply's may be missing. request() gives the
    top-level fields that they do not know."""

    def __init__(self, package, request, reply=None, chunk=None):
        self.package, self._request, self._reply, self._chunk = package, request, reply, chunk

    @staticmethod
    def _load(name):
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)

    def source(self):
        return f"{self.package} {version(self.package)}"

    def request(self, body):
        kind = self._load(self._request)
        _fits(kind, body, "request")
        return _beyond(kind, body)

    def reply(self, body):
        if self._reply:
            _fits(self._load(self._reply), body, "fixture's reply")

    def chunk(self, body):
        if self._chunk:
            _fits(self._load(self._chunk), body, "fixture's chunk")


class AnthropicTypes(Types):
    def __init__(self):
        super().__init__("anthropic", "anthropic.types.message_create_params.MessageCreateParams",
                         "anthropic.types.Message", "anthropic.types.RawMessageStreamEvent")

    def chunk(self, body):
        if body["type"] != "ping":  # the client drops it before its types
            super().chunk(body)


class AzureTypes(Types):
    """OpenAI's; the first chunk has the prompt's filter results and is filled with blanks besides."""

    def __init__(self):
        super().__init__(*OPENAI_CHAT)

    def chunk(self, body):
        if body["choices"] or "usage" in body:
            super().chunk(body)


class GeminiTypes(Types):
    """google-genai's request types forbid what they do not know."""

    def __init__(self):
        super().__init__("google-genai", "")

    def request(self, body):
        parts = {"contents": list[genai.Content], "systemInstruction": genai.Content, "tools": list[genai.Tool],
                 "toolConfig": genai.ToolConfig, "generationConfig": genai.GenerationConfig,
                 "safetySettings": list[genai.SafetySetting]}
        if unknown := set(body) - set(parts):
            raise Fault(f"request: the SDK knows no {', '.join(sorted(unknown))}")
        for name, value in body.items():
            _fits(parts[name], value, f"request's {name}")
        return set()

    def reply(self, body):
        _fits(genai.GenerateContentResponse, body, "fixture's reply")

    chunk = reply


class BedrockTypes(Types):
    """The service model that boto3's client is made of."""

    def __init__(self):
        super().__init__("botocore", "")
        self.model = botocore.session.Session().get_service_model("bedrock-runtime")

    def _check(self, body, shape, what):
        if unknown := set(body) - set(shape.members):
            raise Fault(f"{what}: the service model knows no {', '.join(sorted(unknown))}")
        report = ParamValidator().validate(body, shape)
        if report.has_errors():
            raise Fault(f"{what}: {report.generate_report()}")

    def request(self, body):
        self._check({**body, "modelId": "m"}, self.model.operation_model("Converse").input_shape, "request")
        return set()

    def reply(self, body):
        self._check(body, self.model.operation_model("Converse").output_shape, "fixture's reply")

    def chunk(self, event):
        name, payload = event
        stream = self.model.operation_model("ConverseStream").output_shape.members["stream"]
        if name not in stream.members:
            raise Fault(f"fixture's event: the service model knows no {name}")
        self._check(payload, stream.members[name], f"fixture's {name}")


class CohereTypes(Types):
    """cohere's v2 client has the request as arguments of its method; its messages are pydantic types."""

    def __init__(self):
        super().__init__("cohere", "", "cohere.v2.types.v2chat_response.V2ChatResponse",
                         "cohere.v2.types.v2chat_stream_response.V2ChatStreamResponse")

    def request(self, body):
        import inspect
        from cohere.types import ChatMessageV2, ToolV2
        from cohere.v2.raw_client import RawV2Client
        if unknown := set(body) - set(inspect.signature(RawV2Client.chat).parameters) - {"stream"}:
            raise Fault(f"request: the SDK knows no {', '.join(sorted(unknown))}")
        _fits(list[ChatMessageV2], body["messages"], "request's messages")
        _fits(list[ToolV2], body.get("tools", []), "request's tools")
        return set()


class TogetherTypes(Types):
    """A call in the history has the type of one in a reply, with an index that OpenAI's clients do not send."""

    def request(self, body):
        messages = [dict(message) for message in body["messages"]]
        for message in messages:
            if "tool_calls" in message:
                message["tool_calls"] = [{"index": i, **call} for i, call in enumerate(message["tool_calls"])]
        return super().request({**body, "messages": messages})


OPENAI_REQUEST = "openai.types.chat.completion_create_params.CompletionCreateParams"
OPENAI_CHAT = ("openai", OPENAI_REQUEST, "openai.types.chat.ChatCompletion", "openai.types.chat.ChatCompletionChunk")
OPENAI = Types(*OPENAI_CHAT)
OPENAI_EMBEDDINGS = Types("openai", "openai.types.embedding_create_params.EmbeddingCreateParams",
                          "openai.types.CreateEmbeddingResponse")


def _stainless(package, module, reply, chunk):
    return Types(package, f"{module}.types.chat.completion_create_params.CompletionCreateParams",
                 f"{module}.types.{reply}", f"{module}.types.{chunk}")


# By kind: the vendor's own SDK, where its types speak of the wire.
CHAT = {
    "anthropic": AnthropicTypes(),
    "gemini": GeminiTypes(),
    "vertex": GeminiTypes(),
    "bedrock": BedrockTypes(),
    "mistral": Types("mistralai", "mistralai.client.models.ChatCompletionRequest",
                     "mistralai.client.models.ChatCompletionResponse", "mistralai.client.models.CompletionChunk"),
    "groq": _stainless("groq", "groq", "chat.ChatCompletion", "chat.ChatCompletionChunk"),
    "together": TogetherTypes("together", "together.types.chat.completion_create_params.CompletionCreateParams",
                              "together.types.chat.ChatCompletion", "together.types.chat.ChatCompletionChunk"),
    "cerebras": _stainless("cerebras-cloud-sdk", "cerebras.cloud.sdk", "chat.chat_completion.ChatCompletionResponse",
                           "chat.chat_completion.ChatChunkResponse"),
    "perplexity": _stainless("perplexityai", "perplexity", "StreamChunk", "StreamChunk"),
    "sambanova": _stainless("sambanova", "sambanova", "chat.ChatCompletionResponse", "chat.ChatCompletionStreamResponse"),
    "fireworks": _stainless("fireworks-ai", "fireworks", "chat.CompletionCreateResponse", "chat.ChatCompletionChunk"),
    # Its input type asks for a function's definition where a call's arguments stand.
    "huggingface": Types("huggingface-hub", OPENAI_REQUEST, "huggingface_hub.ChatCompletionOutput",
                         "huggingface_hub.ChatCompletionStreamOutput"),
    "openrouter": Types("openrouter", "openrouter.components.ChatRequest", "openrouter.components.ChatResult",
                        "openrouter.components.ChatStreamChunk"),
    # Its client takes the request as arguments, and its type of a chunk asks for fields that it fills itself.
    "zhipu": Types("zai-sdk", OPENAI_REQUEST, "zai.types.chat.chat_completion.Completion"),
    "azure": AzureTypes(),
}


def chat_types(kind, path):
    """Of a call to `path`. A vendor's compatible endpoint is held to OpenAI's types."""
    if path.endswith("/v2/chat"):
        return CohereTypes()
    own = CHAT.get(kind, OPENAI)
    imitation = path.endswith("/chat/completions") and kind in ("anthropic", "gemini", "vertex", "bedrock")
    return OPENAI if imitation else own
