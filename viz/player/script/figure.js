// The picture's frame: zoom, moving about, and the contributions that pass along the edges.
const figure = make("div", { class: "figure", role: "group", tabindex: 0,
  "aria-label": "picture: + and − zoom, 0 shows all of it, Shift with arrows moves it" }, svg);
const size = ["width", "height"].map(side => +svg.getAttribute(side));
const chips = svg.appendChild(drawn("g", { "aria-hidden": true }));
let scale = 1, fitted = false;

// Zoom by a factor, with the point (x, y) of the frame where it is.
function zoom(factor, x = figure.clientWidth / 2, y = figure.clientHeight / 2) {
  const before = scale;
  fitted = false;
  scale = Math.max(0.05, Math.min(8, scale * factor));
  fill(svg, { width: size[0] * scale, height: size[1] * scale });
  figure.scrollLeft = (figure.scrollLeft + x) * scale / before - x;
  figure.scrollTop = (figure.scrollTop + y) * scale / before - y;
}
// All of the picture, or, where that is what shows, its own size.
function fit() {
  const whole = Math.min(1, figure.clientWidth / size[0], 0.62 * innerHeight / size[1]), shown = fitted;
  zoom((shown ? 1 : whole) / scale);
  fitted = !shown;
}
const pan = (x, y) => figure.scrollBy(x, y);
figure.addEventListener("wheel", event => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const box = figure.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
});
figure.addEventListener("pointerdown", event => {
  if (event.pointerType === "mouse" && !event.button) figure.setPointerCapture(event.pointerId);
});
figure.addEventListener("pointermove", event => {
  if (figure.hasPointerCapture(event.pointerId)) pan(-event.movementX, -event.movementY);
});

// A contribution: a sign stands on its edge, and its value passes from the consumer to the node.
function passing(s, moving, time) {
  const sign = s.first ? "=" : "+=";
  return [[sign, "chip"], ...(moving ? [[`${sign} ${s === asked ? "?" : s.value}`, "chip moving"]] : [])].map(([text, kind]) => {
    const label = drawn("text", { class: kind }, text);
    label.style.offsetPath = `path("${paths[s.edges[0]].getAttribute("d")}")`;
    label.style.animationDuration = `${time}ms`;
    return label;
  });
}
// Scroll the figure or the table, never the page, so that what is new is seen.
function follow(seen, inside) {
  const box = seen.getBoundingClientRect(), frame = inside.getBoundingClientRect();
  if (box.left < frame.left) inside.scrollLeft += box.left - frame.left - 60;
  else if (box.right > frame.right) inside.scrollLeft += box.right - frame.right + 60;
  if (box.top < frame.top) inside.scrollTop += box.top - frame.top - 30;
  else if (box.bottom > frame.bottom) inside.scrollTop += box.bottom - frame.bottom + 30;
}
