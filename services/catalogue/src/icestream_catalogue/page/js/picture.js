// Quicklooks as data: a picture, where the map lies in it, and which of its colours mean nothing.

const kept = new Map();
const MOST = 40;

// Returns image, frame [left, top, width, height] and nothing (colours as numbers); null where there is no such picture.
export async function read(href, signal) {
  if (!kept.has(href)) {
    const answer = await fetch(href, { signal });
    if (!answer.ok) return null;
    const buffer = await answer.arrayBuffer();
    const told = textOf(new DataView(buffer));
    const image = await createImageBitmap(new Blob([buffer], { type: "image/png" }));
    const frame = told.frame?.split(" ").map(Number) ?? [0, 0, image.width, image.height];
    const nothing = (told.nothing?.split(" ") ?? []).map((each) => parseInt(each, 16));
    if (kept.size >= MOST) kept.delete(kept.keys().next().value);
    kept.set(href, { image, frame, nothing });
  }
  return kept.get(href);
}

// Draw the map of a quicklook, without title and legend, over the whole of a canvas.
export async function fill(canvas, href, signal) {
  const found = await read(href, signal);
  if (!found) return;
  const [left, top, width, height] = found.frame;
  const scale = Math.max(canvas.width / width, canvas.height / height);
  const [w, h] = [canvas.width / scale, canvas.height / scale];
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(found.image, left + (width - w) / 2, top + (height - h) / 2, w, h, 0, 0, canvas.width, canvas.height);
}

// What the picture says of itself in tEXt chunks.
function textOf(view) {
  const told = {};
  for (let at = 8; at + 8 < view.byteLength;) {
    const length = view.getUint32(at);
    const kind = text(view, at + 4, 4);
    if (kind === "tEXt") {
      const [word, value] = text(view, at + 8, length).split("\0");
      told[word] = value;
    }
    if (kind === "IEND") break;
    at += 12 + length;
  }
  return told;
}

// The picture with nothing where nothing is known, so that the map is seen there.
export function without({ image, nothing }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const pixels = pen.getImageData(0, 0, image.width, image.height);
  const wanted = new Set(nothing);
  for (let at = 0; at < pixels.data.length; at += 4) {
    if (wanted.has((pixels.data[at] << 16) | (pixels.data[at + 1] << 8) | pixels.data[at + 2])) pixels.data[at + 3] = 0;
  }
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

function text(view, at, length) {
  return String.fromCharCode(...new Uint8Array(view.buffer, at, length));
}
