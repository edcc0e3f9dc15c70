// A table: lines of the same kind, kept by their ids, so that what comes in above the line that
// somebody is in leaves them there.

// A name as an app may make it up: broken, so that it takes no room of the other columns.
const LONG_WORD = /\S{25}/;

makers.table = () => {
  const head = make("tr", "");
  const body = make("tbody", "");
  const known = newPart("div", "table", make("table", "", make("thead", "", head), body));
  const lines = new Map();
  // One that is too wide is moved by the keys, so it must take the focus.
  known.node.tabIndex = 0;
  known.node.setAttribute("role", "group");

  const names = [];
  const corner = make("td", "end");

  // A button stands below the words of the last cell, and in a column of its own beside a number.
  function isApart(columns) {
    return columns.at(-1).is_number;
  }

  function drawHead(columns, hasButtons) {
    const cells = columns.map((column, at) => {
      const cell = (names[at] ??= make("th", ""));
      cell.scope = "col";
      say(cell, column.label);
      cell.className = column.is_number ? "number" : "";
      return cell;
    });
    put(head, hasButtons && isApart(columns) ? [...cells, corner] : cells);
  }

  function newLine() {
    const [words, below] = [make("span", ""), make("div", "below")];
    const end = make("td", "end");
    return { row: make("tr", ""), cells: [], end, words, below, pressable: new Map() };
  }

  function drawLine(line, columns) {
    const one = once(lines, line.id, newLine);
    columns.forEach((column, at) => {
      const cell = (one.cells[at] ??= make("td", ""));
      cell.className = column.is_number ? "number" : "";
      cell.classList.toggle("long", LONG_WORD.test(line.cells[at]));
      if (at < columns.length - 1 || !line.button || isApart(columns)) say(cell, line.cells[at]);
      else {
        say(one.words, line.cells[at]);
        put(cell, [one.words, one.below]);
      }
    });
    one.cells.at(-1).classList.add(line.tone);
    put(one.row, line.button && isApart(columns) ? [...one.cells, one.end] : one.cells);
    if (line.button) {
      const button = drawButton(one.pressable, line.button, () => press(line.button.act));
      put(isApart(columns) ? one.end : one.below, [button]);
    }
    return one.row;
  }

  // Lines that come in above leave what is read where it is, but for who looks at the newest.
  function inPlace() {
    const frame = known.node;
    const top = frame.scrollTop + head.offsetHeight;
    const stays = frame.scrollTop > 0 ? [...body.children].find((row) => bottomOf(row) > top) : null;
    const before = stays?.offsetTop;
    return () => {
      if (stays?.isConnected) frame.scrollTop += stays.offsetTop - before;
    };
  }

  const bottomOf = (row) => row.offsetTop + row.offsetHeight;

  known.draw = (part) => {
    const putBack = inPlace();
    mark(known.node, "aria-label", part.label);
    drawHead(part.columns, part.lines.some((line) => line.button));
    const ids = new Set(part.lines.map((line) => line.id));
    for (const id of lines.keys()) if (!ids.has(id)) lines.delete(id);
    put(body, part.lines.map((line) => drawLine(line, part.columns)));
    putBack();
  };
  return known;
};
