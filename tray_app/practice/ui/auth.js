// The page where people sign in.

import { load } from "./load.js";
import { askAuth, keep, keepSignedIn, sha256, stored } from "./session.js";

const said = document.getElementById("said");

async function signIn(path, body) {
  said.textContent = "";
  try {
    const told = await askAuth(path, body);
    if (!told.success) {
      said.textContent = told.data.details;
      return;
    }
    keepSignedIn(told.data);
    location.assign("/");
  } catch {
    said.textContent = "The site cannot be reached.";
  }
}

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const password = await sha256(form.get("password"));
  await signIn("/api/v2/auths/signin", { email: form.get("email"), password });
});

document.getElementById("google").addEventListener("click", () => {
  const popup = window.open(`${load.authOrigin}/o/google`, "google", "width=480,height=640");
  if (popup === null) said.textContent = "The window of Google did not open.";
});

if (load.guest !== null && stored() === null) keep(load.guest);
const code = new URLSearchParams(location.search).get("code");
if (location.pathname === "/auth/callback" && code !== null) {
  await signIn("/api/v2/auths/oauth/github", { code });
}
