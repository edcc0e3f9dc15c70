// What is put into a page of the site: it makes calls by the page's own fetch and keeps what comes
// until it is asked for. It hands out nothing by itself, and goes with the page.
((name, limit, most) => {
  if (window[name] !== undefined) {
    return 1;
  }
  const calls = new Map();

  const bearer = (key) => {
    try {
      const { token } = JSON.parse(localStorage.getItem(key));
      return typeof token === "string" ? token : "";
    } catch {
      return "";
    }
  };

  const read = async (answer, call) => {
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      const text = decoder.decode(value, { stream: !done });
      call.size += text.length;
      if (call.size > limit) {
        call.stop.abort();
        return "too_large";
      }
      if (text !== "") {
        call.texts.push(text);
      }
      if (done) {
        return "";
      }
    }
  };

  const make = async (call, asked) => {
    const headers = { ...asked.headers };
    const token = asked.bearer === "" ? "" : bearer(asked.bearer);
    if (token !== "") {
      headers.Authorization = `Bearer ${token}`;
    }
    // Looked up at this moment: the site's own code has put itself before it.
    const answer = await window.fetch(asked.path, {
      method: asked.method,
      headers,
      body: asked.body ?? undefined,
      credentials: "include",
      redirect: "manual",
      signal: call.stop.signal,
    });
    const isRedirect = answer.type === "opaqueredirect";
    call.head = {
      status: isRedirect ? 0 : answer.status,
      headers: Object.fromEntries(answer.headers),
    };
    return answer.body === null ? "" : read(answer, call);
  };

  const start = (id, asked) => {
    const call = { stop: new AbortController(), texts: [], size: 0, head: null, end: null };
    calls.set(id, call);
    make(call, asked).then(
      (end) => {
        call.end = end;
      },
      () => {
        call.end = navigator.onLine ? "network" : "offline";
      },
    );
    return 1;
  };

  const abort = (id) => {
    calls.get(id)?.stop.abort();
    calls.delete(id);
    return 1;
  };

  // What came of a call: no more at once than is quickly passed on.
  const take = ({ texts }) => {
    let size = 0;
    let count = 0;
    while (count < texts.length && size < most) {
      size += texts[count].length;
      count += 1;
    }
    return texts.splice(0, count).join("");
  };

  const drain = () => {
    const told = [];
    for (const [id, call] of calls) {
      const text = take(call);
      const end = call.texts.length === 0 ? call.end : null;
      if (call.head !== null || text !== "" || end !== null) {
        told.push({ id, head: call.head, text, end });
        call.head = null;
      }
      if (end !== null) {
        calls.delete(id);
      }
    }
    return JSON.stringify(told);
  };

  Object.defineProperty(window, name, { value: Object.freeze({ start, abort, drain }) });
  return 1;
})
