// Everything on the page as it is after step `now`.
const MANY = 8; // formulas and moving labels that are shown at once
let heard = -Infinity;
const toggled = (element, table) => { for (const name in table) element.classList.toggle(name, !!table[name]); };

function show(verdict, moving) {
  const s = steps[now], taken = steps.slice(begin(now, units()), now + 1);
  const state = upto(asked ? now - 1 : now);
  const passes = taken.filter(t => t.kind === "pass");
  const lit = new Set(passes.flatMap(t => t.edges)), into = new Set(passes.map(t => t.node));
  if (/seed|visit|hook/.test(s.kind)) into.add(s.node);
  showNodes(state, into, new Set(passes.flatMap(t => t.consumers)), new Set(taken.filter(t => t.kind === "forward").map(t => t.node)));
  paths.forEach((path, i) => {
    toggled(path, { now: lit.has(i), done: state.walked.has(i) && !lit.has(i) });
    fill(path, lit.has(i) ? { "marker-start": "url(#z)", "marker-end": "none" } : { "marker-start": "none", "marker-end": "url(#a)" });
  });
  chips.replaceChildren(...(passes.length > MANY ? [] : passes.flatMap(t => passing(t, moving, Math.min(900, 800 / speed.value)))));
  showTable(state, into);
  const input = showRule(taken, passes, verdict);
  const carried = new Set((passes.length ? passes : [s]).flatMap(lines));
  code.forEach((span, i) => { span.className = carried.has(i) ? "now" : ""; });
  const told = nodes[speaker(s)];
  source.textContent = told ? told.line || (told.made ? "" : `${told.label} is a leaf`) : "";
  showControls(s);
  // A screen reader is told of every step, but of few while it plays.
  if (!timer || performance.now() - heard > 3000) {
    heard = performance.now();
    said.textContent = (verdict || "") + spoken(taken, passes);
  }
  if (input) input.focus();
  if (told) follow(nodes[s.node].card.querySelector("rect"), figure);
  const row = body.querySelector(".now");
  if (row) follow(row, table.parentNode);
}
// Which values and gradients there are after step i.
function upto(i) {
  const filled = new Set(), grads = new Map(), walked = new Set();
  for (const s of steps.slice(0, i + 1)) {
    const entry = grads.get(s.node) || { from: [], count: 0, sign: "" };
    if (s.kind === "forward") filled.add(s.node);
    if (!/seed|hook|pass/.test(s.kind)) continue;
    if (s.kind === "seed") entry.from.push("seed");
    if (s.kind === "pass") {
      entry.from.push(names(s.consumers));
      entry.count++;
      s.edges.forEach(e => walked.add(e));
    }
    grads.set(s.node, { ...entry, text: s.total, sign: s.kind === "pass" && !s.first ? "+=" : "=" });
  }
  return { filled, grads, walked };
}
function showNodes({ filled, grads }, into, from, fresh) {
  nodes.forEach((node, i) => {
    if (node.free) return;
    const has = !node.made || filled.has(i), entry = grads.get(i), count = entry ? entry.count : 0;
    node.value.textContent = "= " + (has ? node.valueText : "…");
    if (node.gradient) node.gradient.textContent = "∂ " + (entry ? entry.text : "…") +
      (count < node.expected && (count || node.expected > 1) ? `  (${count} of ${node.expected})` : "");
    toggled(node.card, { wait: !has, open: !entry, now: into.has(i), fill: fresh.has(i), from: from.has(i) });
    node.card.setAttribute("aria-label", `${node.label}: value ${has ? node.valueText : "not yet computed"}` +
      (node.gradient ? `, gradient ${entry ? entry.text : "not yet computed"}` : ""));
  });
}
function showTable({ grads }, into) {
  body.replaceChildren(...[...grads].map(([i, entry]) => make("tr", { class: into.has(i) ? "now" : "" },
    make("th", { scope: "row" }, nodes[i].label),
    make("td", { class: "g" }, into.has(i) ? make("b", {}, entry.sign + " ") : "", entry.text),
    make("td", {}, entry.from.join(" + ")),
    make("td", {}, i === loss && !nodes[i].expected ? "–" : `${entry.count} of ${nodes[i].expected}`))));
}
// The formulas of what was taken; returns the field for a prediction, where one is asked for.
function showRule(taken, passes, verdict) {
  const told = passes.length ? passes : taken.filter(t => taken.length === 1 || t.kind === "forward");
  rule.replaceChildren(...(verdict ? [make("strong", {}, verdict)] : []));
  if (units() === "layer" && taken.length > 1) rule.append(make("strong", {}, counted(taken, passes)));
  rule.append(...told.slice(0, MANY).map(formula));
  if (told.length > MANY) rule.append(`and ${told.length - MANY} more`);
  if (!asked) return null;
  const [question, input] = ask(asked);
  rule.append(question);
  return input;
}
// A layer at once, in numbers.
const many = (list, word) => `${list.length} ${word}${list.length === 1 ? "" : "s"}`;
function counted(taken, passes) {
  const layer = data.layers[nodes[speaker(taken[0])].layer], name = layer ? `layer ${layer}` : "outside of layers";
  const done = passes.filter(t => t.last).map(t => t.node);
  if (!passes.length) return `${name}: ${many(taken, "value")}`;
  return `${name}: ${many(passes, "contribution")}` + (done.length ? `, complete now: ${names(done.slice(0, MANY))}${done.length > MANY ? ", …" : ""}` : "");
}
function showControls(s) {
  const place = `${/start|forward/.test(s.kind) ? "forward" : "backward"}, step ${now} of ${end}`;
  at.textContent = place;
  scrub.value = now;
  scrub.setAttribute("aria-valuetext", place);
  first.disabled = back.disabled = now === 0;
  last.disabled = now === end;
  next.disabled = last.disabled && !asked;
  grain.disabled = !!asks.value;
  play.textContent = timer ? "Pause" : "Play";
  play.setAttribute("aria-label", timer ? "pause" : "play");
}
function spoken(taken, passes) {
  if (taken.length > 1 && units() === "layer") return counted(taken, passes);
  if (!passes.length) return parts(taken[taken.length - 1]).map(e => e.localName === "mfrac" ? [...e.children].map(part => part.textContent).join("/") : e.textContent).join(" ").replace(/\s+/g, " ");
  return passes.map(s => `contribution from ${names(s.consumers)} to ${nodes[s.node].label}: ` + (s === asked ? "what is it?" : `${s.value}, ` +
    (s.first ? "the first" : `added, sum so far ${s.total}`) + ` (${s.number} of ${nodes[s.node].expected})`)).join("; ");
}

// The theme of the page, where it names one; otherwise the system's.
function theme() {
  const { body: page, documentElement: root } = document, lab = page.dataset.jpThemeLight;
  const named = lab ? (lab === "false" ? "dark" : "light") : /vscode-(dark|high-contrast)\b/.test(page.className) ? "dark" : page.dataset.theme || root.dataset.theme;
  if (/^(light|dark)$/.test(named)) host.dataset.theme = named; else delete host.dataset.theme;
}
theme();
for (const element of [document.documentElement, document.body]) {
  new MutationObserver(theme).observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-theme", "class"] });
}
show();
host.attachShadow({ mode: "open" }).append(make("style", {}, data.css), region);
// The finished table is the largest: keep its room from the start, so that nothing jumps while it fills.
const room = table.parentNode;
fill(room, { style: `width:${room.offsetWidth + 24}px;min-height:${room.offsetHeight}px` });
show();
