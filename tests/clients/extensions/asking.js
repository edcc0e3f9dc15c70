// What every place does: asks Portico with the key in CONFIG, and tells the test what came of it.
// CONFIG comes from config.js, which the test writes.

async function asked(path, key, body) {
  const headers = { Authorization: `Bearer ${key}` };
  if (body) headers["Content-Type"] = "application/json";
  const method = body ? "POST" : "GET";
  try {
    const options = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(CONFIG.base_url + path, options);
    const type = response.headers.get("Content-Type");
    return { status: response.status, type, body: await text(response.body.getReader()) };
  } catch (error) {
    return { refused: String(error) };
  }
}

async function text(reader) {
  const decoder = new TextDecoder();
  let found = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return found + decoder.decode();
    found += decoder.decode(value, { stream: true });
  }
}

async function report(place) {
  const messages = [{ role: "user", content: "Hello" }];
  const chat = { model: "qwen3.7-plus", messages };
  const found = {
    place,
    origin: location.origin,
    models: await asked("/models", CONFIG.key),
    whole: await asked("/chat/completions", CONFIG.key, { ...chat, stream: false }),
    streamed: await asked("/chat/completions", CONFIG.key, { ...chat, stream: true }),
    wrong: await asked("/chat/completions", "wrong", chat),
  };
  await fetch(CONFIG.told, { method: "POST", body: JSON.stringify(found) });
}
