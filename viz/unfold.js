// Open and close the groups of a picture. DATA packs {states: {key: svg}, names, above}.
// The key of a state is the id of the group's card; "" is the picture as it was drawn.
const STYLE = `
  nav { font: 12px/1.6 Helvetica, Arial, sans-serif; margin: 0 0 4px; color: inherit; }
  nav button { font: inherit; color: #1b1f24; background: #f6f8fa; border: 1px solid #59636e; border-radius: 4px;
    padding: 0 7px; cursor: pointer; }
  nav button[aria-current] { background: #ffffff; font-weight: bold; cursor: default; }
  nav button:focus-visible, g[role=button]:focus-visible { outline: 3px solid #8a3ffc; outline-offset: 2px; }
  nav span.hint { margin-left: 8px; }
  div { overflow-x: auto; }
  svg { display: block; }
  g[role=button] { cursor: pointer; }
`;
function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
function setUp(host, data) {
  const root = host.attachShadow({ mode: "open" });
  const crumbs = make("nav", { ariaLabel: "opened groups" });
  const picture = make("div", {});
  const said = make("span", { className: "hint" });
  said.setAttribute("aria-live", "polite");
  root.append(make("style", { textContent: STYLE }), crumbs, picture);
  function trail(key) {
    const keys = [];
    for (let at = key; at; at = data.above[at] ?? "") keys.unshift(at);
    return ["", ...keys];
  }
  function show(key, from) {
    const svg = new DOMParser().parseFromString(data.states[key], "image/svg+xml").documentElement;
    picture.replaceChildren(document.importNode(svg, true));
    const buttons = trail(key).map((at) => {
      const button = make("button", { type: "button", textContent: at ? data.names[at] : "whole graph" });
      if (at === key) button.setAttribute("aria-current", "true");
      button.onclick = () => at !== key && show(at, key);
      return button;
    });
    crumbs.replaceChildren();
    buttons.forEach((button, number) => crumbs.append(...(number ? [" › "] : []), button));
    crumbs.append(said);
    const cards = [...picture.querySelectorAll("g[id]")].filter((card) => card.id in data.states && card.id !== key);
    for (const card of cards) {
      card.setAttribute("role", "button");
      card.setAttribute("tabindex", "0");
      card.setAttribute("aria-label", `open ${data.names[card.id]}`);
      card.onclick = () => show(card.id, key);
      card.onkeydown = (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          show(card.id, key);
        }
      };
    }
    said.textContent = key ? `${data.names[key]} is open; Escape closes it` : "click a stacked card to open it";
    if (from !== undefined) (cards.find((card) => card.id === from) ?? buttons[buttons.length - 1]).focus();
    picture.onkeydown = crumbs.onkeydown = (event) => {
      if (event.key === "Escape" && key) show(data.above[key] ?? "", key);
    };
  }
  show("");
}
unpack(DATA).then((data) => {
  for (const host of document.querySelectorAll(`.${NAME}`)) if (!host.shadowRoot) setUp(host, data);
});
