// The chain-rule line, as MathML.
const math = (tag, ...children) => fill(document.createElementNS(MATH, tag), {}, children);
const mo = sign => math("mo", sign), mt = words => math("mtext", words);
const mn = number => math("mn", number.replace(/-/g, "−"));
const mi = label => {
  const parts = /^([^\W\d_])(\d+)$/u.exec(label);
  return parts ? math("msub", math("mi", parts[1]), math("mn", parts[2])) : mt(label);
};
const partial = (top, bottom) => math("mfrac", math("mrow", mo("∂"), mi(top)), math("mrow", mo("∂"), mi(bottom)));
const formula = s => fill(math("math", math("mrow", ...parts(s))), { displaystyle: true });

function parts(s) {
  const node = nodes[s.node];
  if (s.kind === "start") return [mt("The inputs are given. Next: their values pass through the graph.")];
  if (s.kind === "forward") return [mi(node.label), mt(node.expression), mo("="), mn(node.valueText)];
  if (s.kind === "seed") return [partial(result, result), mo("="), mn(s.total)];
  if (s.kind === "visit") return [mt(s.text)];
  if (s.kind === "hook") return [mt(`a hook replaced the gradient of ${node.label} by ${s.total}`)];
  return contribution(s);
}
// ∂L/∂w += ∂L/∂v · ∂v/∂w = −0.2 × 2 = −0.4   sum so far: 1 + −0.4 = 0.6
function contribution(s) {
  const consumer = names(s.consumers), value = mn(s === asked ? "?" : s.value);
  const upstream = s.consumers.length === 1 ? nodes[s.consumers[0]].gradientText : "";
  const factor = s.local ? [mt(`(${s.local} = `), mn(s.factor), mt(")")] : [mn(s.factor)];
  const out = [partial(result, nodes[s.node].label), mo(s.first ? "=" : "+="), partial(result, consumer),
    mo(s.factor ? "·" : "∘"), partial(consumer, nodes[s.node].label), mo("=")];
  if (s.factor) out.push(mn(upstream), mo("×"), ...factor, mo("="));
  else if (s.local) out.push(mt(`${upstream} ∘ (${s.local})`), mo("="));
  out.push(value);
  if (!s.first) out.push(mt("   sum so far: "), mn(s.before), mo("+"), value.cloneNode(true), mo("="), mn(s === asked ? "?" : s.total));
  return out;
}
