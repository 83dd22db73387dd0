// A citation in words, to be copied, and the papers beside it.

import { h } from "./dom.js";

export function citation(record, publisher, item = null) {
  const who = publisher.name && publisher.name !== "not stated" ? publisher.name : "Publisher not stated";
  const year = new Date(item?.properties.published ?? Date.now()).getUTCFullYear();
  const where = new URL(item ? `./#/item/${encodeURIComponent(item.id)}` : `./#/product/${record.name}`, location.href.split("#")[0]).href;
  const what = item ? `${item.id}, revision ${item.properties["icestream:revision"]} (${item.properties["icestream:stage"]})` : record.name;
  const today = new Date().toISOString().slice(0, 10);
  const text = `${who} (${year}): ${record.title}, version ${record.version}, ${what} [data set]. icestream. ${where}, accessed ${today}.`;
  const said = h("span", { class: "faint", role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Mark the text and copy it: this browser lets no page do so here.";
    }
  };
  return [
    h("blockquote", { class: "citation" }, text),
    h("p", {}, h("button", { type: "button", class: "button", onclick: copy }, "Copy the citation"), " ", said),
    record.references?.length > 0 && [
      h("p", {}, "and the work that it rests on:"),
      h("ul", { class: "references" }, record.references.map((each) => h("li", {}, each.citation, each.doi && [" ",
        h("a", { href: `https://doi.org/${each.doi}`, rel: "noreferrer" }, `doi:${each.doi}`)])))],
  ];
}
