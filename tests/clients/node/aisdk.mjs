// The AI SDK over its OpenAI-compatible provider: what Cline, Kilo Code and OpenCode stand on.
import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const { BASE_URL, API_KEY } = process.env;
const portico = createOpenAICompatible({
  name: "portico",
  baseURL: BASE_URL,
  apiKey: API_KEY,
  includeUsage: true,
});
const maxRetries = 0;

const whole = await generateText({ model: portico("qwen3.7-plus"), prompt: "apples", maxRetries });
assert.match(whole.text, /apples/);
assert.equal(whole.finishReason, "stop");
assert(whole.usage.totalTokens > 0);

const streamed = streamText({
  model: portico("qwen3.7-plus-thinking"),
  system: "Be terse.",
  messages: [{ role: "user", content: [{ type: "text", text: "pears" }] }],
  maxRetries,
});
let text = "";
let reasoning = "";
for await (const part of streamed.fullStream) {
  if (part.type === "text-delta") text += part.text;
  if (part.type === "reasoning-delta") reasoning += part.text;
  assert.notEqual(part.type, "error");
}
assert.match(text, /pears/);
assert.match(reasoning, /practice mode/);
assert((await streamed.totalUsage).totalTokens > 0);

const refused = generateText({ model: portico("nobody"), prompt: "x", maxRetries });
await assert.rejects(refused, (error) => error.statusCode === 404 && /nobody/.test(error.message));

let broken;
const cut = streamText({
  model: portico("qwen3.7-plus"),
  prompt: "practice: cut",
  maxRetries,
  onError: ({ error }) => (broken = error),
});
for await (const _ of cut.fullStream);
assert.match(JSON.stringify(broken?.message ?? broken), /broke in mid-answer/);

// A picture that a tool answers: the provider writes its parts into one string.
const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMUMgljYGBgYmBgYGBgAAAHNgCgsqzbfAAAAABJRU5ErkJggg==";
const image = { data: pixel, mediaType: "image/png" };
for (const type of ["image-data", "file-data", "media"]) {
  const looked = await generateText({
    model: portico("qwen3.7-plus"),
    prompt: "read shot.png",
    tools: {
      read_file: tool({
        description: "Read a file.",
        inputSchema: z.object({ path: z.string() }),
        execute: async () => "shot",
        toModelOutput: () => ({
          type: "content",
          value: [{ type: "text", text: "The screen:" }, { type, ...image }],
        }),
      }),
    },
    stopWhen: stepCountIs(3),
    maxRetries: 0,
  });
  assert.equal(looked.steps.length, 2);
  assert.match(looked.text, /The screen:\s+\[attachment 1\]/);
  assert.doesNotMatch(looked.text, /iVBOR/);
}

console.log(JSON.stringify({ passed: true }));
