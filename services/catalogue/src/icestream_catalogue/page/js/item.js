// An item: its picture, its files, what it was made from and what was made of it.

import { findItem, lineage, overview, quicklook } from "./api.js";
import { citation } from "./citation.js";
import { h, replace } from "./dom.js";
import { ago, bytes, interval, moment } from "./format.js";
import { drawLineage } from "./lineage.js";
import { keepUp } from "./live.js";

export async function itemPage(main, signal, id) {
  let told = "";
  const show = async () => {
    const graph = await lineage(id, signal);
    const node = graph.nodes.find((each) => each.level === 0);
    const [item, known] = node.kind === "granule" ? [] : await Promise.all([findItem(id, signal), overview(signal)]);
    const answer = JSON.stringify([graph, item, known?.publisher]);
    // The stream goes on: what somebody opened, marked or scrolled here stays so while nothing of this changes.
    if (answer === told) return;
    told = answer;
    replace(main, item ? sheet(item, graph, known.publisher) : granule(node, graph));
  };
  await keepUp(["item"], signal, show);
}

function granule(node, graph) {
  return h("article", { class: "sheet wide" },
    h("p", { class: "crumb" }, "Granule of ", h("code", {}, node.collection)),
    h("h1", {}, node.id),
    h("p", {}, "An observation, an ancillary or a default of a library: it is not served here. This is what was made of it."),
    h("section", {}, h("h2", {}, "Lineage"), drawLineage(graph)));
}

function sheet(item, graph, publisher) {
  const { properties } = item;
  const picture = quicklook(item);
  const references = item.links.filter((link) => link.rel === "cite-as").map((link) => ({ citation: link.title, doi: link.href.replace("https://doi.org/", "") }));
  const record = { title: properties.title, version: properties["icestream:version"], name: item.collection, references };
  const missing = properties["icestream:inputs_missing"] ?? [];
  return h("article", { class: "sheet wide" },
    h("p", { class: "crumb" }, h("a", { href: `#/product/${item.collection}` }, item.collection), " / ", h("code", {}, item.id)),
    h("h1", {}, properties.title),
    h("div", { class: "two" },
      h("figure", { class: "picture" }, picture && h("img", { src: picture.href, alt: `Quicklook: ${properties.title}, ${interval(properties.start_datetime, properties.end_datetime)}` })),
      h("div", {},
        h("dl", { class: "facts" },
          fact("Period", interval(properties.start_datetime, properties.end_datetime)),
          properties["icestream:tile"] && fact("Tile", properties["icestream:tile"]),
          properties["icestream:variant"] && fact("Variant", properties["icestream:variant"]),
          fact("Revision", `${properties["icestream:revision"]}, ${properties["icestream:stage"]}`),
          fact("Announced", `${moment(properties.published)}, ${ago(properties.published)}`),
          properties.platform && fact("Platform", `${properties.platform}${properties.instruments ? `, ${properties.instruments.join(", ")}` : ""}`),
          properties["icestream:fidelity"] && fact("Fidelity", properties["icestream:fidelity"].replaceAll("-", " ")),
          missing.length > 0 && fact("Made without", missing.join("; "))),
        h("h2", {}, "Files"),
        h("ul", { class: "files" }, Object.values(item.assets).map((asset) => h("li", {},
          h("a", { href: asset.href, download: asset.roles?.includes("thumbnail") ? null : true }, decodeURIComponent(asset.href.split("/").at(-1))),
          h("span", { class: "faint" }, [asset["icestream:dataset"], asset.roles?.[0], asset["file:size"] && bytes(asset["file:size"])].filter(Boolean).join(" · "))))),
        h("p", {}, h("a", { class: "button", href: item.links.find((link) => link.rel === "self").href }, "STAC item")))),
    h("section", {}, h("h2", {}, "Lineage"), drawLineage(graph)),
    h("section", {}, h("h2", {}, "Cite"), citation(record, publisher, item)),
    properties["processing:lineage"] && h("section", {}, h("h2", {}, "How it was made"), h("p", {}, properties["processing:lineage"])));
}

function fact(word, value) {
  return [h("dt", {}, word), h("dd", {}, value)];
}
