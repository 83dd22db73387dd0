// A quicklook laid over the map: its picture is cut out of its frame and drawn where the grid lies, cell by cell.

import { quicklook } from "./api.js";
import { replace, svg } from "./dom.js";
import { read, without } from "./picture.js";

const PIXELS = 1400;
const kept = new Map();
let asked = 0;

export async function drape(chart, item, signal) {
  const turn = ++asked;
  replace(chart.pictures);
  const picture = item && quicklook(item);
  if (!picture || !item.properties["proj:bbox"]) return;
  try {
    const source = await load(item, picture.href, signal);
    if (turn !== asked || signal.aborted || !source) return;
    const drawn = draw(chart.view, source);
    if (drawn) replace(chart.pictures, svg("image", { ...drawn, preserveAspectRatio: "none" }));
  } catch (error) {
    if (error.name !== "AbortError") console.warn(`the quicklook of ${item.id} is not laid over the map: ${error.message}`);
  }
}

async function load(item, href, signal) {
  if (!kept.has(href)) {
    const [found, mesh] = await Promise.all([
      read(href, signal),
      fetch(`api/items/${encodeURIComponent(item.id)}/mesh`, { signal }),
    ]);
    if (!found || !mesh.ok) return null;
    if (kept.size > 24) kept.delete(kept.keys().next().value);
    kept.set(href, { image: without(found), frame: found.frame, mesh: await mesh.json() });
  }
  return kept.get(href);
}

function draw(view, { image, frame: [left, top, width, height], mesh }) {
  const { rows, columns, lon, lat } = mesh;
  const places = lon.map((each, index) => each === null || view.polar * lat[index] < view.limit ? null : view.project(each, lat[index]));
  const there = places.filter(Boolean);
  if (there.length < 4) return null;
  const span = (index) => [Math.min(...there.map((p) => p[index])), Math.max(...there.map((p) => p[index]))];
  const [[x0, x1], [y0, y1]] = [span(0), span(1)];
  const scale = PIXELS / Math.max(x1 - x0, y1 - y0, 1e-6);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil((x1 - x0) * scale), Math.ceil((y1 - y0) * scale)];
  const pen = canvas.getContext("2d");
  const source = (row, column) => [left + (width * column) / (columns - 1), top + (height * row) / (rows - 1)];
  for (let row = 0; row < rows - 1; row += 1) {
    for (let column = 0; column < columns - 1; column += 1) {
      const corners = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]];
      const to = corners.map(([r, c]) => places[r * columns + c]);
      if (to.some((place) => !place)) continue;
      const at = to.map(([x, y]) => [(x - x0) * scale, (y - y0) * scale]);
      // A cell across the antimeridian would be drawn over the whole map.
      if (!view.polar && Math.abs(to[0][0] - to[1][0]) > 180) continue;
      const from = corners.map(([r, c]) => source(r, c));
      triangle(pen, image, [from[0], from[1], from[2]], [at[0], at[1], at[2]]);
      triangle(pen, image, [from[0], from[2], from[3]], [at[0], at[2], at[3]]);
    }
  }
  return { href: canvas.toDataURL("image/png"), x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

// An affine map from one triangle to another, a little larger than the triangle, so that no seam shows.
function triangle(pen, image, from, to) {
  const [[u0, v0], [u1, v1], [u2, v2]] = from;
  const [[x0, y0], [x1, y1], [x2, y2]] = to;
  const area = (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0);
  if (Math.abs(area) < 1e-9) return;
  const a = ((x1 - x0) * (v2 - v0) - (x2 - x0) * (v1 - v0)) / area;
  const b = ((y1 - y0) * (v2 - v0) - (y2 - y0) * (v1 - v0)) / area;
  const c = ((u1 - u0) * (x2 - x0) - (u2 - u0) * (x1 - x0)) / area;
  const d = ((u1 - u0) * (y2 - y0) - (u2 - u0) * (y1 - y0)) / area;
  const [mx, my] = [(x0 + x1 + x2) / 3, (y0 + y1 + y2) / 3];
  const grown = to.map(([x, y]) => {
    const far = Math.hypot(x - mx, y - my) || 1;
    return [x + ((x - mx) / far) * 0.8, y + ((y - my) / far) * 0.8];
  });
  pen.save();
  pen.beginPath();
  pen.moveTo(...grown[0]);
  pen.lineTo(...grown[1]);
  pen.lineTo(...grown[2]);
  pen.closePath();
  pen.clip();
  pen.transform(a, b, c, d, x0 - a * u0 - c * v0, y0 - b * u0 - d * v0);
  pen.drawImage(image, 0, 0);
  pen.restore();
}
