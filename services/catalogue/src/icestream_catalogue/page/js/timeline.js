// The timeline: every slot of every product, what became of it, and what is still awaited.

import { overview, slots } from "./api.js";
import { h, replace } from "./dom.js";
import { count, duration, interval, moment } from "./format.js";
import { keepUp } from "./live.js";

const STATES = {
  made: ["made", "●"], provisional: ["made, provisional", "◐"], waiting: ["waiting", "…"], late: ["late", "!"],
  tasked: ["being made", "▶"], void: ["void", "∅"], hopeless: ["hopeless", "–"], dead: ["dead", "✕"],
  parked: ["put aside", "‖"],
};
const MOST_LANES = 60;
const DENSE = 90;
const PERIODS = 60;

export async function timelinePage(main, signal, wanted) {
  const page = new Timeline(signal, wanted);
  await keepUp(["slot", "item"], signal, () => page.load());
  replace(main, page.element);
}

class Timeline {
  constructor(signal, wanted) {
    this.signal = signal;
    this.wanted = wanted;
    this.whole = new Set();
    this.body = h("div", { class: "lanes" });
    this.detail = h("div", { class: "detail", role: "status" }, h("p", { class: "faint" }, "Choose a slot to see what became of it. Arrow keys go from one to the next."));
    this.head = h("div", { class: "head" });
    this.element = h("section", { class: "sheet wide" }, this.head, this.detail, this.body);
  }

  async load() {
    const known = await overview(this.signal);
    const names = known.products.map((each) => each.name).filter((name) => !this.wanted || name === this.wanted);
    const read = await Promise.all(names.map((name) => slots(name, this.signal)));
    this.now = new Date(read[0]?.now ?? known.now).getTime();
    this.products = names.map((name, index) => ({ ...known.products.find((each) => each.name === name), slots: read[index].slots }));
    replace(this.head,
      h("h1", {}, "Timeline"),
      h("p", { class: "legend" }, Object.entries(STATES).map(([state, [word, mark]]) =>
        h("span", {}, h("span", { class: `slot key ${state}`, "aria-hidden": "true" }, mark), word))),
      this.wanted && h("p", {}, h("a", { href: "#/timeline" }, "All products")));
    this.draw();
  }

  draw() {
    const all = this.products.flatMap((each) => each.slots);
    this.detail.hidden = !all.length;
    if (!all.length) return replace(this.body, h("p", { class: "notice" }, "No slot was opened yet. They open when granules come."));
    const chosen = this.chosen;
    replace(this.body, this.products.filter((each) => each.slots.length).map((each) => this.product(each)));
    if (chosen) this.choose(all.find((slot) => slot.slot === chosen), false);
  }

  product(product) {
    const recent = this.whole.has(product.name) ? product.slots : lately(product.slots);
    const earlier = product.slots.length - recent.length;
    const from = Math.min(...recent.map((slot) => Date.parse(slot.start)));
    const to = Math.max(...recent.map((slot) => Date.parse(slot.end)));
    const lanes = new Map();
    for (const slot of recent) {
      const name = [slot.tile, slot.variant].filter(Boolean).join(" · ") || "all";
      lanes.set(name, [...(lanes.get(name) ?? []), slot]);
    }
    const shown = [...lanes].sort(([a], [b]) => a.localeCompare(b)).slice(0, MOST_LANES);
    const counted = Object.entries(counts(product.slots)).map(([state, number]) => `${number} ${STATES[state][0]}`).join(", ");
    return h("section", { class: "lane-group", "aria-label": product.title },
      h("h2", {}, h("a", { href: `#/product/${product.name}` }, product.title), h("span", { class: "faint" }, counted),
        earlier > 0 && h("button", { type: "button", class: "link", onclick: () => { this.whole.add(product.name); this.draw(); } }, `show ${count(earlier, "earlier slot")}`)),
      awaited(product.slots),
      shown.map(([name, each]) => h("div", { class: "lane" },
        h("span", { class: "lane-name" }, name === "all" && shown.length === 1 ? "" : name),
        h("div", { class: each.length > DENSE ? "track dense" : "track", role: "group", "aria-label": `${product.title} ${name}`, onkeydown: (event) => this.key(event) },
          each.map((slot, index) => this.slot(slot, from, to, index === each.length - 1))))),
      lanes.size > MOST_LANES && h("p", { class: "faint" }, `and ${lanes.size - MOST_LANES} more tiles`),
      h("div", { class: "axis", "aria-hidden": "true" }, ticks(from, to).map(([text, share]) =>
        h("span", { style: { left: `${(100 * share).toFixed(2)}%` } }, text))));
  }

  slot(slot, from, to, last) {
    const state = stateOf(slot);
    const share = (time) => (100 * (Date.parse(time) - from)) / Math.max(1, to - from);
    return h("button", {
      type: "button", class: `slot ${state}`, "data-slot": slot.slot, tabindex: last ? "0" : "-1",
      "aria-label": `${interval(slot.start, slot.end)}: ${STATES[state][0]}`, title: `${slot.slot}: ${STATES[state][0]}`,
      style: { left: `${share(slot.start).toFixed(3)}%`, width: `calc(${(share(slot.end) - share(slot.start)).toFixed(3)}% - 2px)` },
      onclick: () => this.choose(slot), onfocus: () => this.choose(slot),
    }, STATES[state][1]);
  }

  key(event) {
    const track = [...event.currentTarget.children];
    const at = track.indexOf(document.activeElement);
    const tracks = [...this.body.querySelectorAll(".track")];
    const row = tracks.indexOf(event.currentTarget);
    const steps = { ArrowLeft: track[at - 1], ArrowRight: track[at + 1], Home: track[0], End: track.at(-1) };
    let next = steps[event.key];
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const other = tracks[row + (event.key === "ArrowUp" ? -1 : 1)];
      const near = document.activeElement.getBoundingClientRect().left;
      next = other && [...other.children].sort((a, b) => Math.abs(a.getBoundingClientRect().left - near) - Math.abs(b.getBoundingClientRect().left - near))[0];
    }
    if (!next) return;
    event.preventDefault();
    for (const each of track) each.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  choose(slot) {
    if (!slot) return;
    this.chosen = slot.slot;
    for (const each of this.body.querySelectorAll(".slot")) each.classList.toggle("chosen", each.dataset.slot === slot.slot);
    const state = stateOf(slot);
    const made = slot.revision > 0 && slot.state !== "void";
    replace(this.detail,
      h("p", {}, h("span", { class: `slot key ${state}`, "aria-hidden": "true" }, STATES[state][1]), " ", h("strong", {}, slot.slot), ` · ${interval(slot.start, slot.end)} · ${STATES[state][0]}`,
        slot.revision > 0 && ` · revision ${slot.revision}`),
      slot.late && h("p", { class: "alarm" }, slot.late[0].toUpperCase() + slot.late.slice(1)),
      slot.waiting_for.length > 0 && h("p", {}, `Waits for ${list(slot.waiting_for)}`, slot.due && `, until ${moment(slot.due)} (${until(slot.due, this.now)})`, "."),
      slot.reason && h("p", {}, slot.reason.slice(0, 600), slot.attempts > 0 && ` (${count(slot.attempts, "attempt")})`),
      h("p", { class: "faint" }, `changed ${moment(slot.updated)}`, made && [" · ", h("a", { href: `#/item/${encodeURIComponent(slot.slot)}` }, "open the item")]));
  }
}

function stateOf(slot) {
  if (slot.late) return "late";
  return slot.state === "made" && slot.stage === "provisional" ? "provisional" : slot.state;
}

function counts(found) {
  const numbers = {};
  for (const slot of found) numbers[stateOf(slot)] = (numbers[stateOf(slot)] ?? 0) + 1;
  return numbers;
}

// The slots of the latest periods: one that lies far back would leave the others no room.
export function lately(found) {
  const lengths = found.map((slot) => Date.parse(slot.end) - Date.parse(slot.start)).sort((a, b) => a - b);
  const to = Math.max(...found.map((slot) => Date.parse(slot.end)));
  const since = to - PERIODS * lengths[Math.floor(lengths.length / 2)];
  return found.filter((slot) => Date.parse(slot.end) > since);
}

// What the slots of a product wait for, most of them first: who is to do something sees it without asking each.
function awaited(found) {
  const reasons = new Map();
  for (const slot of found.filter((each) => each.state === "waiting")) {
    const reason = slot.waiting_for.map((words) => words.replace(/ of \d{4,}\S*/g, "")).join("; ") || "a look of the gatherer";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const told = [...reasons].sort(([, a], [, b]) => b - a).slice(0, 2);
  return told.map(([reason, number]) => h("p", { class: "awaited" }, `${count(number, "slot waits", "slots wait")} for ${reason}`));
}

function list(words) {
  return words.length > 6 ? `${words.slice(0, 6).join("; ")} and ${words.length - 6} more` : words.join("; ");
}

function until(due, now) {
  const seconds = (Date.parse(due) - now) / 1000;
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}

function ticks(from, to) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
  const step = 864e5 * Math.max(1, Math.ceil((to - from) / 864e5 / 4));
  const times = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
  return times.map((time) => [format.format(time), (time - from) / (to - from)]);
}
