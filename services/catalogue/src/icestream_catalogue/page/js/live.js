// The stream as it goes: the page is told what changes, says so, and hands it on as events of the document.

const SHOWN_SECONDS = 60;
let latest = 0;

export function follow() {
  const source = new EventSource("api/events");
  source.addEventListener("open", () => show("live", "live"));
  source.addEventListener("error", () => show("waiting", "reconnecting"));
  source.addEventListener("full", () => show("waiting", "not live: too many pages are open"));
  source.addEventListener("item", (event) => {
    const item = JSON.parse(event.data);
    latest = Date.now();
    const what = item.void ? `void: ${item.void}` : `revision ${item.revision}, ${item.stage}`;
    document.getElementById("news").textContent = `${item.id}, ${what}`;
    show("live", `live: ${item.id}`);
    setTimeout(() => Date.now() - latest >= SHOWN_SECONDS * 1000 && show("live", "live"), SHOWN_SECONDS * 1000);
    tell("item", item);
  });
  source.addEventListener("slot", (event) => tell("slot", JSON.parse(event.data)));
  source.addEventListener("anew", () => tell("anew", {}));
  addEventListener("pagehide", () => source.close());
}

// Call when something changes, at most once a second; ends with the page that asked.
export function onChange(kinds, signal, call) {
  let waiting = 0;
  const later = () => {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = 0;
      if (signal.aborted) return;
      // What could not be read anew stays as it was; whether the page is live is told above.
      call().catch((error) => error.name === "AbortError" || console.warn(`not read anew: ${error.message}`));
    }, 1000);
  };
  for (const kind of [...kinds, "anew"]) document.addEventListener(`icestream:${kind}`, later, { signal });
}

function tell(kind, detail) {
  document.dispatchEvent(new CustomEvent(`icestream:${kind}`, { detail }));
}

function show(state, text) {
  const line = document.getElementById("live");
  line.dataset.state = state;
  line.title = text;
  document.getElementById("live-text").textContent = text;
}
