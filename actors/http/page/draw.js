// Draws by difference: what is on the page and stays the same is not touched, so that a selection, a screen reader's
// place and the focus survive every change. Text is text: nothing here makes markup of it.

/** An element as it should be; `key` in `attributes` marks it among its siblings. */
export function h(tag, attributes, ...children) {
  const { key, ...rest } = attributes ?? {};
  return { tag, key, attributes: rest, children: children.flat(Infinity).filter((child) => child || child === 0) };
}

/** Makes the children of `parent` be `wanted`: elements made by `h`, and texts; what is null or false is left out. */
export function draw(parent, ...wanted) {
  const known = new Map([...parent.childNodes].filter((node) => node.key).map((node) => [node.key, node]));
  let next = parent.firstChild;
  for (const one of wanted.flat(Infinity).filter((each) => each || each === 0)) {
    const node = fit(one.key ? known.get(one.key) : next, one);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  while (next) {
    const left = next;
    next = next.nextSibling;
    left.remove();
  }
}

/** The node itself if it can be made to fit, else a new one. */
function fit(node, wanted) {
  if (!wanted.tag) {
    const text = String(wanted);
    if (node?.nodeType !== Node.TEXT_NODE) return document.createTextNode(text);
    if (node.data !== text) node.data = text;
    return node;
  }
  const fits = node?.localName === wanted.tag && node.key === wanted.key;
  const element = fits ? node : document.createElement(wanted.tag);
  element.key = wanted.key;
  for (const { name } of [...element.attributes]) {
    // What a person has opened stays open.
    if (!(name in wanted.attributes) && name !== "open") element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(wanted.attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
  draw(element, ...wanted.children);
  return element;
}
