// The picture, decoded from the image that shows without scripts, so that it is on the page once.
// NAME is the class of the host, DATA packs what the picture does not hold.

// The host: the first element of this class that no script has brought to life. Never an id: the same output
// may stand on a page twice.
const host = [...document.getElementsByClassName(NAME)].find(element => !element.played);
if (!host) return;
host.played = true;
const data = await unpack(DATA);

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
const drawn = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const image = host.querySelector("img").getAttribute("src");
const text = decodeURIComponent(image.slice(image.indexOf(",") + 1));
const svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
const [edgeGroup, nodeGroup] = svg.querySelectorAll("g");
const paths = [...edgeGroup.children];
// A node: its card and what stands on it. Free nodes (plain numbers) have no frame; made ones an operation.
const nodes = [...nodeGroup.children].map((card, i) => {
  const [title, value, gradient] = card.querySelectorAll("text");
  const expression = title.querySelector("tspan");
  const kind = card.getAttribute("class"), rest = expression ? expression.textContent : "";
  return {
    card, expression: rest, value, gradient, free: kind === "f", made: !kind || kind === "r",
    label: expression ? title.textContent.slice(0, -rest.length || undefined) : title.textContent,
    valueText: value ? value.textContent.slice(2) : "", gradientText: gradient ? gradient.textContent.slice(2) : "",
    line: data.lines[data.at[i]] || "", layer: data.in ? data.in[i] : 0, expected: 0,
  };
});
const names = list => list.map(i => nodes[i].label).join(", ");
const loss = data.loss, result = nodes[loss].label;

fill(svg, { role: "group", "aria-label": "computational graph" });
// The arrow's head for an edge that is walked backwards.
const head = svg.querySelector("marker").cloneNode(true);
fill(head, { id: "z", refX: 8, orient: "auto-start-reverse", class: "head", markerWidth: 12, markerHeight: 12 });
svg.prepend(head);
nodes.forEach(({ card, label, line, free }) => {
  if (free) return;
  card.setAttribute("role", "img");
  card.prepend(drawn("title", {}, [label, line].filter(Boolean).join("\n")));
});
