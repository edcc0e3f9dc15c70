// What is brought into sight, and what stays where it is while other things change.

// Where something was pressed, so that what comes of it can be brought into sight.
let acted = { section: null, at: 0 };

function act(node, deed) {
  acted = { section: node.closest(".section"), at: performance.now() };
  deed();
}

// What came of a press is brought into sight, where that happened in the same section: at once, or
// when what it began is over. What an app brings meanwhile moves nothing.
const AT_ONCE_MS = 3000;

function bringNews() {
  const { section, at } = acted;
  const isBusy = section?.querySelector(".text.busy") ?? null;
  const isAwaited = isBusy !== null || acted.wasBusy || performance.now() - at < AT_ONCE_MS;
  for (const known of kept.values()) {
    if (!known.shows) continue;
    known.shows = false;
    if (isAwaited && section?.contains(known.node)) known.node.scrollIntoView({ block: "nearest" });
  }
  acted.wasBusy = isBusy !== null;
}

// What is read stays in its place when something above it grows or shrinks: where somebody is in,
// else the first that begins in sight. At the very top it is the top that stays.
function inPlace() {
  const scroller = isNarrow.matches ? document.scrollingElement : find("main");
  const top = isNarrow.matches ? 0 : scroller.getBoundingClientRect().top;
  const bottom = top + scroller.clientHeight;
  const isIn = (node) => {
    const box = node.getBoundingClientRect();
    return box.height > 0 && box.top >= top && box.top < bottom;
  };
  const focused = document.activeElement.closest("#parts .inside > *, #parts > *");
  const all = scroller.scrollTop > 0 ? [...document.querySelectorAll("#parts .inside > *, #parts > *")] : [];
  const stays = focused && isIn(focused) ? focused : all.find(isIn);
  const before = stays?.getBoundingClientRect().top;
  return () => {
    if (stays?.isConnected) scroller.scrollTop += stays.getBoundingClientRect().top - before;
  };
}
