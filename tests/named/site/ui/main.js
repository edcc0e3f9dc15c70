// The app: one document; its views change without a load.
"use strict";
(() => {
  const AUTH = "https://auth.qwen.ai/api/v2/auths";
  const STATE = "qwen_access_token_state";
  const OUT = "qwen_token_logged_out_marker";
  const told = document.querySelector("meta[name=page-behaviour]").dataset;
  const key = document.querySelector("meta[name=page-key]").content;
  const root = document.getElementById("root");
  const plain = window.fetch;
  const version = document.currentScript.src.match(/qwen-chat-fe\/([^/]+)/)[1];

  // -- what the page keeps
  const state = () => {
    try { return JSON.parse(localStorage.getItem(STATE)); } catch { return null; }
  };
  const keep = (data, sourceId = crypto.randomUUID()) => {
    localStorage.removeItem(OUT);
    localStorage.setItem("at_expire_time", String(data.expires_at));
    localStorage.setItem(STATE, JSON.stringify({
      version: 1, stateId: crypto.randomUUID(), token: data.access_token,
      expiresAt: data.expires_at, updatedAt: Date.now(), sourceId,
    }));
  };
  const drop = () => {
    localStorage.removeItem(STATE);
    localStorage.removeItem("at_expire_time");
  };

  // -- the host that signs people in
  const auth = async (path, body) => {
    const headers = {
      "x-request-origin": location.origin, source: "web", version,
      "x-request-id": crypto.randomUUID(),
    };
    if (body) headers["content-type"] = "application/json";
    const answer = await plain(AUTH + path, {
      method: body ? "POST" : "GET", headers, credentials: "include",
      body: body && JSON.stringify(body),
    });
    const json = await answer.json();
    if (!json.success) throw new Error(json.data?.details ?? "Something went wrong.");
    return json.data;
  };
  const hex = async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0")).join("");
  };

  // -- what the page's own script does about calls
  const mark = async (url, method, body) => {
    const nonce = crypto.randomUUID();
    const target = url.pathname + url.search;
    const proof = await hex([key, nonce, method, target, await hex(body)].join("\n"));
    return `${key}.${nonce}.${proof}`;
  };
  const ask = (address) => new Promise((resolve) => {
    const shade = document.createElement("div");
    shade.id = "baxia-dialog";
    const frame = document.createElement("iframe");
    frame.id = "baxia-dialog-content";
    frame.title = "Verification";
    frame.src = address.replace(":443//", "/");
    shade.append(frame);
    document.body.append(shade);
    const heard = (event) => {
      if (event.source !== frame.contentWindow || event.data !== "baxia-done") return;
      removeEventListener("message", heard);
      shade.remove();
      resolve();
    };
    addEventListener("message", heard);
  });
  const wrap = () => {
    const before = window.fetch;
    const wrapped = async function (input, init = {}) {
      const url = new URL(input instanceof Request ? input.url : String(input), location.href);
      const method = (init.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase();
      if (url.origin !== location.origin || method === "GET" || !url.pathname.startsWith("/api/")) {
        return before.call(this, input, init);
      }
      const body = typeof init.body === "string" ? init.body : "";
      for (;;) {
        const headers = new Headers(init.headers);
        headers.set("bx-ua", await mark(url, method, body));
        headers.set("bx-v", "2.5.37");
        const answer = await before.call(this, input, { ...init, headers });
        const acts = answer.headers.get("bxpunish");
        if (acts !== "dialog" && acts !== "leave") return answer;
        const { data } = await answer.clone().json();
        if (acts === "leave") {
          location.href = data.url.replace(":443//", "/");
          return new Promise(() => {});
        }
        await ask(data.url);
      }
    };
    Object.defineProperty(wrapped, "name", { value: "fetch" });
    const hidden = {
      bind: () => wrapped.bind(window),
      proxy: () => new Proxy(before, { apply: (_, self, asked) => wrapped.apply(self, asked) }),
    };
    window.fetch = (hidden[told.kind] ?? (() => wrapped))();
  };

  // -- views
  const make = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const home = (mail) => {
    document.title = "Qwen Chat";
    const out = make("button", {}, "Log out");
    out.onclick = async () => {
      await auth("/signout", {});
      drop();
      localStorage.setItem(OUT, String(Date.now()));
      location.assign("/auth");
    };
    const box = make("input", { id: "message" });
    const form = make("form", {}, make("label", { for: "message" }, "Message"), box);
    form.onsubmit = async (event) => {
      event.preventDefault();
      await window.fetch("/api/v2/chats/new", {
        method: "POST", body: "{}", credentials: "include",
        headers: {
          "content-type": "application/json", "named-person": "1", version,
          authorization: `Bearer ${state().token}`,
        },
      });
    };
    root.replaceChildren(make("h1", {}, "How can I help you today?"),
      make("p", { role: "status" }, `Signed in${mail ? ` as ${mail}` : ""}`), form, out);
    if (told.punish) ask(told.punish);
  };
  const enter = async (data) => {
    keep(data);
    if (!told.pushes) return location.assign("/");
    history.pushState({}, "", "/");
    home(data.email);
  };
  const door = () => {
    document.title = "Sign in - Qwen Chat";
    const mail = make("input", { type: "email", id: "mail", autocomplete: "username" });
    const word = make("input", { type: "password", id: "word", autocomplete: "current-password" });
    const alarm = make("p", { role: "alert" });
    const form = make("form", {}, make("label", { for: "mail" }, "Email"), mail,
      make("label", { for: "word" }, "Password"), word, make("button", {}, "Log in"), alarm);
    form.onsubmit = async (event) => {
      event.preventDefault();
      alarm.textContent = "";
      try {
        await enter(await auth("/signin", { email: mail.value, password: await hex(word.value) }));
      } catch (fault) {
        alarm.textContent = fault.message;
      }
    };
    const git = make("button", {}, "Continue with GitHub");
    git.onclick = () => location.assign("https://github.com/login/oauth/authorize?client_id=q");
    const google = make("button", {}, "Continue with Google");
    google.onclick = () => {
      if (!window.open("https://accounts.google.com/o/oauth2/auth", "g", "width=500,height=600")) {
        alarm.textContent = "The window was blocked.";
      }
    };
    const terms = make("a", { href: "https://qwen.ai/termsservice", target: "_blank" }, "Terms");
    root.replaceChildren(make("h1", {}, "Welcome to Qwen"), form, git, google, terms);
    mail.focus();
  };

  // -- the load
  const renew = async () => {
    try {
      keep(await auth("/refresh"));
      return true;
    } catch {
      return false;
    }
  };
  const isOld = (now) => !now || now.sourceId === "guest" || now.expiresAt - Date.now() < Number(told.below) * 1000;
  const isTaken = async () => {
    const headers = { authorization: `Bearer ${state().token}`, version };
    const answer = await plain("/api/v2/users/user/settings", { headers, credentials: "include" });
    return (await answer.json()).success;
  };
  const start = async () => {
    setTimeout(wrap, Number(told.wrap) * 1000);
    const code = new URLSearchParams(location.search).get("code");
    if (code) {
      try { return await enter(await auth("/oauth/exchange", { code })); } catch { /* as before */ }
    }
    if (location.pathname === "/auth") {
      if (told.guest && !state()) {
        keep(await auth("/guest"), "guest");
      }
      return door();
    }
    if (localStorage.getItem(OUT) || ((isOld(state()) || !(await isTaken())) && !(await renew()))) {
      drop();
      localStorage.setItem(OUT, String(Date.now()));
      return location.replace("/auth");
    }
    home("");
  };
  start();
})();
