// A recorded request, sent by the AI SDK's provider, whose schemas check every chunk of the answer.
import { text } from "node:stream/consumers";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

const { BASE_URL, API_KEY } = process.env;
const body = await text(process.stdin);
const portico = createOpenAICompatible({
  name: "portico",
  baseURL: BASE_URL,
  apiKey: API_KEY,
  fetch: (url, init) => fetch(url, { ...init, body }),
});

const prompt = [{ role: "user", content: [{ type: "text", text: "Not sent." }] }];
const { stream } = await portico("any").doStream({ prompt });
const told = { text: "", calls: [], errors: [], finish: null };
for await (const part of stream) {
  if (part.type === "text-delta") told.text += part.delta;
  if (part.type === "tool-call") told.calls.push([part.toolName, part.input]);
  if (part.type === "error") told.errors.push(String(part.error));
  if (part.type === "finish") told.finish = part.finishReason.unified;
}
console.log(JSON.stringify(told));
