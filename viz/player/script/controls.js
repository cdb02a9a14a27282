// The controls, and where we are: a step, and the timer that plays.
const end = steps.length - 1;
let now = end, timer = 0;

const button = (label, action, explained) => make("button", { type: "button", onclick: action, "aria-label": explained }, label);
const choice = (label, options, chosen, action) => {
  const select = make("select", { "aria-label": label, onchange: action }, ...Object.keys(options).map(key => make("option", { value: options[key] }, key)));
  select.value = chosen;
  return select;
};
const first = button("First", () => go(0), "first step"), back = button("Back", () => move(-1), "back one step");
const next = button("Next", () => move(1), "next step"), last = button("Last", () => go(end), "last step");
const play = button("Play", () => toggle());
const scrub = make("input", { type: "range", min: 0, max: end, "aria-label": "step", oninput: () => go(+scrub.value) });
const at = make("span", { class: "at" });
const speed = choice("speed", { "½ ×": 0.5, "1 ×": 1, "2 ×": 2, "4 ×": 4 }, 1, () => {});
const grain = choice("granularity", { "each contribution": "contribution", "each node": "node", ...(data.layers ? { "each layer": "layer" } : {}) }, data.grain, () => go(now));
const asks = choice("predict", { "no questions": "", "predict contributions": "contribution", "predict gradients": "gradient" }, "", () => go(now));
const zooms = make("div", { class: "zoom" }, button("−", () => zoom(0.8), "zoom out"), button("+", () => zoom(1.25), "zoom in"), button("Fit", fit, "fit, or own size"));

const body = make("tbody"), said = make("div", { class: "said", role: "status", "aria-live": "polite" });
const rule = make("div", { class: "rule" }), source = make("pre", { class: "source", role: "group", "aria-label": "your line" });
const table = make("table", {}, make("caption", {}, "grad_table"), make("thead", {}, make("tr", {},
  ...["node", `∂${result} / ∂node`, "from", "reported"].map(name => make("th", { scope: "col" }, name)))), body);
const code = ALGORITHM.map(text => make("span", {}, text));
const main = make("div", { class: "main" }, make("div", { class: "view" }, figure, zooms), make("div", { class: "table" }, table));
const region = make("div", { class: "player", role: "region", tabindex: 0, onkeydown: key,
  "aria-label": `backpropagation of ${result}, step by step. Arrow keys step, Home and End jump, Space plays.` },
  make("div", { class: "bar" }, first, back, next, last, play, scrub, at, speed, grain, asks), main, rule,
  make("div", { class: "low" }, make("pre", { role: "group", "aria-label": "the algorithm" }, ...code), source),
  make("div", { class: "keys" }, "← → step · Home End · Space plays · + − 0 zoom · Shift ← ↑ ↓ → moves the picture"), said);

function go(target) {
  now = Math.max(0, Math.min(end, target));
  asked = null;
  show();
}
// One unit on or back. A question first: going on again reveals it.
function move(by) {
  if (by > 0 && asked) return go(now);
  let target = now + by;
  while (target > 0 && target < end && !ends(target, units())) target += by;
  if (target < 0 || target > end) return;
  now = target;
  asked = by > 0 && sought(steps[now]) ? steps[now] : null;
  if (asked) stop();
  show("", by > 0);
}
// What is predicted is single contributions.
const units = () => asks.value ? "contribution" : grain.value;
function toggle() {
  if (timer) stop();
  else { if (now === end) now = 0; asked = null; tick(); }
  show();
}
function stop() { clearTimeout(timer); timer = 0; }
function tick() {
  timer = setTimeout(() => {
    if (!host.isConnected) return stop();
    move(1);
    if (timer) now < end ? tick() : toggle();
  }, 1000 / speed.value);
}
function key(event) {
  const target = event.target, type = target.tagName, typing = type === "SELECT" || (type === "INPUT" && target.type !== "range");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowRight: () => move(1), ArrowLeft: () => move(-1), Home: () => go(0), End: () => go(end),
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit };
  if (type !== "BUTTON" && type !== "INPUT") moves[" "] = toggle;
  const pans = { ArrowRight: [60, 0], ArrowLeft: [-60, 0], ArrowDown: [0, 60], ArrowUp: [0, -60] }[event.key];
  const action = event.shiftKey && pans ? () => pan(...pans) : moves[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}
