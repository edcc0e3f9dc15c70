// What can be seen of a page of the site: nothing in it is changed, and no other page is looked at.
((name, origin, pages) => {
  if (location.origin !== origin) {
    return "";
  }
  const isSeen = (frame) =>
    frame.getClientRects().length > 0 && getComputedStyle(frame).visibility !== "hidden";
  const stored = {};
  for (const key of pages.stored) {
    const value = localStorage.getItem(key);
    if (value !== null) {
      stored[key] = value;
    }
  }
  const script = [...document.scripts].find(({ src }) => src?.includes(pages.script))?.src ?? "";
  const text = script !== "" ? "" : (document.documentElement?.outerHTML ?? "").slice(0, 1 << 16);
  return JSON.stringify({
    url: location.href,
    is_there: window[name] !== undefined,
    stored,
    check:
      [...document.querySelectorAll(pages.check_frames)].some(isSeen) ||
      pages.check_words.some((word) => text.includes(word)),
    script: document.readyState === "loading" ? "" : script,
    is_complete: document.readyState === "complete",
    is_wrapped: !/\[native code\]/.test(Function.prototype.toString.call(window.fetch)),
  });
})
