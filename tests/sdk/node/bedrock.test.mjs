// @aws-sdk/client-bedrock-runtime against the binary.
import { holds, require, url, weather } from './contract.mjs';

const {
  BedrockRuntimeClient, BedrockRuntimeServiceException, ConverseCommand, ConverseStreamCommand, ValidationException,
} = require('@aws-sdk/client-bedrock-runtime');
const { NodeHttpHandler } = require('@smithy/node-http-handler');

const settings = {
  endpoint: `${url}/bedrock`, region: 'us-east-1', maxAttempts: 1,
  requestHandler: new NodeHttpHandler(),  // its own speaks HTTP/2 alone
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'any' },
};

// A client's headers are set behind its signature's step: the call's own fields have no place for ours.
function client(headers = {}) {
  const made = new BedrockRuntimeClient(settings);
  made.middlewareStack.add((next) => (args) => {
    Object.assign(args.request.headers, headers);
    return next(args);
  }, { step: 'build', name: 'headers' });
  return made;
}
const said = (text) => [{ role: 'user', content: [{ text }] }];
const toolConfig = { tools: [{ toolSpec: { name: 'weather', inputSchema: { json: weather } } }] };
const textOf = (reply) => reply.output.message.content.map((block) => block.text ?? '').join('');

holds({
  name: '@aws-sdk/client-bedrock-runtime',
  async ask({ model, text, headers, signal }) {
    const reply = await client(headers).send(
      new ConverseCommand({ modelId: model, messages: said(text) }), { abortSignal: signal });
    return { text: textOf(reply), input: reply.usage.inputTokens, output: reply.usage.outputTokens };
  },
  async *stream({ model, text, headers, signal }) {
    const reply = await client(headers).send(
      new ConverseStreamCommand({ modelId: model, messages: said(text) }), { abortSignal: signal });
    for await (const event of reply.stream) if (event.contentBlockDelta) yield event.contentBlockDelta.delta.text;
  },
  async tool(modelId) {
    const messages = said('weather?');
    const reply = await client().send(new ConverseCommand({ modelId, messages, toolConfig }));
    const { toolUse } = reply.output.message.content.find((block) => block.toolUse);
    if (toolUse.name !== 'weather' || !('city' in toolUse.input)) throw new Error(JSON.stringify(toolUse));
    messages.push(reply.output.message, { role: 'user', content: [
      { toolResult: { toolUseId: toolUse.toolUseId, content: [{ text: 'sunny' }] } }] });
    return textOf(await client().send(new ConverseCommand({ modelId, messages, toolConfig })));
  },
  async structured(modelId, schema) {
    const jsonSchema = { name: 'place', schema: JSON.stringify(schema) };
    const reply = await client().send(new ConverseCommand({
      modelId, messages: said('where?'), outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } }));
    return JSON.parse(textOf(reply));
  },
  own: { 'aws 404': 400 },  // "The provided model identifier is invalid."
  raises: (error, status) => error instanceof BedrockRuntimeServiceException && error.$metadata.httpStatusCode === status &&
    (status !== 400 || error instanceof ValidationException),
});
