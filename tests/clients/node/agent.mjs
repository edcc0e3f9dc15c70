// A small agent of the AI SDK, with tools of its own over files: it makes a file and changes it.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const { BASE_URL, API_KEY } = process.env;
const portico = createOpenAICompatible({
  name: "portico",
  baseURL: BASE_URL,
  apiKey: API_KEY,
  includeUsage: true,
});
const tools = {
  write_file: tool({
    description: "Write a file.",
    inputSchema: z.object({ path: z.string(), content: z.string() }),
    execute: async ({ path, content }) => {
      await writeFile(path, content);
      return `${path} was written.`;
    },
  }),
  read_file: tool({
    description: "Read a file.",
    inputSchema: z.object({ path: z.string() }),
    execute: ({ path }) => readFile(path, "utf8"),
  }),
  edit_file: tool({
    description: "Replace a text that is in a file by another.",
    inputSchema: z.object({ path: z.string(), old_string: z.string(), new_string: z.string() }),
    execute: async ({ path, old_string, new_string }) => {
      const text = await readFile(path, "utf8");
      assert(text.includes(old_string), `There is no ${old_string} in ${path}.`);
      await writeFile(path, text.replace(old_string, new_string));
      return `${path} was changed.`;
    },
  }),
};

// One conversation: the second task comes with all that the first one called.
const messages = [];
async function give(task) {
  messages.push({ role: "user", content: task });
  const answer = streamText({
    model: portico("qwen3.7-plus"),
    tools,
    messages,
    stopWhen: stepCountIs(8),
    maxRetries: 0,
  });
  const calls = [];
  for await (const part of answer.fullStream) {
    assert(!["error", "tool-error"].includes(part.type), JSON.stringify(part));
    if (part.type === "tool-call") calls.push(part.toolName);
  }
  messages.push(...(await answer.response).messages);
  assert.equal(await answer.finishReason, "stop");
  assert((await answer.text).length > 0);
  return calls;
}

const made = await give("create hello.txt with the text hi");
assert.equal(await readFile("hello.txt", "utf8"), "hi");
assert(made.includes("write_file"), made);

const changed = await give("change hi to bye in hello.txt");
assert.equal(await readFile("hello.txt", "utf8"), "bye");
assert(changed.includes("edit_file") || changed.includes("write_file"), changed);

console.log(JSON.stringify({ passed: true, made, changed }));
