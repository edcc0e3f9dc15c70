// The app's own script: renews the session when it is loaded, and puts itself before `fetch`.

import { load } from "./load.js";
import { askAuth, forget, keep, keepSignedIn, sha256, stored } from "./session.js";

const SOON_MS = 60_000;
const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const plain = window.fetch.bind(window);
let asking = null;

// Resolves once a person has answered; there is one dialog however many calls wait for it.
function ask(url) {
  asking ??= new Promise((resolve) => {
    const dialog = document.createElement("div");
    dialog.className = "baxia-dialog";
    const frame = document.createElement("iframe");
    frame.id = "baxia-dialog-content";
    frame.title = "Are you a person?";
    frame.src = url;
    dialog.append(frame);
    document.body.append(dialog);
    const heard = (event) => {
      if (event.source !== frame.contentWindow || event.data !== "answered") return;
      window.removeEventListener("message", heard);
      dialog.remove();
      asking = null;
      resolve();
    };
    window.addEventListener("message", heard);
  });
  return asking;
}

async function proven(input, init = {}) {
  const url = new URL(input instanceof Request ? input.url : input, location.href);
  const method = (init.method ?? input.method ?? "GET").toUpperCase();
  const isWrite = WRITES.has(method) && url.pathname.startsWith("/api/");
  if (!isWrite || url.origin !== location.origin) return plain(input, init);
  const again = input instanceof Request ? input.clone() : input;
  const headers = new Headers(init.headers ?? input.headers);
  const proof = await sha256(`${load.secret}\n${method}\n${url.pathname}${url.search}`);
  headers.set("x-practice-page", proof);
  const answer = await plain(input, { ...init, headers });
  const check = answer.headers.get("x-practice-check");
  if (check === null) return answer;
  const told = await answer.json();
  if (check === "navigation") {
    location.assign(told.data.url);
    return new Promise(() => {});
  }
  await ask(told.data.url);
  return window.fetch(again, init);
}

function leave() {
  forget();
  location.replace("/auth");
}

async function renew() {
  const told = await askAuth("/api/v2/auths/refresh");
  if (told.success) keepSignedIn(told.data);
  else leave();
  return told.success;
}

async function whose() {
  const headers = { Authorization: `Bearer ${stored().token}`, version: load.version };
  return (await plain("/api/v2/user/info", { headers })).json();
}

async function begin() {
  const state = stored();
  if (state === null && !load.canRenew) {
    if (load.guest === null) return location.replace("/auth");
    keep(load.guest);
  } else if (!(state?.expiresAt > Date.now() + SOON_MS)) {
    if (!(await renew())) return undefined;
  }
  let told = await whose();
  if (!told.success) {
    if (!(await renew())) return undefined;
    told = await whose();
  }
  const name = told.data.is_guest ? "nobody: you are a guest" : told.data.email;
  document.getElementById("who").textContent = `Signed in as ${name}.`;
  return undefined;
}

setTimeout(() => {
  window.fetch = proven;
}, load.wrapsAfterMs);

if (!location.pathname.startsWith("/auth")) {
  if (load.check !== null) ask(load.check);
  begin().catch(() => {
    document.getElementById("who").textContent = "The site cannot be reached.";
  });
}
