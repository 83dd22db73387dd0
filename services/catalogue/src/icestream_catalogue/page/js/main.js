// Which page is shown, by the address after #; each page gets a signal that ends when the next one comes.

import { h, replace } from "./dom.js";
import { follow } from "./live.js";
import { mapPage } from "./map.js";
import { timelinePage } from "./timeline.js";
import { productPage, productsPage } from "./product.js";
import { itemPage } from "./item.js";
import "./theme.js";

const PAGES = [
  [/^#?\/?$/, "map", mapPage],
  [/^#\/timeline(?:\/(.+))?$/, "timeline", timelinePage],
  [/^#\/products$/, "products", productsPage],
  [/^#\/product\/(.+)$/, "products", productPage],
  [/^#\/item\/(.+)$/, "", itemPage],
];
const main = document.getElementById("main");
let shown = null;

async function show() {
  const found = PAGES.map(([pattern, name, page]) => [location.hash.match(pattern), name, page]).find(([match]) => match);
  if (location.hash === "#main") return main.focus();
  const [match, name, page] = found ?? [[""], "map", mapPage];
  const first = shown === null;
  shown?.abort();
  shown = new AbortController();
  const { signal } = shown;
  for (const link of document.querySelectorAll("nav [data-page]")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.dataset.page = name || "item";
  main.setAttribute("aria-busy", "true");
  try {
    await page(main, signal, match[1] === undefined ? "" : decodeURIComponent(match[1]));
    if (signal.aborted) return;
    const title = main.querySelector("h1")?.textContent;
    document.title = title && name !== "map" ? `${title} · icestream` : "icestream";
    if (!first) main.focus({ preventScroll: true });
    if (!first) scrollTo(0, 0);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    replace(main, h("section", { class: "sheet" }, h("h1", {}, "Nothing to show"), h("p", { class: "notice", role: "alert" }, error.message),
      h("p", {}, h("button", { type: "button", class: "button", onclick: show }, "Try again"))));
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

addEventListener("hashchange", show);
show();
follow();
