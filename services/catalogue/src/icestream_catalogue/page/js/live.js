// The stream as it goes: the page is told what changes, says so, and hands it on as events of the document.

const SHOWN_SECONDS = 60;
let latest = 0;

export function follow() {
  const source = new EventSource("api/events");
  let lost = false;
  let full = false;
  source.addEventListener("open", () => {
    show("live", "live");
    // What changed while nobody was told is told to nobody afterwards.
    if (lost) tell("anew", {});
    lost = full = false;
  });
  source.addEventListener("error", () => {
    lost = true;
    // Who is one too many is sent away as well, and tries again later.
    if (!full) show("waiting", "reconnecting");
  });
  source.addEventListener("full", () => {
    full = true;
    show("waiting", "not live: too many pages are open");
  });
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

// Call now, and again when something changes, at most once a second; ends with the page that asked. One call after the
// other, or the answer to an earlier one could come last. Nothing that changes from now on is missed.
export async function keepUp(kinds, signal, call) {
  let busy = true;
  let changed = false;
  const change = () => {
    changed = true;
    if (busy) return;
    busy = true;
    setTimeout(async () => {
      changed = false;
      // What could not be read anew stays as it was; whether the page is live is told above.
      if (!signal.aborted) await call().catch((error) => error.name === "AbortError" || console.warn(`not read anew: ${error.message}`));
      end();
    }, 1000);
  };
  const end = () => {
    busy = false;
    if (changed && !signal.aborted) change();
  };
  for (const kind of [...kinds, "anew"]) document.addEventListener(`icestream:${kind}`, change, { signal });
  try {
    await call();
  } finally {
    end();
  }
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
