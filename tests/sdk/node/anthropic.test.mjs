// The anthropic client for Node against the binary. Run by with_gateway.py, with build/sdk/node's own Node.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { holds, require, url } from './contract.mjs';

const Anthropic = require('@anthropic-ai/sdk');
const OpenAI = require('openai');

const client = new Anthropic({ baseURL: `${url}/anthropic`, apiKey: 'any', maxRetries: 0, timeout: 20_000 });
const user = (content) => [{ role: 'user', content }];
const weather = {
  name: 'weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
};
// Its own dialect; chat completions, by a provider that has Responses too and by one that has not.
const targets = ['claude', 'up', 'chat'];

for (const target of targets) {
  describe(`messages at ${target}`, () => {
    test('a reply says who answered', async () => {
      const reply = await client.messages.create({ model: `${target}/echo`, max_tokens: 50, messages: user('Grüße 🚀') });
      assert.equal(reply.content[0].text, 'Grüße 🚀');
      assert.equal(reply.stop_reason, 'end_turn');
      assert.ok(reply.usage.output_tokens > 0);
      assert.equal(reply.extra_fields.provider, target);
    });

    test('the stream helper puts the message together', async () => {
      const stream = client.messages.stream({ model: `${target}/echo`, max_tokens: 500, messages: user('a b c') });
      let text = '';
      stream.on('text', (piece) => { text += piece; });
      const final = await stream.finalMessage();
      assert.equal(text, 'a b c');
      assert.equal(final.content[0].text, 'a b c');
    });

    test('a tool is called, whole and streamed, and answered', async () => {
      const request = { model: `${target}/tool`, max_tokens: 100, messages: user('weather?'), tools: [weather] };
      const whole = await client.messages.create(request);
      const streamed = await client.messages.stream(request).finalMessage();
      for (const reply of [whole, streamed]) {
        assert.equal(reply.stop_reason, 'tool_use');
        const call = reply.content.find((block) => block.type === 'tool_use');
        assert.equal(call.name, 'weather');
        assert.ok('city' in call.input);
        const answered = await client.messages.create({
          ...request, model: `${target}/echo`,
          messages: [...request.messages, { role: 'assistant', content: reply.content },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] }] });
        assert.ok(answered.content[0].text);
      }
    });

    test('a failed primary is unseen', async () => {
      const reply = await client.messages.stream({
        model: 'mock/fail-500', max_tokens: 50, messages: user('hi'), fallbacks: [`${target}/echo`] }).finalMessage();
      assert.equal(reply.content[0].text, 'hi');
    });

    test('tokens are counted', async () => {
      const { data, response } = await client.messages.countTokens(
        { model: `${target}/echo`, messages: user('How many tokens are in here?') }).withResponse();
      assert.ok(data.input_tokens > 3 && data.input_tokens < 30);
      assert.equal(response.headers.get('x-llmgw-provider'), target);
    });
  });
}

describe('responses where there are none', () => {
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0, timeout: 20_000 });
  for (const target of ['claude', 'chat']) {
    test(`plain and streamed at ${target}`, async () => {
      const reply = await openai.responses.create({ model: `${target}/echo`, input: 'hi' });
      assert.equal(reply.output_text, 'hi');
      const final = await openai.responses.stream({ model: `${target}/echo`, input: 'hi' }).finalResponse();
      assert.equal(final.output_text, 'hi');
    });
  }
});

describe('errors', () => {
  for (const [model, kind, status] of [
    ['fail-400', Anthropic.BadRequestError, 400], ['fail-401', Anthropic.AuthenticationError, 401],
    ['fail-404', Anthropic.NotFoundError, 404], ['fail-429', Anthropic.RateLimitError, 429],
    ['fail-500', Anthropic.InternalServerError, 500]]) {
    for (const stream of [false, true]) {
      test(`${model}${stream ? ', streamed' : ''}`, async () => {
        await assert.rejects(
          client.messages.create({ model: `mock/${model}`, max_tokens: 9, messages: user('hi'), stream }),
          (error) => error instanceof kind && error.status === status && error.error.type === 'error');
      });
    }
  }
});

test('a hundred streams at once never mix', async () => {
  const ids = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
    const nonce = Array.from({ length: 40 }, (_, j) => `n${i}-${j}`).join(' ');
    const final = await client.messages.stream({
      model: i % 4 === 3 ? 'mock/first-error' : `${targets[i % 4]}/spoken`, fallbacks: ['up/spoken'],
      max_tokens: 5000, messages: user(nonce) }).finalMessage();
    assert.equal(final.content[0].text, nonce);
    return final.id;
  }));
  assert.equal(new Set(ids).size, 100);
});

const textOf = (message) => message.content.map((block) => block.text ?? '').join('');
const options = ({ headers, signal }) => ({ headers, signal });
holds({
  name: '@anthropic-ai/sdk',
  async ask({ model, text, ...more }) {
    const reply = await client.messages.create({ model, max_tokens: 500, messages: user(text) }, options(more));
    return { text: textOf(reply), input: reply.usage.input_tokens, output: reply.usage.output_tokens };
  },
  async *stream({ model, text, ...more }) {
    const events = await client.messages.create({ model, max_tokens: 5000, messages: user(text), stream: true }, options(more));
    for await (const event of events) if (event.delta?.text) yield event.delta.text;
  },
  async tool(model) {
    const request = { model, max_tokens: 100, messages: user('weather?'), tools: [weather] };
    const reply = await client.messages.create(request);
    const call = reply.content.find((block) => block.type === 'tool_use');
    request.messages.push({ role: 'assistant', content: reply.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] });
    return textOf(await client.messages.create(request));
  },
  async structured(model, schema) {
    const reply = await client.messages.create({
      model, max_tokens: 500, messages: user('where?'), output_config: { format: { type: 'json_schema', schema } } });
    return JSON.parse(textOf(reply));
  },
  raises: (error, status) => error instanceof Anthropic.APIError && error.status === status,
});
