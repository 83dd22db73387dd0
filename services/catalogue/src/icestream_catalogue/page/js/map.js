// The map: the latest items, where they lie and what they look like.

import { latestOfEach, overview, quicklook, search } from "./api.js";
import { Chart, loadCoast } from "./chart.js";
import { h, replace } from "./dom.js";
import { ago, count, day, interval } from "./format.js";
import { keepUp } from "./live.js";
import { drape } from "./drape.js";

const PAGE = 60;
const LATEST = "latest";

export async function mapPage(main, signal) {
  const [rings, known] = await Promise.all([loadCoast(), overview(signal)]);
  // The coast comes to its end although somebody went to another page meanwhile.
  signal.throwIfAborted();
  const page = new MapPage(rings, known, signal);
  replace(main, page.element);
  await keepUp(["item"], signal, () => page.load());
}

class MapPage {
  constructor(rings, known, signal) {
    this.signal = signal;
    this.items = [];
    this.next = null;
    this.asked = { collections: LATEST, from: "", to: "" };
    this.chart = new Chart(rings, { onpick: (ids) => this.pick(ids[0], true), onview: () => this.drape() }, signal);
    this.list = h("ol", { class: "items", "aria-label": "Items, the latest first" });
    this.told = h("p", { class: "told", role: "status" });
    this.more = h("button", { type: "button", class: "button", hidden: true, onclick: () => this.loadMore() }, "Show more");
    this.card = h("div", { class: "card", hidden: true });
    this.chart.element.append(this.card);
    const made = known.products.filter((each) => each.items > 0);
    const select = h("select", { name: "product", onchange: (event) => this.ask({ collections: event.target.value }) },
      h("option", { value: LATEST }, "The latest of each product"), h("option", { value: "" }, "All items"), made.map((each) => h("option", { value: each.name }, each.title)));
    const date = (label, name) => h("label", {}, h("span", {}, label),
      h("input", { type: "date", name, onchange: (event) => this.ask({ [name]: event.target.value }) }));
    this.element = h("div", { class: "map-page" },
      h("section", { class: "side", "aria-label": "Items" },
        h("h1", { class: "unseen" }, "Map of the latest products"),
        known.away && h("p", { class: "notice" }, known.away),
        h("form", { class: "filters", onsubmit: (event) => event.preventDefault() },
          h("label", { class: "wide" }, h("span", {}, "Product"), select), date("From", "from"), date("To", "to")),
        this.told, this.list, this.more),
      this.chart.element);
  }

  ask(change) {
    Object.assign(this.asked, change);
    this.chosen = null;
    this.load();
  }

  load() {
    const { collections, from, to } = this.asked;
    if (from && to && from > to) {
      this.loading?.abort();
      return this.say("The first day is after the last.");
    }
    const datetime = from || to ? `${from ? `${from}T00:00:00Z` : ".."}/${to ? `${to}T23:59:59Z` : ".."}` : "";
    if (collections === LATEST && !datetime) return this.show((signal) => this.findLatest(signal));
    return this.show(async (signal) => {
      const found = await search({ collections: collections === LATEST ? "" : collections, datetime, limit: PAGE }, signal);
      this.items = found.features;
      this.matched = found.numberMatched;
      this.follow(found);
    });
  }

  // What was asked last is what is shown: an earlier answer that is still on its way is given up.
  async show(find) {
    this.loading?.abort();
    this.loading = new AbortController();
    try {
      await find(AbortSignal.any([this.signal, this.loading.signal]));
    } catch (error) {
      if (error.name !== "AbortError") this.say(error.message);
    }
  }

  async findLatest(signal) {
    this.items = await latestOfEach(await overview(signal), signal);
    this.matched = this.items.length;
    this.follow({ links: [] });
    this.say(this.items.length ? `The latest of ${count(this.items.length, "product")}` : "Nothing was made yet. What is made appears here by itself.");
  }

  loadMore() {
    return this.show(async (signal) => {
      const found = await search(Object.fromEntries(new URL(this.next).searchParams), signal);
      this.items = [...this.items, ...found.features];
      this.follow(found);
    });
  }

  follow(found) {
    this.next = found.links.find((link) => link.rel === "next")?.href ?? null;
    this.more.hidden = !this.next;
    this.say(this.items.length ? `${count(this.items.length, "item")}${this.next ? ` of ${this.matched ?? "more"}` : ""}` : "Nothing was made of this yet.");
    replace(this.list, this.items.map((item) => this.entry(item)));
    this.chart.draw(grouped(this.items));
    const still = this.items.find((item) => item.id === this.chosen);
    if (still) this.pick(still.id, false);
    else if (this.items.length) this.pick(this.items[0].id, false);
    else this.pick(null, false);
  }

  say(text) {
    this.told.textContent = text;
  }

  entry(item) {
    const picture = quicklook(item);
    const { properties } = item;
    return h("li", { "data-id": item.id },
      h("button", { type: "button", class: "entry", onclick: () => this.pick(item.id, false), onfocus: () => this.pick(item.id, false) },
        picture && h("img", { src: picture.href, alt: "", loading: "lazy", width: 96, height: 72 }),
        h("span", { class: "entry-text" },
          h("strong", {}, properties.title ?? item.collection),
          h("span", {}, interval(properties.start_datetime, properties.end_datetime),
            properties["icestream:tile"] && ` · ${properties["icestream:tile"]}`,
            properties["icestream:variant"] && ` · ${properties["icestream:variant"]}`),
          h("span", { class: "faint" }, `made ${ago(properties.published)}`,
            properties["icestream:stage"] === "provisional" && h("span", { class: "tag" }, "provisional")))),
      h("a", { class: "open", href: `#/item/${encodeURIComponent(item.id)}`, "aria-label": `Open ${item.id}`, title: "Open" }, "›"));
  }

  pick(id, scroll) {
    this.chosen = id;
    const item = this.items.find((each) => each.id === id);
    for (const line of this.list.children) {
      const here = line.dataset.id === id;
      line.querySelector("button").setAttribute("aria-current", String(here));
      if (here && scroll) line.scrollIntoView({ block: "nearest" });
    }
    if (item) this.chart.suit(flat(item.bbox));
    this.chart.mark(item ? keyOf(item) : "");
    this.card.hidden = !item;
    if (item) {
      const picture = quicklook(item);
      replace(this.card,
        h("a", { href: `#/item/${encodeURIComponent(item.id)}` },
          picture && h("img", { src: picture.href, alt: `Quicklook of ${item.properties.title}` }),
          h("span", {}, `${item.properties.title}, ${day(item.properties.start_datetime)}`)));
    }
    this.drape();
  }

  async drape() {
    if (!this.chart) return;
    const item = this.items?.find((each) => each.id === this.chosen);
    await drape(this.chart, item, this.signal);
  }
}

// One outline for all items that share it: forty of one place are one shape with forty behind it.
function grouped(items) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key) ?? { key, ids: [], geometry: item.geometry, size: sizeOf(item.bbox), titles: new Set() };
    group.ids.push(item.id);
    group.titles.add(item.properties.title ?? item.collection);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.size - a.size)
    .map((group) => ({ ...group, title: `${[...group.titles].join(", ")}: ${count(group.ids.length, "item")}` }));
}

function keyOf(item) {
  return JSON.stringify(item.bbox) + item.geometry.type;
}

function flat(bbox) {
  return bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : bbox;
}

function sizeOf([west, south, east, north]) {
  return (east < west ? east + 360 - west : east - west) * (north - south);
}
