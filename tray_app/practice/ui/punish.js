// Asks for a person, whose click is told to the site and to the page around this one.

const said = document.getElementById("said");

document.getElementById("person").addEventListener("click", async (event) => {
  if (!event.isTrusted) return;
  const answer = await fetch(`/_____tmd_____/verify${location.search}`, { method: "POST" });
  if (!answer.ok) {
    said.textContent = "That did not work. Please load the page again.";
  } else if (window.parent === window) {
    location.replace("/");
  } else {
    window.parent.postMessage("answered", location.origin);
  }
});
