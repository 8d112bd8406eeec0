// @google/genai against the binary.
import { holds, require, url, weather } from './contract.mjs';

const { ApiError, GoogleGenAI } = require('@google/genai');

const client = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: `${url}/genai`, timeout: 20_000 } });
const options = ({ headers, signal }) => ({ httpOptions: headers ? { headers } : undefined, abortSignal: signal });
const declared = { tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: weather }] }] };

holds({
  name: '@google/genai',
  async ask({ model, text, ...more }) {
    const reply = await client.models.generateContent({ model, contents: text, config: options(more) });
    return { text: reply.text, input: reply.usageMetadata.promptTokenCount, output: reply.usageMetadata.candidatesTokenCount };
  },
  async *stream({ model, text, ...more }) {
    const chunks = await client.models.generateContentStream({ model, contents: text, config: options(more) });
    for await (const chunk of chunks) if (chunk.text) yield chunk.text;
  },
  async tool(model) {
    const contents = [{ role: 'user', parts: [{ text: 'weather?' }] }];
    const reply = await client.models.generateContent({ model, contents, config: declared });
    const [call] = reply.functionCalls;
    if (call.name !== 'weather' || !('city' in call.args)) throw new Error(JSON.stringify(call));
    contents.push(reply.candidates[0].content,
      { role: 'user', parts: [{ functionResponse: { id: call.id, name: call.name, response: { output: 'sunny' } } }] });
    return (await client.models.generateContent({ model, contents, config: declared })).text;
  },
  async structured(model, schema) {
    const config = { responseMimeType: 'application/json', responseJsonSchema: schema };
    return JSON.parse((await client.models.generateContent({ model, contents: 'where?', config })).text);
  },
  own: { 'google 401': 400 },  // API_KEY_INVALID
  raises: (error, status) => error instanceof ApiError && error.status === status,
});
