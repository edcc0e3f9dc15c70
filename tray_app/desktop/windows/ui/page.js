// Draws the view that it is sent and keeps what was pressed until it is fetched. Every text is set
// as text. It has no words of its own and asks nobody anything.

const find = (id) => document.getElementById(id);
const pressed = [];

function make(tag, kind, ...children) {
  const node = document.createElement(tag);
  node.className = kind;
  node.append(...children);
  return node;
}

function press(id, typed = "") {
  pressed.push({ told: "pressed", id, typed });
}

// A live region speaks at every change, so what is the same is not set again.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Nodes that are in their place already are not moved: a moved one loses the focus.
function put(parent, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...parent.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
}

const rows = new Map();
const groups = new Map();
const opened = new Set();

function kindOf(row) {
  if (!row.enabled) return "note";
  return row.rows.length > 0 ? "menu" : "action";
}

function newRow(row, kind) {
  const label = make("span", "label");
  const face = make(kind === "note" ? "p" : "button", `row ${kind}`, label);
  const item = make("li", "", face);
  const known = { kind, item, face, label, list: null };
  if (kind === "action") face.addEventListener("click", () => press(row.id));
  if (kind === "menu") {
    known.list = make("div", "inner");
    known.list.id = `inside-${row.id}`;
    known.list.setAttribute("role", "group");
    face.setAttribute("aria-controls", known.list.id);
    face.addEventListener("click", () => open(known, row.id, !opened.has(row.id)));
    item.append(known.list);
  }
  return known;
}

function open(known, id, isOpen) {
  opened[isOpen ? "add" : "delete"](id);
  known.face.setAttribute("aria-expanded", String(isOpen));
  known.list.hidden = !isOpen;
}

function drawRow(row, seen) {
  const kind = kindOf(row);
  let known = rows.get(row.id);
  if (known?.kind !== kind) rows.set(row.id, (known = newRow(row, kind)));
  seen.add(row.id);
  say(known.label, row.label);
  known.face.classList.toggle("switch", row.checked !== null);
  if (row.checked !== null) {
    known.face.setAttribute("role", "switch");
    known.face.setAttribute("aria-checked", String(row.checked));
    known.face.setAttribute("aria-disabled", String(!row.enabled));
  }
  if (row.checked === null) {
    for (const name of ["role", "aria-checked", "aria-disabled"]) known.face.removeAttribute(name);
  }
  if (kind === "menu") {
    known.list.setAttribute("aria-label", row.label);
    drawRows(known.list, row.rows, seen);
    open(known, row.id, opened.has(row.id));
  }
  return known.item;
}

// A row without a label is the line between two groups.
function drawRows(parent, list, seen) {
  const parts = [[]];
  for (const row of list) {
    if (row.label === "") parts.push([]);
    else parts.at(-1).push(row);
  }
  const drawn = parts.filter((part) => part.length > 0).map((part) => {
    const id = part[0].id;
    const group = groups.get(id) ?? make("ul", "group");
    // Without its bullets WebKit tells screen readers of no list, unless told that it is one.
    group.setAttribute("role", "list");
    groups.set(id, group);
    seen.add(id);
    put(group, part.map((row) => drawRow(row, seen)));
    return group;
  });
  put(parent, drawn);
}

function forget(kept, seen) {
  for (const id of kept.keys()) if (!seen.has(id)) kept.delete(id);
}

function showStatus(view) {
  const icon = find("icon");
  icon.hidden = !view.icon.startsWith("data:image/");
  if (!icon.hidden && icon.src !== view.icon) icon.src = view.icon;
  say(find("tip"), view.tip);
  const focused = document.activeElement;
  const seen = new Set();
  drawRows(find("rows"), view.rows, seen);
  forget(rows, seen);
  forget(groups, seen);
  if (focused.isConnected && focused !== document.activeElement) focused.focus();
}

// How long something takes already, as a clock shows it: that needs no words.
function tick(since, node) {
  const passed = Math.floor((Date.now() - since) / 1000);
  node.textContent = `${Math.floor(passed / 60)}:${String(passed % 60).padStart(2, "0")}`;
}

let safe = null;
let busy = "";
let timer = 0;

// The line of what goes on; without any it is empty and takes no room.
function showBusy(text) {
  const [words, clock] = find("busy").children;
  clearInterval(timer);
  say(words, text);
  clock.hidden = text === "";
  find("busy").classList.toggle("on", text !== "");
  if (text === "") return;
  const since = Date.now();
  tick(since, clock);
  timer = setInterval(() => tick(since, clock), 1000);
}

function answer(id) {
  for (const button of find("answers").children) button.disabled = true;
  if (id !== safe) showBusy(busy);
  safe = null;
  press(id, find("typed").value);
}

// A question that comes again, because something was wrong, finds what was typed.
function showField(label) {
  find("field").hidden = label === "";
  say(find("label"), label);
}

function showQuestion(view) {
  say(find("text"), view.text);
  say(find("fault"), view.fault);
  find("facts").replaceChildren(...view.facts.map((fact) => make("li", "", fact)));
  find("facts").hidden = view.facts.length === 0;
  const buttons = view.answers.map((one) => {
    const button = make("button", one.kind, one.label);
    button.addEventListener("click", () => answer(one.id));
    return button;
  });
  find("answers").replaceChildren(...buttons);
  showField(view.field);
  const first = buttons.find((button) => button.className === "default") ?? buttons[0];
  (view.field === "" ? first : find("typed"))?.focus();
  // The engine is content where a part of it can be seen.
  if (view.field !== "") {
    for (const id of ["typed", "fault"]) find(id).scrollIntoView({ block: "nearest" });
  }
  safe = view.safe;
  busy = view.busy;
  showBusy("");
}

// The arrows walk over everything that can be pressed, as they do in a menu.
function walk(key) {
  const stops = [...document.querySelectorAll("button:enabled")].filter((one) => one.offsetParent);
  const at = stops.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[key];
  if (to === undefined || stops.length === 0) return false;
  stops.at(to % stops.length).focus();
  return true;
}

addEventListener("keydown", (event) => {
  if (find("parts") !== null) return;
  if (event.key === "Escape" && safe !== null) answer(safe);
  else if (event.target.id === "typed") return;
  else if (event.altKey || event.ctrlKey || event.metaKey || !walk(event.key)) return;
  event.preventDefault();
});

const views = { status: showStatus, question: showQuestion };

window.portico = Object.freeze({
  show(view) {
    document.documentElement.lang = view.language;
    document.title = view.title;
    say(find("title"), view.heading ?? view.title);
    views[view.view](view);
  },
  // What a window of this width should be like, in its own pixels: where a person has text made
  // larger, a pixel of the page is more than one of the window.
  size(width) {
    const main = document.querySelector("main");
    main.style.width = `${width}px`;
    const height = main.getBoundingClientRect().height;
    main.style.width = "";
    const scale = Math.max(1, width / innerWidth);
    return JSON.stringify([
      Math.round(Math.min(width * scale, screen.availWidth * 0.9)),
      Math.ceil(Math.min(height * scale, screen.availHeight * 0.85)),
    ]);
  },
  drain: () => JSON.stringify({ focused: document.hasFocus(), pressed: pressed.splice(0) }),
});
