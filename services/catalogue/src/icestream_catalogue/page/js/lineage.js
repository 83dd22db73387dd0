// Lineage as a graph: from the granules on the left to what was made of them on the right. The same stands below as a list.

import { h, svg } from "./dom.js";
import { day } from "./format.js";

const [WIDTH, HEIGHT, GAP, COLUMN] = [226, 40, 12, 300];
const MOST = 7;

export function drawLineage(graph) {
  const levels = [...new Set(graph.nodes.map((node) => node.level))].sort((a, b) => a - b);
  const shown = new Map();
  const columns = levels.map((level) => {
    const nodes = graph.nodes.filter((node) => node.level === level).sort((a, b) => a.collection.localeCompare(b.collection) || a.id.localeCompare(b.id));
    const boxes = [];
    for (const group of grouped(nodes)) {
      const some = group.length > MOST ? group.slice(0, MOST - 1) : group;
      for (const node of some) boxes.push({ ids: [node.id], node });
      if (some.length < group.length) boxes.push({ ids: group.slice(MOST - 1).map((node) => node.id), more: group.length - some.length, node: group[0] });
    }
    return boxes;
  });
  const tallest = Math.max(...columns.map((boxes) => boxes.length));
  const height = tallest * (HEIGHT + GAP) + 12;
  columns.forEach((boxes, column) => {
    const top = (height - boxes.length * (HEIGHT + GAP) + GAP) / 2;
    boxes.forEach((box, row) => {
      box.x = column * COLUMN + 4;
      box.y = top + row * (HEIGHT + GAP);
      for (const id of box.ids) shown.set(id, box);
    });
  });
  const width = (levels.length - 1) * COLUMN + WIDTH + 8;
  const drawn = new Set();
  const lines = graph.edges.map(({ source, made }) => {
    const [from, to] = [shown.get(source), shown.get(made)];
    const name = from && to && `${from.x},${from.y},${to.x},${to.y}`;
    if (!name || drawn.has(name)) return null;
    drawn.add(name);
    const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
    const bend = Math.max(30, (x2 - x1) / 2);
    return svg("path", { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
  });
  const here = [...shown.values()].find((each) => each.node.level === 0);
  const frame = h("div", { class: "graph", tabindex: "0", role: "group", "aria-label": "Graph of lineage; it scrolls sideways" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height },
      svg("g", { class: "edges", "aria-hidden": "true" }, lines), columns.flat().map(box)));
  // Where it is wider than the screen, begin with what was asked for.
  requestAnimationFrame(() => { frame.scrollLeft = here.x + WIDTH / 2 - frame.clientWidth / 2; });
  return [
    frame,
    graph.left_out > 0 && h("p", { class: "faint" }, `${graph.left_out} more are not shown.`),
    h("details", { open: matchMedia("(max-width: 820px)").matches }, h("summary", {}, "As a list"), levels.map((level) => [
      h("h3", {}, level < 0 ? (level === -1 ? "Made from" : `Made from, ${-level} steps back`) : level > 0 ? (level === 1 ? "Made of it" : `Made of it, ${level} steps on`) : "This"),
      h("ul", {}, graph.nodes.filter((node) => node.level === level).map((node) => h("li", {}, h("a", { href: address(node) }, node.id))))])),
  ];
}

function box({ x, y, node, more }) {
  const text = more ? `and ${more} more` : node.id.replace(`${node.collection}.`, "");
  const what = more ? `of ${node.collection}` : node.collection + (node.start && node.kind !== "granule" ? `, ${day(node.start)}` : "");
  const inner = [
    svg("title", {}, more ? `${more} more of ${node.collection}` : node.id),
    svg("rect", { x, y, width: WIDTH, height: HEIGHT, rx: 7 }),
    svg("text", { x: x + 10, y: y + 16, class: "what" }, clipped(what, 36)),
    svg("text", { x: x + 10, y: y + 32 }, clipped(text, 30)),
  ];
  const kind = `node ${more ? "more" : node.kind}${node.level === 0 ? " here" : ""}`;
  return more || node.level === 0 ? svg("g", { class: kind }, inner) : svg("a", { class: kind, href: address(node) }, inner);
}

function address(node) {
  return `#/item/${encodeURIComponent(node.id)}`;
}

function grouped(nodes) {
  const groups = new Map();
  for (const node of nodes) groups.set(node.collection, [...(groups.get(node.collection) ?? []), node]);
  return groups.values();
}

function clipped(text, length) {
  return text.length > length ? `${text.slice(0, length - 9)}…${text.slice(-8)}` : text;
}
