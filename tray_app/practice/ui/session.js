// What the pages keep of a session, and how they ask the auth host about it.

import { load } from "./load.js";

const STATE = "qwen_access_token_state";
const EXPIRY = "at_expire_time";
const SIGNED_OUT = "qwen_token_logged_out_marker";

export function stored() {
  try {
    return JSON.parse(localStorage.getItem(STATE));
  } catch {
    return null;
  }
}

export function keep({ token, expiresAt }) {
  const state = {
    version: 1,
    stateId: crypto.randomUUID(),
    token,
    expiresAt,
    updatedAt: Date.now(),
    sourceId: crypto.randomUUID(),
  };
  localStorage.setItem(STATE, JSON.stringify(state));
  localStorage.setItem(EXPIRY, String(expiresAt));
}

export function keepSignedIn({ access_token: token, expires_at: seconds }) {
  keep({ token, expiresAt: Math.round(seconds * 1000) });
  localStorage.removeItem(SIGNED_OUT);
}

export function forget() {
  localStorage.setItem(SIGNED_OUT, String(Date.now()));
  localStorage.removeItem(STATE);
  localStorage.removeItem(EXPIRY);
}

export async function askAuth(path, body) {
  const headers = {
    source: "web",
    version: load.version,
    timezone: new Date().toString().replace(/ \(.*\)$/, ""),
    "x-request-id": crypto.randomUUID(),
    "x-request-origin": location.origin,
  };
  const call = { method: "GET", credentials: "include", headers };
  if (body !== undefined) {
    call.method = "POST";
    call.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  return (await fetch(load.authOrigin + path, call)).json();
}

export async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
