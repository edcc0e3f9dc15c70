// A pane: a list at the side, and parts one below the other. What is drawn is kept by its id, so
// that a new view neither takes the focus away nor what somebody is typing.

const kept = new Map();
let counted = 0;
const isNarrow = matchMedia("(max-width: 40rem)");
let chosen = null;

function once(map, id, create) {
  if (!map.has(id)) map.set(id, create());
  return map.get(id);
}

function mark(node, name, value) {
  if (value === "" || value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// One that can do nothing now is told so and keeps the focus; a disabled one would lose it.
function isOff(node) {
  return node.getAttribute("aria-disabled") === "true";
}

function drawButton(known, one, deed) {
  const button = once(known, one.act, () => {
    const made = make("button", "");
    made.type = "button";
    // The second click of a double one was not meant for what the first one brought.
    made.addEventListener("click", ({ detail }) => isOff(made) || detail > 1 || act(made, deed));
    return made;
  });
  button.className = `button ${one.kind}`;
  say(button, one.label);
  mark(button, "aria-label", one.about);
  mark(button, "aria-disabled", one.enabled ? "" : "true");
  return button;
}

function drawButtons(known, parent, list) {
  put(parent, list.map((one) => drawButton(known.pressable, one, () => press(one.act))));
  parent.hidden = list.length === 0;
}

function newPart(tag, kind, ...children) {
  return { node: make(tag, kind, ...children), pressable: new Map() };
}

const TONES_OF_NEWS = ["good", "bad", "busy"];

const makers = {
  text() {
    const words = make("span", "words");
    const clock = make("span", "clock");
    const row = make("span", "actions");
    const known = newPart("div", "", make("p", "", words, clock), row);
    clock.setAttribute("aria-hidden", "true");
    known.draw = (part) => {
      known.node.className = `text ${part.tone}`;
      const isQuiet = ["plain", "quiet"].includes(part.tone) && part.text !== "";
      mark(words, "role", isQuiet ? "" : "status");
      mark(words, "aria-live", part.is_spoken ? "" : "off");
      const isNews =
        known.tone !== undefined &&
        words.textContent !== part.text &&
        TONES_OF_NEWS.includes(part.tone);
      say(words, part.text);
      drawButtons(known, row, part.buttons);
      if (isNews) known.shows = true;
      if (part.tone !== "busy") clearInterval(known.timer);
      else if (known.tone !== "busy") {
        const since = Date.now();
        tick(since, clock);
        known.timer = setInterval(() => tick(since, clock), 1000);
      }
      clock.hidden = part.tone !== "busy";
      known.tone = part.tone;
    };
    return known;
  },

  steps() {
    const known = newPart("ol", "steps");
    known.node.setAttribute("role", "list");
    known.draw = (part) => {
      const same = [...known.node.children].map((one) => one.textContent);
      if (JSON.stringify(same) !== JSON.stringify(part.steps)) {
        known.node.replaceChildren(...part.steps.map((step) => make("li", "", step)));
      }
    };
    return known;
  },

  value() {
    const label = make("span", "label");
    const text = make("code", "");
    const row = make("span", "actions");
    const known = newPart("div", "value", label, text, row);
    label.id = `of-${(counted += 1)}`;
    known.node.setAttribute("role", "group");
    known.node.setAttribute("aria-labelledby", label.id);
    known.draw = (part) => {
      say(label, part.label);
      say(text, part.text);
      drawButtons(known, row, part.buttons);
    };
    return known;
  },

  code() {
    const label = make("span", "label");
    const row = make("span", "actions");
    const text = make("pre", "");
    const known = newPart("div", "code", make("div", "above", label, row), text);
    // One that is too high is moved by the keys, so it must take the focus.
    text.tabIndex = 0;
    text.setAttribute("role", "group");
    known.draw = (part) => {
      say(label, part.label);
      say(text, part.text);
      mark(text, "aria-label", part.label);
      drawButtons(known, row, part.buttons);
    };
    return known;
  },

  buttons() {
    const known = newPart("div", "actions");
    known.draw = (part) => drawButtons(known, known.node, part.buttons);
    return known;
  },

  field: newField,

  section() {
    const title = make("h2", "");
    const body = make("div", "body");
    const inner = make("div", "inside");
    body.append(inner);
    const known = newPart("div", "section", body);
    known.node.setAttribute("role", "group");
    title.id = `of-${(counted += 1)}`;
    known.draw = (part) => {
      say(title, part.title);
      title.hidden = part.title === "";
      mark(known.node, "aria-labelledby", part.title && title.id);
      if (part.folded !== null && !known.fold) {
        known.fold = newFold(title, body);
        known.node.append(known.fold);
      } else if (part.folded === null) {
        known.fold?.remove();
        known.fold = null;
        put(known.node, [title, body]);
      }
      if (known.folded !== part.folded && known.fold) known.fold.open = !part.folded;
      known.folded = part.folded;
      drawParts(inner, part.parts);
    };
    return known;
  },
};

// Screen readers are told nothing of a summary by WebKit's GTK port, unless it is a button.
function newFold(title, body) {
  const summary = make("summary", "", title);
  const fold = make("details", "", summary, body);
  const tell = () => mark(summary, "aria-expanded", String(fold.open));
  mark(summary, "role", "button");
  fold.addEventListener("toggle", tell);
  tell();
  return fold;
}

const inputs = {
  text: () => make("input", ""),
  number: () => make("input", "short"),
  entry: () => make("input", ""),
  lines: () => make("textarea", ""),
  choice: () => make("select", ""),
  switch: () => make("button", "switch"),
};

function newField({ kind }) {
  const number = (counted += 1);
  const input = inputs[kind]();
  const label = make("label", "label");
  const [hint, note, error, caution] = ["hint", "note", "error", "caution"].map((one) => make("p", one));
  const beside = make("span", "actions");
  const row = make("div", "control", input, beside);
  const known = newPart("div", `field of-${kind}`, make("div", "words", label, hint), row, note, error, caution);
  input.id = `in-${number}`;
  label.htmlFor = input.id;
  for (const [name, node] of Object.entries({ hint, note, error, caution })) node.id = `${name}-${number}`;
  note.setAttribute("role", "status");
  error.setAttribute("role", "alert");
  if (kind === "number") input.inputMode = "decimal";
  if (kind === "lines") input.rows = 3;
  if (kind === "switch") {
    input.type = "button";
    input.setAttribute("role", "switch");
    input.addEventListener("click", () => tell(input.ariaChecked === "true" ? "no" : "yes"));
  } else input.autocomplete = "off";
  if (kind !== "switch" && kind !== "choice") {
    input.spellcheck = false;
    // A line to the parent has an end.
    input.maxLength = kind === "lines" ? 65536 : 4096;
  }
  if (kind !== "switch" && kind !== "entry") input.addEventListener("change", () => tell(input.value));
  if (kind === "entry") {
    input.addEventListener("keydown", ({ key }) => key === "Enter" && tell(input.value));
  }

  function tell(value) {
    const isUnderWay = kind === "entry" && known.isTold && value === known.value;
    if (isOff(input) || isUnderWay) return;
    known.value = value;
    known.isTold = true;
    act(input, () => press(known.act, value));
  }

  // What stands there is told when its field is left, and a window that closes leaves it too.
  known.give = () => {
    const isTyped = ["text", "number", "lines"].includes(kind);
    if (isTyped && input.value !== known.value) tell(input.value);
  };

  known.restore = () => {
    const isOther = kind !== "switch" && input.value !== known.value;
    if (isOther) input.value = known.value;
    return isOther;
  };

  known.draw = (part) => {
    known.act = part.act;
    known.isTold = false;
    say(label, part.label);
    say(hint, part.hint);
    say(note, part.note);
    say(error, part.error);
    say(caution, part.caution);
    const told = [hint, note, error, caution].filter((one) => one.textContent !== "");
    mark(input, "aria-describedby", told.map((one) => one.id).join(" "));
    mark(input, "aria-invalid", part.error ? "true" : "");
    if (kind === "choice") drawChoices(input, part.choices, part.value);
    if (kind === "switch") mark(input, "aria-checked", String(part.value === "yes"));
    else if (part.value !== known.value) input.value = part.value;
    known.value = part.value;
    const deed = () => (kind === "entry" ? tell(input.value) : press(part.button.act));
    beside.hidden = part.button === null;
    put(beside, part.button ? [drawButton(known.pressable, part.button, deed)] : []);
  };
  fields.set(input, known);
  return known;
}

const fields = new WeakMap();

function drawChoices(select, choices, value) {
  const same = [...select.options].map((one) => [one.value, one.textContent]);
  const now = choices.map((one) => [one.id, one.label]);
  if (JSON.stringify(same) === JSON.stringify(now)) return;
  select.replaceChildren(
    ...choices.map((one) => {
      const option = make("option", "", one.label);
      option.value = one.id;
      return option;
    }),
  );
  select.value = value;
}

function drawPart(part) {
  const id = `${part.part} ${part.kind ?? ""} ${part.id}`;
  const known = once(kept, id, () => makers[part.part](part));
  drawn.add(id);
  known.draw(part);
  return known.node;
}

let drawn = new Set();

function drawParts(parent, parts) {
  put(parent, parts.map(drawPart));
}

const items = new Map();

function drawItem(item) {
  const known = once(items, item.act, () => {
    const [label, note] = [make("span", "label"), make("span", "note")];
    const button = make("button", "item", label, " ", note);
    button.type = "button";
    button.addEventListener("click", () => press(item.act));
    return { node: make("li", "", button), button, label, note };
  });
  say(known.label, item.label);
  say(known.note, item.note);
  mark(known.button, "aria-current", item.is_chosen ? "true" : "");
  return known.node;
}

function drawAside(aside) {
  mark(find("aside"), "aria-label", aside.label);
  find("searching").hidden = aside.search === "";
  say(find("asked"), aside.search);
  const asked = find("search");
  if (asked !== document.activeElement && asked.value !== aside.query) asked.value = aside.query;
  say(find("found"), aside.found);
  put(find("items"), aside.items.map(drawItem));
}

// Whoever pressed something that is gone now goes on where it was.
function refocus(focused, home) {
  if (focused.isConnected && focused.offsetParent !== null) return;
  const near = home?.isConnected ? home.querySelector("button, input, select, textarea") : null;
  (near?.offsetParent ? near : find("main")).focus();
}

function showPane(view) {
  const focused = document.activeElement;
  const home = focused.closest(".section, .text, .field");
  const putBack = inPlace();
  drawn = new Set();
  document.querySelector(".pane").classList.toggle("chosen", view.back !== "");
  find("back").hidden = view.back === "";
  say(find("back"), view.back);
  drawAside(view.aside);
  drawParts(find("notices"), view.notices);
  drawParts(find("parts"), view.parts);
  for (const [id, known] of kept) {
    if (drawn.has(id)) continue;
    clearInterval(known.timer);
    kept.delete(id);
  }
  say(find("told"), view.told);
  const now = `${view.heading}\n${view.back}`;
  if (chosen !== null && chosen !== now) {
    find("main").scrollTop = 0;
    if (isNarrow.matches) {
      scrollTo(0, 0);
      (view.back === "" ? find("items").querySelector("button") : find("main")).focus();
    }
  } else putBack();
  chosen = now;
  if (focused !== document.body) refocus(focused, home);
  bringNews();
}

function search(text) {
  const waiting = pressed.find((one) => one.id === "search");
  if (waiting) waiting.typed = text;
  else press("search", text);
}

find("search").addEventListener("input", ({ target }) => search(target.value));
find("back").addEventListener("click", () => press("back"));

// The arrows walk over the list, and from its search into it.
function step(key) {
  const stops = [...find("aside").querySelectorAll("input, .item")].filter((one) => one.offsetParent);
  const at = stops.indexOf(document.activeElement);
  const to = at + { ArrowDown: 1, ArrowUp: -1 }[key];
  if (at < 0 || !stops[to]) return false;
  stops[to].focus();
  return true;
}

function leave(target) {
  if (fields.get(target)?.restore()) return;
  if (target.id !== "search" || target.value === "") press("close");
  else search((target.value = ""));
}

addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") leave(event.target);
  else if (!step(event.key)) return;
  event.preventDefault();
});

// Told before the window is closed, which takes what was typed along.
window.leaving = () => fields.get(document.activeElement)?.give();

for (const name of ["connect", "settings", "activity", "models", "about"]) views[name] = showPane;
