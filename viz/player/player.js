((NAME, data) => {
// The host: the first element of this class that no script has brought to life. Never an id: the same output
// may stand on a page twice.
const host = [...document.getElementsByClassName(NAME)].find(e => !e.dataset.player);
if (!host) return;
host.dataset.player = "on";

const SVG = "http://www.w3.org/2000/svg", MATH = "http://www.w3.org/1998/Math/MathML";
const fill = (element, attributes, children) => {
  for (const key in attributes || {}) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), attributes[key]);
    else element.setAttribute(key, attributes[key]);
  }
  element.append(...(children || []));
  return element;
};
const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const math = (tag, ...children) => fill(document.createElementNS(MATH, tag), tag === "math" ? { displaystyle: true } : {}, children);

// The picture is decoded from the image that shows without scripts, so that it is on the page once.
const source = host.querySelector("img").getAttribute("src");
const text = decodeURIComponent(source.slice(source.indexOf(",") + 1));
const svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
const [edgeGroup, nodeGroup] = [...svg.children].filter(e => e.tagName === "g");
const paths = [...edgeGroup.children];
const nodes = [...nodeGroup.children].map((card, i) => {
  const [title, value, gradient] = card.querySelectorAll("text");
  const expression = title.querySelector("tspan");
  const kind = card.getAttribute("class"), rest = expression ? expression.textContent : "";
  return {
    card, kind, expression: rest, value, gradient, free: kind === "f", made: !kind || kind === "r",
    label: expression ? title.textContent.slice(0, -rest.length || undefined) : title.textContent,
    valueText: value ? value.textContent.slice(2) : "", gradientText: gradient ? gradient.textContent.slice(2) : "",
    line: data.lines[data.at[i]] || "", expected: 0,
  };
});
svg.setAttribute("role", "group");
svg.setAttribute("aria-label", "computational graph");
const head = svg.querySelector("marker").cloneNode(true);
fill(head, { id: "z", refX: 8, orient: "auto-start-reverse", class: "head", markerWidth: 12, markerHeight: 12 });
svg.prepend(head);
const chips = svg.appendChild(document.createElementNS(SVG, "g"));
chips.setAttribute("aria-hidden", "true");
const loss = data.loss, result = nodes[loss].label;

// The steps: inputs given, values, seed, then per visited node the visit and its contributions.
const steps = [{ kind: "start", stop: true }];
nodes.forEach((node, i) => node.made && steps.push({ kind: "forward", node: i, stop: true }));
steps.push({ kind: "seed", node: loss, value: nodes[loss].gradientText, total: nodes[loss].gradientText, stop: true });
let last = null;
for (const [from, to, edges, local, factor, value, total] of data.steps) {
  const final = nodes[to].gradientText, consumers = [].concat(from);
  if (from === -1) { steps.push({ kind: "hook", node: to, value, total: value, stop: true }); continue; }
  if (consumers.join() !== last) steps.push({ kind: "visit", node: consumers[0], consumers });
  else steps[steps.length - 1].stop = false;
  last = consumers.join();
  nodes[to].expected++;
  const first = nodes[to].expected === 1;
  steps.push({ kind: "pass", node: to, consumers, edges: [].concat(edges), local: local || "", factor: factor || "", first,
    value: value || final, total: total || (first ? value : "") || final, stop: true });
}
const names = list => list.map(i => nodes[i].label).join(", ");
steps.forEach(s => {
  if (s.kind !== "visit") return;
  const count = nodes[s.node].expected;
  const known = count > 1 ? `all ${count} of ${count} consumers have reported` : count ? "its one consumer has reported" : "the seed is set";
  s.text = `${names(s.consumers)}: ${known}, so its gradient is complete and is passed on`;
});

const ALGORITHM = [
  "forward   for the inputs:   u(i) ← x(i)",
  "          for the others:   u(i) ← f(parents of u(i))",
  "backward  grad_table[u(n)] ← 1",
  "          for j = n … 1:      (visit u(j))",
  "            for every parent p of u(j):",
  "              c ← grad_table[u(j)] · ∂u(j)/∂p",
  "              the first:    grad_table[p] =  c",
  "              every other:  grad_table[p] += c",
];
const LIT = { start: [0], forward: [1], seed: [2], visit: [3], hook: [3] };
const code = ALGORITHM.map(line => make("span", {}, line));

// The controls.
const button = (label, action, explained) => make("button", { type: "button", onclick: action, "aria-label": explained }, label);
const first = button("First", () => go(0), "first step"), back = button("Back", () => move(-1), "previous step");
const next = button("Next", () => move(1), "next step"), end = button("Last", () => go(steps.length - 1), "last step");
const play = button("Play", () => toggle(), "play");
const scrub = make("input", { type: "range", min: 0, max: steps.length - 1, "aria-label": "step", oninput: () => go(+scrub.value) });
const at = make("span", { class: "at" });
const choice = (label, options, chosen) => {
  const select = make("select", { "aria-label": label }, ...Object.keys(options).map(key => make("option", { value: options[key] }, key)));
  select.value = chosen;
  return select;
};
const speed = choice("speed", { "½ ×": 0.5, "1 ×": 1, "2 ×": 2, "4 ×": 4 }, 1);
const grain = choice("granularity", { "each contribution": "pass", "each node": "node" }, "pass");
grain.addEventListener("change", () => show());
const predict = make("input", { type: "checkbox", onchange: () => { grain.disabled = predict.checked;
  if (predict.checked) grain.value = "pass"; asked = false; show(); } });
const body = make("tbody"), said = make("div", { class: "said", role: "status", "aria-live": "polite" });
const rule = make("div", { class: "rule" }), line = make("pre", { class: "source", "aria-label": "your line" });
const table = make("table", {}, make("caption", {}, "grad_table"), make("thead", {}, make("tr", {},
  ...["node", `∂${result} / ∂node`, "from", "reported"].map(name => make("th", { scope: "col" }, name)))), body);
const main = make("div", { class: "main" }, make("div", { class: "figure" }, svg), make("div", { class: "table" }, table));
const region = make("div", { class: "player", role: "region", tabindex: 0, onkeydown: key,
  "aria-label": `backpropagation of ${result}, step by step. Arrow keys step, Space plays.` },
  make("div", { class: "bar" }, first, back, next, end, play, scrub, at, speed, grain, make("label", {}, predict, " predict")),
  main,
  rule, make("div", { class: "low" }, make("pre", { "aria-label": "the algorithm" }, ...code), line), said);

// Where we are: a step, and in predict mode whether its result is still asked for.
let now = steps.length - 1, asked = false, timer = 0;

function go(target) {
  now = Math.max(0, Math.min(steps.length - 1, target));
  asked = false;
  show();
}
function move(by) {
  if (by > 0 && asked) { asked = false; show(); return; }
  let target = now + by;
  if (grain.value === "node") while (target > 0 && target < steps.length - 1 && !ends(target)) target += by;
  if (target < 0 || target >= steps.length) return;
  now = target;
  asked = by > 0 && predict.checked && !timer && steps[now].kind === "pass";
  show();
}
// Whether a node's last contribution is passed on at step i, or a value filled in.
const ends = i => steps[i].kind !== "visit" && (steps[i].kind !== "pass" || !steps[i + 1] || steps[i + 1].kind !== "pass");
function toggle() {
  if (timer) stop();
  else { if (now === steps.length - 1) now = 0; timer = 1; tick(); }
  show();
}
function stop() { clearTimeout(timer); timer = 0; }
function tick() {
  timer = setTimeout(() => {
    if (!host.isConnected) return stop();
    move(1);
    if (now < steps.length - 1) tick(); else { stop(); show(); }
  }, 1000 / speed.value);
}
function key(event) {
  const target = event.target, inside = target.tagName === "SELECT" || (target.tagName === "INPUT" && target.type !== "range");
  const space = event.key === " " && target.tagName !== "BUTTON" && target.tagName !== "INPUT";
  const action = { ArrowRight: () => move(1), ArrowLeft: () => move(-1), Home: () => go(0), End: () => go(steps.length - 1) }[event.key] || (space && toggle);
  if (inside || !action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

// Mathematics.
const mo = sign => math("mo", sign), mn = number => math("mn", number), mt = words => math("mtext", words);
function mi(label) {
  const parts = /^([^\W\d_])(\d+)$/u.exec(label);
  return parts ? math("msub", math("mi", parts[1]), math("mn", parts[2])) : mt(label);
}
const partial = (top, bottom) => math("mfrac", math("mrow", mo("∂"), mi(top)), math("mrow", mo("∂"), mi(bottom)));
function formula(s, hidden) {
  const node = nodes[s.node], out = [];
  if (s.kind === "start") return [mt("The inputs are given. Next: their values pass through the graph.")];
  if (s.kind === "forward") return [mi(node.label), mt(node.expression), mo("="), mn(node.valueText)];
  if (s.kind === "seed") return [partial(result, result), mo("="), mn(s.value)];
  if (s.kind === "visit") return [mt(s.text)];
  if (s.kind === "hook") return [mt(`a hook replaced the gradient of ${node.label} by ${s.value}`)];
  const consumer = names(s.consumers), single = s.consumers.length === 1, upstream = single ? nodes[s.consumers[0]].gradientText : "";
  out.push(partial(result, node.label), mo(s.first ? "=" : "+="));
  out.push(partial(result, consumer), mo(s.factor ? "·" : "∘"), partial(consumer, node.label), mo("="));
  if (s.factor) {
    const local = s.local && s.local !== s.factor ? mt(`(${s.local} = ${s.factor})`) : mn(s.factor);
    out.push(mn(upstream), mo("×"), local, mo("="));
  } else if (s.local) out.push(mt(`${upstream} ∘ (${s.local})`), mo("="));
  out.push(mn(hidden ? "?" : s.value));
  if (!s.first && !hidden) out.push(mt(`   sum so far: ${s.before} + ${s.value} = ${s.total}`));
  return out;
}

function question(s) {
  const answer = make("input", { "aria-label": `your prediction of the contribution to ${nodes[s.node].label}`, placeholder: "your prediction" });
  const reveal = () => {
    const given = parseFloat(answer.value), right = Number(s.value);
    const close = Math.abs(given - right) <= 0.01 * Math.abs(right) + 1e-12;
    asked = false;
    show(isNaN(given) || isNaN(right) ? "" : close ? `${answer.value} is right. ` : `${answer.value} is not right. `);
    region.focus();
  };
  answer.addEventListener("keydown", event => { if (event.key === "Enter") reveal(); event.stopPropagation(); });
  return make("span", { class: "ask" }, answer, button("Reveal", reveal, "reveal the contribution"));
}

function classes(element, table) { for (const name in table) element.classList.toggle(name, !!table[name]); }

// Everything on the page as it is after step `now`.
function show(verdict) {
  const filled = new Set(), grads = new Map(), walked = new Set(), hidden = asked;
  const step = steps[now], upto = hidden ? now - 1 : now;
  let start = now;
  if (grain.value === "node" && step.kind === "pass") while (steps[start - 1].kind === "pass") start--;
  for (let i = 0; i <= upto; i++) {
    const s = steps[i], entry = grads.get(s.node);
    if (s.kind === "forward") filled.add(s.node);
    else if (s.kind === "seed") grads.set(s.node, { text: s.total, from: ["seed"], count: 0 });
    else if (s.kind === "hook") entry ? entry.text = s.total : grads.set(s.node, { text: s.total, from: [], count: 0 });
    else if (s.kind === "pass") {
      s.before = entry ? entry.text : "";
      grads.set(s.node, { text: s.total, from: [...(entry ? entry.from : []), names(s.consumers)], count: (entry ? entry.count : 0) + 1 });
      s.edges.forEach(e => walked.add(e));
    }
  }
  const current = steps.slice(start, now + 1).filter(s => s.kind === "pass");
  const into = new Set(current.map(s => s.node)), lit = new Set(current.flatMap(s => s.edges));
  const from = new Set(current.flatMap(s => s.consumers));
  nodes.forEach((node, i) => {
    if (node.free) return;
    const has = !node.made || filled.has(i), entry = grads.get(i), count = entry ? entry.count : 0;
    node.value.textContent = "= " + (has ? node.valueText : "…");
    if (node.gradient) node.gradient.textContent = "∂ " + (entry ? entry.text : "…") +
      (count < node.expected && (count || node.expected > 1) ? `  (${count} of ${node.expected})` : "");
    classes(node.card, { wait: !has, open: !entry, now: into.has(i) || (i === step.node && /seed|visit|hook/.test(step.kind)),
      fill: step.kind === "forward" && step.node === i, from: from.has(i) });
    node.card.setAttribute("aria-label", `${node.label}: value ${has ? node.valueText : "not yet computed"}` +
      (node.gradient ? `, gradient ${entry ? entry.text : "not yet computed"}` : ""));
  });
  paths.forEach((path, i) => {
    classes(path, { now: lit.has(i), done: walked.has(i) && !lit.has(i) });
    fill(path, lit.has(i) ? { "marker-start": "url(#z)", "marker-end": "none" } : { "marker-start": "none", "marker-end": "url(#a)" });
  });
  chips.replaceChildren(...(lit.size < 9 ? current.map(s => chip(s)) : []));
  body.replaceChildren(...[...grads].map(([i, entry]) => make("tr", { class: into.has(i) || (i === step.node && step.kind !== "forward") ? "now" : "" },
    make("th", { scope: "row" }, nodes[i].label), make("td", { class: "g" }, entry.text), make("td", {}, entry.from.join(" + ")),
    make("td", {}, i === loss && !nodes[i].expected ? "–" : `${entry.count} of ${nodes[i].expected}`))));
  if (current.length > 1) rule.replaceChildren(...current.map(s => math("math", math("mrow", ...formula(s, hidden)))));
  else rule.replaceChildren(math("math", math("mrow", ...formula(step, hidden))));
  if (verdict) rule.append(make("strong", {}, verdict));
  if (hidden) rule.append(question(step));
  const lines = LIT[step.kind] || [5, ...new Set(current.map(s => s.first ? 6 : 7))];
  code.forEach((span, i) => { span.className = lines.includes(i) ? "now" : ""; });
  const speaker = step.kind === "pass" ? step.consumers[0] : step.node;
  line.textContent = speaker === undefined ? "" : nodes[speaker].line || (nodes[speaker].made ? "" : `${nodes[speaker].label} is a leaf`);
  const place = `${/start|forward/.test(step.kind) ? "forward" : "backward"}, step ${now} of ${steps.length - 1}`;
  at.textContent = place;
  scrub.value = now;
  scrub.setAttribute("aria-valuetext", place);
  first.disabled = back.disabled = now === 0;
  end.disabled = now === steps.length - 1;
  next.disabled = end.disabled && !hidden;
  play.textContent = timer ? "Pause" : "Play";
  play.setAttribute("aria-label", timer ? "pause" : "play");
  said.textContent = (verdict || "") + speak(step, hidden);
  const seen = nodes[step.node];
  if (!seen || !svg.isConnected) return;
  follow(seen.card, svg.parentNode);
  const row = body.querySelector(".now");
  if (row) follow(row, table.parentNode);
}
function speak(s, hidden) {
  if (s.kind !== "pass") return [...formula(s)].map(e => e.localName === "mfrac" ? [...e.children].map(part => part.textContent).join("/") : e.textContent).join(" ");
  const node = nodes[s.node].label;
  return `contribution from ${names(s.consumers)} to ${node}: ` + (hidden ? "what is it?" : `${s.value}. ` +
    (s.first ? "the first" : `added, sum so far ${s.total}`));
}
function chip(s) {
  const path = paths[s.edges[0]], middle = path.getPointAtLength ? path.getPointAtLength(path.getTotalLength() / 2) : { x: 0, y: 0 };
  const label = document.createElementNS(SVG, "text");
  label.textContent = s.first ? "=" : "+=";
  return fill(label, { class: "chip", x: middle.x, y: middle.y - 5 });
}
// Scroll the figure or the table, never the page, so that what is new is seen.
function follow(seen, inside) {
  const box = seen.getBoundingClientRect(), frame = inside.getBoundingClientRect();
  if (box.left < frame.left) inside.scrollLeft += box.left - frame.left - 60;
  else if (box.right > frame.right) inside.scrollLeft += box.right - frame.right + 60;
  if (box.top < frame.top) inside.scrollTop += box.top - frame.top - 30;
  else if (box.bottom > frame.bottom) inside.scrollTop += box.bottom - frame.bottom + 30;
}
// The theme of the notebook, where it names one; otherwise the system's.
function theme() {
  const { body, documentElement: root } = document, lab = body && body.dataset.jpThemeLight;
  const named = lab ? (lab === "false" ? "dark" : "light") : /vscode-(dark|high-contrast)\b/.test(body ? body.className : "") ? "dark" : root.dataset.theme;
  if (named) host.dataset.theme = named; else delete host.dataset.theme;
}

nodes.forEach(({ card, label, line, kind }) => {
  if (kind === "f") return;
  card.setAttribute("role", "img");
  const title = document.createElementNS(SVG, "title");
  title.textContent = [label, line].filter(Boolean).join("\n");
  card.prepend(title);
});
theme();
new MutationObserver(theme).observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
show();
const shadow = host.attachShadow({ mode: "open" });
shadow.append(make("style", {}, data.css), region);
// The finished table is the largest: keep its room from the start, so that nothing jumps while it fills.
table.parentNode.style.width = table.parentNode.offsetWidth + "px";
main.style.minHeight = main.offsetHeight + "px";
show();
})
