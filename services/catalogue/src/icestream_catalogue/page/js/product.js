// Products: what each is, how quick it is, how to cite it, and what was made last.

import { latestOfEach, overview, product as read, quicklook, search } from "./api.js";
import { h, replace, svg } from "./dom.js";
import { ago, count, day, duration, interval } from "./format.js";
import { citation } from "./citation.js";
import { keepUp } from "./live.js";
import { fill } from "./picture.js";

export async function productsPage(main, signal) {
  const show = async () => {
    const known = await overview(signal);
    const pictures = new Map((await latestOfEach(known, signal)).map((item) => [item.collection, quicklook(item)]));
    const families = Map.groupBy ? [...Map.groupBy(known.products, (each) => each.family)] : [["", known.products]];
    replace(main, h("section", { class: "sheet wide" },
      h("h1", {}, "Products"),
      known.away && h("p", { class: "notice" }, known.away),
      !known.products.length && h("p", { class: "notice" }, "No product is registered yet. Workers send their records when they start."),
      families.map(([family, products]) => [
        family && h("h2", { class: "family" }, family.replaceAll("-", " ")),
        h("ul", { class: "cards" }, products.map((each) => h("li", {}, h("a", { class: "product", href: `#/product/${each.name}` },
          pictures.get(each.name) && card(pictures.get(each.name).href, signal),
          h("strong", {}, each.title),
          h("span", { class: "faint" }, [each.name, ...each.datasets].join(" · ")),
          h("span", {}, count(each.items, "item"), each.end && `, ${interval(each.start, each.end)}`),
          h("span", { class: "states" }, ["waiting", "tasked", "hopeless", "dead"].filter((state) => each.states[state]).map((state) =>
            h("span", { class: `tag ${state}` }, `${each.states[state]} ${state === "tasked" ? "being made" : state}`))),
          each.announced && h("span", { class: "faint" }, `last ${ago(each.announced)}`)))))])));
  };
  await keepUp(["item", "slot"], signal, show);
}

export async function productPage(main, signal, name) {
  let told = "";
  const show = async () => {
    const [found, recent] = await Promise.all([read(name, signal), search({ collections: name, limit: 8 }, signal)]);
    const answer = JSON.stringify([found, recent.features]);
    if (answer === told) return;
    told = answer;
    replace(main, sheet(name, found, recent.features));
  };
  await keepUp(["item"], signal, show);
}

function sheet(name, { record, reads, writes, latencies, latency, arrival, publisher }, items) {
  return h("article", { class: "sheet" },
    h("p", { class: "crumb" }, h("a", { href: "#/products" }, "Products"), " / ", record.family.replaceAll("-", " ")),
    h("h1", {}, record.title),
    h("p", { class: "lead" }, record.summary),
    h("dl", { class: "facts" },
      fact("Name", h("code", {}, name)), fact("Version", record.version),
      record.datasets.length > 0 && fact("Datasets", record.datasets.join(", ")),
      fact("Fidelity", record.fidelity.replaceAll("-", " ")),
      fact("Made of", reads.map((each) => each.collections.join(" or ")).join("; ")),
      fact("Holds", writes.map((each) => `${each.long_name || each.name}${each.unit && each.unit !== "1" ? `, ${each.unit}` : ""}`).join("; "))),
    h("p", {}, h("a", { class: "button", href: `#/timeline/${name}` }, "Timeline"), " ",
      h("a", { class: "button", href: `stac/collections/${name}` }, "STAC collection")),
    items.length > 0 && h("section", {}, h("h2", {}, "Made last"),
      h("ul", { class: "strip" }, items.map((item) => {
        const picture = quicklook(item);
        return h("li", {}, h("a", { href: `#/item/${encodeURIComponent(item.id)}` },
          picture && h("img", { src: picture.href, alt: "", loading: "lazy" }),
          h("span", {}, interval(item.properties.start_datetime, item.properties.end_datetime)),
          h("span", { class: "faint" }, [item.properties["icestream:tile"], item.properties["icestream:variant"]].filter(Boolean).join(" · "))));
      }))),
    h("section", {}, h("h2", {}, "Latency"),
      latency ? [
        h("p", {}, "From the end of the period to the announcement: ", h("strong", {}, duration(latency.median)), " in the median, ",
          h("strong", {}, duration(latency.p90)), ` for nine in ten, over the latest ${count(latency.count, "item")}; backfill left out.`),
        arrival && h("p", {}, "From the last input's arrival: ", h("strong", {}, duration(arrival.median)), " in the median, ",
          h("strong", {}, duration(arrival.p90)), " for nine in ten."),
        spread(latencies)] : h("p", { class: "faint" }, "Nothing was made in the passing time yet.")),
    h("section", {}, h("h2", {}, "Cite"), citation(record, publisher)),
    record.designed && h("section", {}, h("h2", {}, "What had to be designed"), h("p", {}, record.designed)),
    record.accuracy && h("section", {}, h("h2", {}, "Accuracy, as the authors state it for theirs"), h("p", {}, record.accuracy)));
}

function card(href, signal) {
  const canvas = h("canvas", { width: 640, height: 360, "aria-hidden": "true" });
  fill(canvas, href, signal).catch((error) => error.name === "AbortError" || console.warn(error.message));
  return canvas;
}

function fact(word, value) {
  return [h("dt", {}, word), h("dd", {}, value)];
}

// Each item a dot on a logarithmic axis of time; dots that would cover each other are stacked.
function spread(values) {
  if (values.length < 5) return null;
  const log = (value) => Math.log10(Math.max(1, value));
  const [low, high] = [Math.floor(log(Math.min(...values))), Math.max(Math.ceil(log(Math.max(...values)) + 0.001), Math.floor(log(Math.min(...values))) + 1)];
  const x = (value) => 14 + (572 * (log(value) - low)) / (high - low);
  const columns = new Map();
  const dots = [...values].sort((a, b) => a - b).map((value) => {
    const column = Math.round(x(value) / 7);
    const height = columns.get(column) ?? 0;
    columns.set(column, height + 1);
    return svg("circle", { cx: column * 7, cy: 74 - Math.min(height, 10) * 7, r: 3 });
  });
  const marks = [1, 60, 3600, 86400, 86400 * 30, 31557600, 315576000].filter((each) => log(each) >= low && log(each) <= high);
  return svg("svg", { class: "spread", viewBox: "0 0 600 100", role: "img", "aria-label": `Latencies of the latest ${values.length} items, from ${duration(Math.min(...values))} to ${duration(Math.max(...values))}` },
    svg("line", { x1: 14, x2: 586, y1: 81, y2: 81 }),
    marks.map((each) => [svg("line", { x1: x(each), x2: x(each), y1: 78, y2: 84 }),
      svg("text", { x: x(each), y: 97, "text-anchor": "middle" }, duration(each).replace(".0", ""))]),
    dots);
}
