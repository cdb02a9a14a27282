// The steps: inputs given, values, seed, then per visited node the visit and its contributions.
//
// A step is {kind, node} with kind start, forward, seed, visit, pass or hook. A pass is a contribution: from its
// consumers (several for an operation with several outputs) along its edges to the node, with the local
// derivative, the contribution's value, and the sum before and after it.
const steps = [{ kind: "start" }];
nodes.forEach((node, i) => node.made && steps.push({ kind: "forward", node: i }));
steps.push({ kind: "seed", node: loss, total: data.seed });
const sums = new Map([[loss, data.seed]]);
let visited = "";
for (const [from, to, edges, local, factor, value, total] of data.steps) {
  const node = nodes[to], consumers = [].concat(from), first = !node.expected;
  if (from === -1) {
    sums.set(to, value);
    steps.push({ kind: "hook", node: to, total: value });
    continue;
  }
  if (consumers.join() !== visited) steps.push({ kind: "visit", node: consumers[0], consumers });
  visited = consumers.join();
  const step = { kind: "pass", node: to, consumers, edges: [].concat(edges), local: local || "", factor: factor || "", first,
    number: ++node.expected, before: sums.get(to), value: value || node.gradientText };
  step.total = total || (first ? step.value : node.gradientText);
  sums.set(to, step.total);
  steps.push(step);
}
steps.forEach(s => {
  s.last = s.kind === "pass" && s.number === nodes[s.node].expected;
  if (s.kind !== "visit") return;
  const count = nodes[s.node].expected;
  const known = count > 1 ? `all ${count} contributions have arrived` : count ? "its one contribution has arrived" : "the seed is set";
  s.text = `${names(s.consumers)}: ${known}, so its gradient is complete and is passed on`;
});

// Steps of one unit are taken together: with each contribution they are single, with each node a node's
// contributions are one unit, with each layer those of all its nodes.
const speaker = s => s.consumers ? s.consumers[0] : s.node;
const unit = (i, grain) => {
  const s = steps[i], single = grain === "contribution" || /start|seed|hook/.test(s.kind);
  return single ? i : (s.kind === "forward" ? "forward " : "back ") + (grain === "layer" ? nodes[speaker(s)].layer : s.consumers || s.node);
};
const ends = (i, grain) => i === steps.length - 1 || unit(i, grain) !== unit(i + 1, grain);
const begin = (i, grain) => { while (i && !ends(i - 1, grain)) i--; return i; };

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
// Which of its lines a step carries out.
const lines = s => s.kind === "pass" ? [5, s.first ? 6 : 7] : [{ start: 0, forward: 1, seed: 2, visit: 3, hook: 3 }[s.kind]];
