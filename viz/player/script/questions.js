// Predict, then reveal: the step whose result is asked for, and how many answers were right.
let asked = null, questions = 0, right = 0;

// What is asked for at a step: the contribution itself, or once the last one arrives the gradient; or nothing.
const sought = s => s.kind !== "pass" ? "" : asks.value === "contribution" ? s.value : asks.value === "gradient" && s.last ? s.total : "";
// Large arrays are shown by their shape and range: of these, the shape is asked for.
const shape = text => /^\([\d, ]*\)/.exec(text);
const entries = text => text.replace(/−/g, "-").match(/[^\s,;()[\]]+/g) || [];

// "" where the answer cannot be read, else whether it is right: every number to 1 %, or to its last digit shown.
function judge(answer, text) {
  const size = shape(text), wanted = entries(size ? size[0] : text);
  const given = entries(wanted.length === 1 && !size ? answer.replace(/(\d),(\d)/, "$1.$2") : answer);
  if (!given.length || given.some(entry => isNaN(entry) && !wanted.includes(entry))) return "";
  const near = (a, b) => a === b || Math.abs(a - b) <= (size ? 0 : 0.01 * Math.abs(b) + 1e-12);
  return given.length === wanted.length && given.every((entry, i) => near(entry, wanted[i])) ? "right" : "not right";
}
function ask(s) {
  const text = sought(s), what = (shape(text) ? "the shape of " : "") +
    (asks.value === "gradient" ? `∂${result}/∂${nodes[s.node].label}` : `the contribution to ${nodes[s.node].label}`);
  const answer = make("input", { "aria-label": `your prediction of ${what}`, placeholder: "your prediction" });
  const reveal = () => {
    const verdict = judge(answer.value, text);
    if (!verdict && answer.value.trim()) {
      said.textContent = hint.textContent = shape(text) ? "Write a shape, such as (2, 3)." : "Write a number, or all entries.";
      return;
    }
    asked = null;
    if (verdict) questions++;
    if (verdict === "right") right++;
    show(verdict && `${answer.value} is ${verdict}: ${right} of ${questions} so far. `);
    region.focus();
  };
  answer.addEventListener("keydown", event => { if (event.key === "Enter") reveal(); event.stopPropagation(); });
  const hint = make("span");
  return [make("span", { class: "ask" }, `What is ${what}? `, answer, button("Reveal", reveal, "reveal"), hint), answer];
}
