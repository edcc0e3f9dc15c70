// The official Node SDK: models, chats, helpers, error classes.
import assert from "node:assert/strict";
import OpenAI from "openai";

const { BASE_URL, API_KEY } = process.env;
const model = "qwen3.7-plus";
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 });
const asked = (content) => [{ role: "user", content }];

const names = [];
for await (const one of client.models.list()) names.push(one.id);
assert(names.includes(model) && names.includes(`${model}-search`));
assert.equal((await client.models.retrieve(model)).id, model);

const whole = await client.chat.completions.create({ model, messages: asked("apples") });
assert.match(whole.choices[0].message.content, /apples/);
assert(whole.usage.total_tokens > 0);

const stream = await client.chat.completions.create({
  model: `${model}-thinking`,
  messages: asked("pears"),
  stream: true,
  stream_options: { include_usage: true },
});
let text = "";
let reasoning = "";
let usage;
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  reasoning += chunk.choices[0]?.delta?.reasoning_content ?? "";
  usage = chunk.usage ?? usage;
}
assert.match(text, /pears/);
assert.match(reasoning, /practice mode/);
assert(usage.total_tokens > 0);

const helper = client.chat.completions.stream({ model, messages: asked("plums") });
let snapshot = "";
helper.on("content", (_, all) => (snapshot = all));
const final = await helper.finalContent();
assert.equal(final, snapshot);
assert.match(final, /plums/);

// A whole answer that calls a tool: the helper runs it, sends what it said, and asks again.
const written = {};
const write_file = {
  name: "write_file",
  description: "Write a file.",
  parameters: {
    type: "object",
    properties: { path: { type: "string" }, content: { type: "string" } },
    required: ["path", "content"],
  },
  parse: JSON.parse,
  function: ({ path, content }) => {
    written[path] = content;
    return `${path} was written.`;
  },
};
const runner = client.chat.completions.runTools({
  model,
  messages: asked("create hello.txt with the text hi"),
  tools: [{ type: "function", function: write_file }],
});
assert((await runner.finalContent()).length > 0);
assert.deepEqual(written, { "hello.txt": "hi" });

// A picture, a document, and pictures that are drawn.
const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMUMgljYGBgYmBgYGBgAAAHNgCgsqzbfAAAAABJRU5ErkJggg==";
const seen = await client.chat.completions.create({
  model,
  messages: asked([
    { type: "text", text: "What is this?" },
    { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
    {
      type: "file",
      file: {
        filename: "notes.md",
        file_data: `data:text/markdown;base64,${Buffer.from("# Notes\n").toString("base64")}`,
      },
    },
  ]),
});
assert.match(seen.choices[0].message.content, /a PNG picture of 2 by 2/);
assert.match(seen.choices[0].message.content, /notes\.md, a document of 8 bytes that begins: # Notes/);

const drawn = await client.images.generate({ model, prompt: "a red square", n: 2 });
assert.equal(new Set(drawn.data.map((one) => one.url)).size, 2);
const edited = await client.images.edit({
  model,
  prompt: "a red square",
  image: await OpenAI.toFile(Buffer.from(pixel, "base64"), "a.png", { type: "image/png" }),
  response_format: "b64_json",
});
assert.equal(Buffer.from(edited.data[0].b64_json, "base64").subarray(1, 4).toString(), "PNG");

const wrong = new OpenAI({ baseURL: BASE_URL, apiKey: "sk-wrong", maxRetries: 0 });
await assert.rejects(wrong.models.list(), OpenAI.AuthenticationError);
const create = (content, more = {}) =>
  client.chat.completions.create({ model, messages: asked(content), ...more });
await assert.rejects(create("x", { model: "nobody" }), OpenAI.NotFoundError);
await assert.rejects(create("x", { n: 3 }), OpenAI.BadRequestError);
await assert.rejects(create("practice: busy", { model: "qwen3.5-plus" }), OpenAI.RateLimitError);
await assert.rejects(async () => {
  for await (const _ of await create("practice: cut", { stream: true }));
}, /broke in mid-answer/);

console.log(JSON.stringify({ passed: true, models: names.length }));
