// The four views of the map. A view turns degrees into map units, x to the right and y down.

const RAD = Math.PI / 180;

function polar(sign) {
  // Lambert's azimuthal equal area about a pole: no product is larger for lying farther from it.
  return (lon, lat) => {
    const r = 100 * Math.sqrt(2) * Math.sin(((90 - sign * lat) / 2) * RAD);
    const turn = lon * RAD;
    return sign > 0 ? [r * Math.sin(turn), r * Math.cos(turn)] : [r * Math.sin(turn), -r * Math.cos(turn)];
  };
}

const plate = (lon, lat) => [lon, -lat];

export const VIEWS = {
  world: { title: "World", project: plate, box: [-180, -90, 360, 180], polar: 0, limit: -91 },
  arctic: { title: "Arctic", project: polar(1), box: [-88, -88, 176, 176], polar: 1, limit: 12 },
  antarctic: { title: "Antarctic", project: polar(-1), box: [-72, -72, 144, 144], polar: -1, limit: 28 },
  third: { title: "Third Pole", project: plate, box: [55, -58, 90, 52], polar: 0, limit: -91 },
};

// The name of the view in which a box [west, south, east, north] is seen best.
export function viewFor([west, south, east, north]) {
  const [left, top, width, height] = VIEWS.third.box;
  // East of the antimeridian east is the lesser.
  if (west >= left && east >= west && east <= left + width && north <= -top && south >= -top - height) return "third";
  if (south >= 30) return "arctic";
  return north <= -40 ? "antarctic" : "world";
}

// A path of rings of [lon, lat]. About a pole, long edges are bent, and what lies beyond the view's limit is cut off there.
export function path(rings, view, closed = true) {
  const parts = [];
  for (const ring of rings) {
    const points = view.polar ? bent(ring, view) : ring.map(([lon, lat]) => view.project(lon, lat));
    if (points.length < 2) continue;
    // A move instead of a line along the antimeridian: about a pole nothing ends there.
    parts.push(points.map(([x, y, seam], index) => `${index === 0 || seam ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`).join(""));
    if (closed && !points[0][2]) parts.push("Z");
  }
  return parts.join("");
}

export function ringsOf(geometry) {
  if (geometry.type === "Polygon") return geometry.coordinates;
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flat();
  if (geometry.type === "GeometryCollection") return geometry.geometries.flatMap(ringsOf);
  return [];
}

const along = (lon, next) => Math.abs(lon) > 179.99 && Math.abs(lon - next) < 0.01;

function bent(ring, view) {
  const edge = (lat) => Math.max(view.polar * lat, view.limit) * view.polar;
  if (ring.every(([, lat]) => view.polar * lat < view.limit)) return [];
  const points = [];
  begunAtTheSeam(ring).forEach(([lon, lat], index, corners) => {
    const [beforeLon] = corners[(index + corners.length - 1) % corners.length];
    points.push([...view.project(lon, edge(lat)), along(beforeLon, lon)]);
    const [nextLon, nextLat] = corners[(index + 1) % corners.length];
    if (along(lon, nextLon)) return;
    const steps = Math.ceil(Math.max(Math.abs(nextLon - lon), Math.abs(nextLat - lat)) / 3);
    for (let step = 1; step < steps && steps < 200; step += 1) {
      const share = step / steps;
      points.push(view.project(lon + (nextLon - lon) * share, edge(lat + (nextLat - lat) * share)));
    }
  });
  return points;
}

// The ring without its last corner, which is the first, from behind an edge along the antimeridian where it has one: the
// pieces between such edges then close along that meridian by themselves.
function begunAtTheSeam(ring) {
  const [first, last] = [ring[0], ring.at(-1)];
  const corners = first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring;
  const start = corners.findIndex(([lon], index) => along(corners[(index + corners.length - 1) % corners.length][0], lon));
  return start > 0 ? [...corners.slice(start), ...corners.slice(0, start)] : corners;
}

export function graticule(view) {
  const lines = [];
  const [from, to] = view.polar ? (view.polar > 0 ? [Math.max(view.limit, 20), 90] : [-90, -30]) : [-90, 90];
  const step = view === VIEWS.third ? 10 : 30;
  for (let lon = -180; lon < 180; lon += step) lines.push(lineOf(60, (share) => [lon, from + (to - from) * share]));
  for (let lat = -90 + (view.polar ? 10 : step); lat < 90; lat += view.polar ? 20 : step) {
    if (lat >= from && lat <= to) lines.push(lineOf(120, (share) => [-180 + 360 * share, lat]));
  }
  return lines.map((line) => `M${line.map(([lon, lat]) => view.project(lon, lat).map((value) => value.toFixed(2)).join(" ")).join("L")}`).join("");
}

function lineOf(steps, at) {
  return Array.from({ length: steps + 1 }, (_, index) => at(index / steps));
}
