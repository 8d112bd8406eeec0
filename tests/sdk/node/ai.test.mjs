// The Vercel AI SDK against the binary: each of its providers as a client.
import { holds, require, url, weather } from './contract.mjs';

const { APICallError, Output, generateText, isStepCount, jsonSchema, streamText, tool } = require('ai');
const { createAnthropic } = require('@ai-sdk/anthropic');
const { createGoogle, createGoogleGenerativeAI } = require('@ai-sdk/google');
const { createOpenAI } = require('@ai-sdk/openai');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: 'any' });
const anthropic = createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey: 'any' });
const google = (createGoogle ?? createGoogleGenerativeAI)({ baseURL: `${url}/genai/v1beta`, apiKey: 'any' });
const compatible = createOpenAICompatible({ name: 'llmgw', baseURL: `${url}/v1`, apiKey: 'any', supportsStructuredOutputs: true });

const providers = {
  '@ai-sdk/openai (responses)': (model) => openai(model),
  '@ai-sdk/openai (chat)': (model) => openai.chat(model),
  '@ai-sdk/anthropic': (model) => anthropic(model),
  '@ai-sdk/google': (model) => google(model),
  '@ai-sdk/openai-compatible': (model) => compatible(model),
};

for (const [name, at] of Object.entries(providers)) {
  const call = ({ model, text, headers, signal }) =>
    ({ model: at(model), prompt: text, headers, abortSignal: signal, maxRetries: 0 });
  holds({
    name,
    async ask(asked) {
      const { text, usage } = await generateText(call(asked));
      return { text, input: usage.inputTokens, output: usage.outputTokens };
    },
    async *stream(asked) {
      // It hands errors out as parts of the stream.
      for await (const part of streamText({ ...call(asked), onError() {} }).fullStream) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'text-delta') yield part.text;
      }
    },
    async tool(model) {
      const tools = { weather: tool({ inputSchema: jsonSchema(weather), execute: async () => 'sunny' }) };
      const { text } = await generateText({ model: at(model), prompt: 'weather?', tools, stopWhen: isStepCount(2), maxRetries: 0 });
      return text;
    },
    async structured(model, schema) {
      const { output } = await generateText({
        model: at(model), prompt: 'where?', output: Output.object({ schema: jsonSchema(schema) }), maxRetries: 0,
        // It asks models that it doesn't know for a call of a tool instead.
        providerOptions: { anthropic: { structuredOutputMode: 'outputFormat' } } });
      return output;
    },
    own: name === '@ai-sdk/google' ? { 'google 401': 400 } : undefined,  // API_KEY_INVALID
    raises: (error, status) => APICallError.isInstance(error) && error.statusCode === status,
  });
}
