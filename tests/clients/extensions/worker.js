// The extension's own part: a service worker in Chromium, a background page in Firefox, where the
// manifest names all three scripts.
if (globalThis.importScripts) importScripts("config.js", "asking.js");
report("worker");
