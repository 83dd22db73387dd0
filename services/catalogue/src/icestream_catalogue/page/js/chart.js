// The chart: coast, graticule, outlines and pictures of items, to be dragged and zoomed with pointer, wheel and keys.

import { h, replace, svg } from "./dom.js";
import { graticule, path, ringsOf, viewFor, VIEWS } from "./projection.js";

let coast = null;

export async function loadCoast() {
  coast ??= fetch("coast.json").then((answer) => answer.json()).then((read) => read.rings.map(unpack));
  try {
    return await coast;
  } catch (error) {
    coast = null;  // What failed is not kept: whoever asks again is to have another try.
    throw error;
  }
}

function unpack(steps) {
  const ring = [];
  let [lon, lat] = [0, 0];
  for (let index = 0; index < steps.length; index += 2) {
    lon += steps[index];
    lat += steps[index + 1];
    ring.push([lon / 100, lat / 100]);
  }
  return ring;
}

export class Chart {
  // onpick(ids): an outline was chosen. onview(name): another view is shown. It hears of pointers until the signal ends.
  constructor(rings, { onpick, onview }, signal) {
    this.rings = rings;
    this.onpick = onpick;
    this.onview = onview;
    this.view = VIEWS.world;
    this.box = [...VIEWS.world.box];
    this.outlines = svg("g", { class: "outlines" });
    this.pictures = svg("g", { class: "pictures" });
    this.coast = svg("path", { class: "coast", "aria-hidden": "true" });
    this.land = svg("g", { class: "land", "aria-hidden": "true" });
    this.canvas = svg("svg", {
      class: "chart", tabindex: "0", role: "application", preserveAspectRatio: "xMidYMid meet",
      "aria-label": "Map of outlines. Arrow keys move it, plus and minus zoom, 0 shows all. The list has every item.",
      onkeydown: (event) => this.key(event),
    }, this.land, this.pictures, this.coast, this.outlines);
    this.switch = h("div", { class: "segments views", role: "group", "aria-label": "View" },
      Object.entries(VIEWS).map(([name, view]) =>
        h("button", { type: "button", "data-view": name, onclick: () => { this.held = true; this.show(name); } }, view.title)));
    const zoom = (text, label, call) => h("button", { type: "button", class: "icon", "aria-label": label, onclick: call }, text);
    this.element = h("div", { class: "chart-frame" }, this.canvas, this.switch,
      h("div", { class: "zoom" }, zoom("+", "Zoom in", () => this.zoom(0.6)), zoom("−", "Zoom out", () => this.zoom(1 / 0.6)),
        zoom("⌂", "Show all", () => this.home())));
    this.pointers(signal);
    this.show("world");
  }

  show(name) {
    this.name = name;
    this.view = VIEWS[name];
    for (const button of this.switch.children) button.setAttribute("aria-pressed", String(button.dataset.view === name));
    const sphere = this.view.polar
      ? svg("circle", { class: "sea", cx: 0, cy: 0, r: Math.hypot(...this.view.project(45, this.view.limit * this.view.polar)) })
      : svg("rect", { class: "sea", x: -180, y: -90, width: 360, height: 180 });
    const shore = path(this.rings, this.view);
    replace(this.land, sphere, svg("path", { class: "ground", d: shore }), svg("path", { class: "graticule", d: graticule(this.view) }));
    this.coast.setAttribute("d", shore);
    this.home();
    this.draw(this.groups ?? []);
    this.onview?.(name);
  }

  // Show a box in the view that suits it, unless somebody chose a view.
  suit(box) {
    const name = viewFor(box);
    if (!this.held && name !== this.name) this.show(name);
  }

  home() {
    this.box = [...this.view.box];
    this.frame();
  }

  // groups: [{ key, ids, geometry, title }], the largest first.
  draw(groups) {
    this.groups = groups;
    replace(this.outlines, groups.map((group) => svg("path", {
      class: "outline", d: path(ringsOf(group.geometry), this.view), "data-key": group.key,
      onclick: () => !this.dragged && this.onpick(group.ids),
    }, svg("title", {}, group.title))));
    this.mark(this.marked ?? "");
  }

  mark(key) {
    this.marked = key;
    for (const each of this.outlines.children) each.classList.toggle("marked", each.dataset.key === key);
  }

  frame() {
    this.canvas.setAttribute("viewBox", this.box.map((value) => value.toFixed(3)).join(" "));
    this.canvas.style.setProperty("--unit", String(this.box[2] / Math.max(1, this.canvas.clientWidth || 800)));
  }

  zoom(factor, at = [this.box[0] + this.box[2] / 2, this.box[1] + this.box[3] / 2]) {
    const width = Math.min(this.view.box[2] * 1.5, Math.max(4, this.box[2] * factor));
    const scale = width / this.box[2];
    this.box = [at[0] - (at[0] - this.box[0]) * scale, at[1] - (at[1] - this.box[1]) * scale, width, this.box[3] * scale];
    this.frame();
  }

  move(dx, dy) {
    this.box[0] += dx;
    this.box[1] += dy;
    this.frame();
  }

  key(event) {
    const step = this.box[2] / 8;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) this.move(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(0.6);
    else if (event.key === "-") this.zoom(1 / 0.6);
    else if (event.key === "0") this.home();
    else return;
    event.preventDefault();
  }

  pointers(signal) {
    const held = new Map();
    const units = () => Math.max(this.box[2] / this.canvas.clientWidth, this.box[3] / this.canvas.clientHeight);
    this.canvas.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, event);
      if (held.size === 1) this.dragged = false;
    });
    addEventListener("pointerup", (event) => held.delete(event.pointerId), { signal });
    addEventListener("pointercancel", (event) => held.delete(event.pointerId), { signal });
    this.canvas.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
      if (!this.dragged && Math.hypot(dx, dy) < 4) return;
      if (!this.dragged) this.canvas.setPointerCapture(event.pointerId);
      this.dragged = true;
      if (held.size === 1) this.move(-dx * units(), -dy * units());
      else if (held.size === 2) {
        const other = [...held.values()].find((each) => each.pointerId !== event.pointerId);
        const apart = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
        this.zoom(apart(before) / Math.max(1, apart(event)));
      }
      held.set(event.pointerId, event);
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.canvas.getScreenCTM().inverse());
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, [at.x, at.y]);
    }, { passive: false });
  }
}
