// The openai client for Node against the binary. Run by with_gateway.py, with build/sdk/node's own Node.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { holds, require, url } from './contract.mjs';

const OpenAI = require('openai');
const { AzureOpenAI } = OpenAI;

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0, timeout: 20_000 });
const user = (content) => [{ role: 'user', content }];
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  },
};

async function textOf(stream) {
  let text = '', last;
  for await (const chunk of stream) {
    text += chunk.choices[0].delta.content ?? '';
    last = chunk;
  }
  return { text, last };
}

describe('chat', () => {
  test('a reply says who answered', async () => {
    const reply = await client.chat.completions.create({ model: 'up/echo', messages: user('Grüße 🚀') });
    assert.equal(reply.choices[0].message.content, 'Grüße 🚀');
    assert.equal(reply.extra_fields.provider, 'up');
    assert.ok(reply._request_id);
  });

  test('a stream is whole, and its last chunk says who answered', async () => {
    const { text, last } = await textOf(
      await client.chat.completions.create({ model: 'up/echo', messages: user('word '.repeat(200)), stream: true }));
    assert.equal(text, 'word '.repeat(200));
    assert.equal(last.choices[0].finish_reason, 'stop');
    assert.equal(last.extra_fields.provider, 'up');
  });

  test('usage comes when asked for', async () => {
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({
      model: 'up/echo', messages: user('hi'), stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
  });

  test('a tool is called, whole and streamed', async () => {
    const request = { model: 'up/tool', messages: user('weather?'), tools: [weather] };
    const whole = await client.chat.completions.create(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    for (const reply of [whole, streamed]) {
      const call = reply.choices[0].message.tool_calls[0];
      assert.equal(call.function.name, 'weather');
      assert.ok('city' in JSON.parse(call.function.arguments));
    }
  });

  test('a fallback is unseen', async () => {
    for (const model of ['mock/fail-500', 'mock/first-error', 'mock/html', 'mock/reset']) {
      const { text, last } = await textOf(await client.chat.completions.create({
        model, messages: user('hi'), stream: true, fallbacks: ['up/echo'] }));
      assert.equal(text, 'hi', model);
      assert.equal(last.extra_fields.provider, 'up');
      assert.ok(last.extra_fields.attempts.length >= 2);
    }
  });

  test('a cut stream throws', async () => {
    let finish = null, seen = 0;
    await assert.rejects(async () => {
      for await (const chunk of await client.chat.completions.create({
        model: 'mock/cut', messages: user('hi'), stream: true })) {
        finish ??= chunk.choices[0].finish_reason;
        seen++;
      }
    }, (error) => error instanceof OpenAI.APIError && /broke off/.test(error.message));
    assert.ok(seen > 3);
    assert.equal(finish, null);
  });
});

describe('other calls', () => {
  test('responses, whole and streamed', async () => {
    const reply = await client.responses.create({ model: 'up/echo', input: 'say this' });
    assert.equal(reply.output_text, 'say this');
    const types = [];
    for await (const event of await client.responses.create({ model: 'up/echo', input: 'say this', stream: true })) {
      types.push(event.type);
    }
    assert.equal(types[0], 'response.created');
    assert.equal(types.at(-1), 'response.completed');
  });

  test('embeddings, base64 on the wire and floats', async () => {
    const packed = await client.embeddings.create({ model: 'up/echo', input: 'text' });
    const plain = await client.embeddings.create({ model: 'up/echo', input: 'text', encoding_format: 'float' });
    assert.equal(packed.data[0].embedding.length, plain.data[0].embedding.length);
    assert.ok(Math.abs(packed.data[0].embedding[3] - plain.data[0].embedding[3]) < 1e-6);
  });

  test('models, speech, transcription, files', async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes('mock/echo'));
    const speech = await client.audio.speech.create({ model: 'up/echo', voice: 'alloy', input: 'hi', response_format: 'wav' });
    assert.equal((await speech.arrayBuffer()).byteLength, 4844);
    const text = await client.audio.transcriptions.create({
      model: 'up/echo', file: await OpenAI.toFile(Buffer.alloc(100_000), 'a.wav') });
    assert.match(text.text, /100000/);
    const headers = { 'x-llmgw-provider': 'up' };
    const file = await client.files.create(
      { file: await OpenAI.toFile(Buffer.from('{}\n'), 'in.jsonl'), purpose: 'batch' }, { headers });
    assert.equal((await client.files.retrieve(file.id, { headers })).id, file.id);
  });

  test('Azure paths', async () => {
    const azure = new AzureOpenAI({ endpoint: url, apiKey: 'any', apiVersion: '2024-10-21', maxRetries: 0 });
    const reply = await azure.chat.completions.create({ model: 'up/echo', messages: user('hi') });
    assert.equal(reply.choices[0].message.content, 'hi');
  });
});

describe('errors', () => {
  for (const [model, kind, status] of [
    ['fail-400', OpenAI.BadRequestError, 400], ['fail-401', OpenAI.AuthenticationError, 401],
    ['fail-402', OpenAI.APIError, 402], ['fail-403', OpenAI.PermissionDeniedError, 403],
    ['fail-404', OpenAI.NotFoundError, 404], ['fail-422', OpenAI.UnprocessableEntityError, 422],
    ['fail-429', OpenAI.RateLimitError, 429], ['fail-500', OpenAI.InternalServerError, 500],
    ['fail-529', OpenAI.InternalServerError, 529], ['html', OpenAI.InternalServerError, 502],
  ]) {
    for (const stream of [false, true]) {
      test(`${model}${stream ? ', streamed' : ''}`, async () => {
        await assert.rejects(client.chat.completions.create({ model: `mock/${model}`, messages: user('hi'), stream }),
          (error) => error instanceof kind && error.status === status && Boolean(error.error?.message));
      });
    }
  }

  test('nobody listens', async () => {
    const gone = new OpenAI({ baseURL: 'http://127.0.0.1:9/v1', apiKey: 'any', maxRetries: 0 });
    await assert.rejects(gone.chat.completions.create({ model: 'm', messages: user('hi') }), OpenAI.APIConnectionError);
  });
});

describe('leaving', () => {
  let provider, closed, opened;
  before(async () => {
    provider = http.createServer((request, response) => {
      opened();
      response.on('close', () => closed(performance.now()));
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":' +
        '[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}\n\n');
    });
    await new Promise((done) => provider.listen(Number(new URL(process.env.LLMGW_FAKE).port), '127.0.0.1', done));
  });
  after(() => provider.close());

  test('AbortController closes the upstream within a second', async () => {
    const whenClosed = new Promise((done) => { closed = done; });
    const whenOpened = new Promise((done) => { opened = done; });
    const controller = new AbortController();
    const stream = await client.chat.completions.create(
      { model: 'fake/m', messages: user('hi'), stream: true }, { signal: controller.signal });
    await whenOpened;
    const reading = (async () => { for await (const _ of stream); })();
    const left = performance.now();
    controller.abort();
    await reading.catch(() => {});
    assert.ok(await whenClosed - left < 1000);
  });
});

test('a hundred streams at once never mix', async () => {
  const ids = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
    const nonce = Array.from({ length: 40 }, (_, j) => `n${i}-${j}`).join(' ');
    const { text, last } = await textOf(await client.chat.completions.create({
      model: i % 4 === 0 ? 'mock/first-error' : 'up/spoken', fallbacks: ['up/spoken'], messages: user(nonce), stream: true }));
    assert.equal(text, nonce);
    return last.extra_fields.request_id;
  }));
  assert.equal(new Set(ids).size, 100);
});

const options = ({ headers, signal }) => ({ headers, signal });
const raises = (error, status) => error instanceof OpenAI.APIError && error.status === status;
holds({
  name: 'openai, chat completions',
  async ask({ model, text, ...more }) {
    const reply = await client.chat.completions.create({ model, messages: user(text) }, options(more));
    return { text: reply.choices[0].message.content, input: reply.usage.prompt_tokens, output: reply.usage.completion_tokens };
  },
  async *stream({ model, text, ...more }) {
    const chunks = await client.chat.completions.create({ model, messages: user(text), stream: true }, options(more));
    for await (const chunk of chunks) yield chunk.choices[0].delta.content ?? '';
  },
  async tool(model) {
    const messages = user('weather?');
    const { message } = (await client.chat.completions.create({ model, messages, tools: [weather] })).choices[0];
    messages.push(message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'sunny' });
    return (await client.chat.completions.create({ model, messages, tools: [weather] })).choices[0].message.content;
  },
  async structured(model, schema) {
    const reply = await client.chat.completions.parse({
      model, messages: user('where?'),
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } } });
    return JSON.parse(reply.choices[0].message.content);
  },
  raises,
});
holds({
  name: 'openai, responses',
  async ask({ model, text, ...more }) {
    const reply = await client.responses.create({ model, input: text }, options(more));
    return { text: reply.output_text, input: reply.usage.input_tokens, output: reply.usage.output_tokens };
  },
  async *stream({ model, text, ...more }) {
    for await (const event of client.responses.stream({ model, input: text }, options(more))) {
      if (event.type === 'response.output_text.delta') yield event.delta;
    }
  },
  async tool(model) {
    const request = { model, input: user('weather?'), tools: [{ type: 'function', strict: true, ...weather.function }] };
    const reply = await client.responses.create(request);
    const call = reply.output.find((item) => item.type === 'function_call');
    request.input.push(...reply.output, { type: 'function_call_output', call_id: call.call_id, output: 'sunny' });
    return (await client.responses.create(request)).output_text;
  },
  async structured(model, schema) {
    const reply = await client.responses.create({
      model, input: 'where?', text: { format: { type: 'json_schema', name: 'place', schema, strict: true } } });
    return JSON.parse(reply.output_text);
  },
  raises,
});

test('a Responses stream that is cut fails with what came of it', async () => {
  for (const target of ['mock', 'claude', 'chat']) {
    const seen = [];
    let id;
    for await (const event of await client.responses.create({ model: `${target}/cut`, input: 'hi', stream: true })) {
      id ??= event.response?.id;
      assert.equal(event.sequence_number, seen.length);
      seen.push(event.type);
      if (event.type === 'response.failed') {
        assert.equal(event.response.id, id);
        assert.match(event.response.error.message, /broke off/);
      }
    }
    assert.equal(seen.at(-1), 'response.failed', target);
    const stream = client.responses.stream({ model: `${target}/cut`, input: 'hi' });
    const final = await stream.finalResponse().catch((error) => error);
    assert.ok(final.status === 'failed' || /fail|broke|end/i.test(final.message), String(final));
  }
});
