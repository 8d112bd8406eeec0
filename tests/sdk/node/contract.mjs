// What every client is held to, whatever its dialect and whoever serves it. A client is an object:
//
//   name
//   ask({ model, text, headers, signal })      -> { text, input, output }: the reply's text and its tokens
//   stream({ model, text, headers, signal })   -> pieces of text, one after the other
//   tool(model)                                -> the text behind a call of `weather`, which said "sunny"
//   structured(model, schema)                  -> the object that came
//   raises(error, status)                      -> whether the error is the client's own for that status
//   own                                        optional: { 'vendor status': its own vendor's in place of it }
//
// Run by with_gateway.py, with build/sdk/node's own Node.
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

export const url = process.env.LLMGW_URL;
// The clients are installed below build/, not beside this file.
const installed = pathToFileURL(`${process.env.LLMGW_SDK_NODE}/package.json`);
export const require = createRequire(installed);

// A provider of each dialect, and one of chat completions that knows no Responses.
export const vendors = ['up', 'claude', 'google', 'aws', 'chat'];
export const weather = {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false,
};
const place = {
  type: 'object', properties: { city: { type: 'string' }, people: { type: 'integer' } },
  required: ['city', 'people'], additionalProperties: false,
};
const text = 'Grüße, "世界" 👋';

export async function joined(pieces) {
  let all = '';
  for await (const piece of pieces) all += piece;
  return all;
}

export function holds(client) {
  const fallback = (target) => ({ 'x-llmgw-fallbacks': target });

  describe(client.name, () => {
    for (const vendor of vendors) {
      test(`a whole answer with its usage from ${vendor}`, async () => {
        const reply = await client.ask({ model: `${vendor}/echo`, text });
        assert.equal(reply.text, text);
        assert.ok(reply.input > 0 && reply.output > 0, `${reply.input} and ${reply.output} tokens`);
      });

      test(`a stream from ${vendor}`, async () => {
        assert.equal(await joined(client.stream({ model: `${vendor}/echo`, text })), text);
      });

      test(`a tool goes round at ${vendor}`, async () => {
        assert.match(await client.tool(`${vendor}/tool`), /sunny/);
      });

      test(`structured output from ${vendor}`, async () => {
        const got = await client.structured(`${vendor}/json`, place);
        assert.equal(typeof got.city, 'string');
        assert.ok(Number.isInteger(got.people));
      });

      test(`a fallback to ${vendor}, whole and streamed`, async () => {
        for (const model of ['up/fail-500', 'claude/fail-529', 'google/fail-503', 'aws/fail-500']) {
          const reply = await client.ask({ model, text, headers: fallback(`${vendor}/echo`) });
          assert.equal(reply.text, text, model);
          assert.equal(await joined(client.stream({ model, text, headers: fallback(`${vendor}/echo`) })), text, model);
        }
      });

      for (const told of [400, 401, 404, 500]) {
        // A vendor's own client gets the vendor's own status.
        const status = client.own?.[`${vendor} ${told}`] ?? told;
        test(`an error of its own for ${vendor}'s ${told}`, async () => {
          await assert.rejects(client.ask({ model: `${vendor}/fail-${told}`, text }),
            (error) => client.raises(error, status) || assert.fail(`${error?.constructor?.name}: ${error}`));
          await assert.rejects(joined(client.stream({ model: `${vendor}/fail-${told}`, text })),
            (error) => client.raises(error, status) || assert.fail(`streamed, ${error?.constructor?.name}: ${error}`));
        });
      }
    }

    test('the error of a rate limit', async () => {
      await assert.rejects(client.ask({ model: 'mock/fail-429', text }),
        (error) => client.raises(error, 429) || assert.fail(`${error?.constructor?.name}: ${error}`));
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
      after(() => new Promise((done) => { provider.closeAllConnections(); provider.close(done); }));

      test('a cancelled stream closes the upstream within a second', async () => {
        const whenClosed = new Promise((done) => { closed = done; });
        const whenOpened = new Promise((done) => { opened = done; });
        const controller = new AbortController();
        const reading = joined(client.stream({ model: 'fake/m', text, signal: controller.signal }));
        reading.catch(() => {});
        await whenOpened;
        await new Promise((done) => setTimeout(done, 100));
        const left = performance.now();
        controller.abort();
        assert.ok(await whenClosed - left < 1000);
        await reading.catch(() => {});
      });
    });

    test('a hundred streams at once never mix', async () => {
      await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        const nonce = Array.from({ length: 40 }, (_, j) => `n${i}-${j}`).join(' ');
        const model = i % 6 === 5 ? 'mock/first-error' : `${vendors[i % 5]}/spoken`;
        assert.equal(await joined(client.stream({ model, text: nonce, headers: fallback('up/spoken') })), nonce);
      }));
    });
  });
}
