// Elements, made without a word of HTML: text is always text.

const SVG = "http://www.w3.org/2000/svg";

export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function replace(parent, ...children) {
  const held = document.activeElement !== parent && parent.contains(document.activeElement) && placeOf(document.activeElement);
  parent.replaceChildren(...children.flat(3).filter((each) => each !== null && each !== undefined && each !== false));
  // Who is somewhere with the keys stays there when it is drawn anew.
  if (held) parent.querySelector(held)?.focus({ preventScroll: true });
}

function placeOf(element) {
  if (element.dataset.slot) return `[data-slot="${CSS.escape(element.dataset.slot)}"]`;
  if (element.hasAttribute("href")) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  const line = element.closest("[data-id]");
  return line && `[data-id="${CSS.escape(line.dataset.id)}"] button`;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "style") for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child);
  }
  return element;
}
