// What the page asks of the catalogue. Addresses are relative, so that it works below any path.

export async function getJson(path, signal) {
  let answer;
  try {
    answer = await fetch(path, { headers: { accept: "application/json, application/geo+json" }, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The catalogue does not answer. Is it running?");
  }
  const body = await answer.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return {};
  });
  if (!answer.ok) throw new Error(body.description ?? `The catalogue answered ${answer.status}.`);
  return body;
}

export function search(asked, signal) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) if (value !== undefined && value !== "") words.set(name, value);
  return getJson(`stac/search?${words}`, signal);
}

export function findItem(id, signal) {
  return search({ ids: id, limit: 1 }, signal).then((found) => {
    if (!found.features.length) throw new Error(`There is no item ${id}. It may be void, or not made yet.`);
    return found.features[0];
  });
}

// The latest item of each product, as the overview names them, those first that were announced last.
export async function latestOfEach(known, signal) {
  const ids = known.products.map((each) => each.latest).filter(Boolean);
  if (!ids.length) return [];
  const found = await search({ ids: ids.join(","), limit: 500 }, signal);
  return found.features.sort((a, b) => b.properties.published.localeCompare(a.properties.published));
}

export const overview = (signal) => getJson("api/overview", signal);
export const slots = (product, signal) => getJson(`api/slots?limit=1000&product=${encodeURIComponent(product)}`, signal);
export const product = (name, signal) => getJson(`api/products/${encodeURIComponent(name)}`, signal);
export const lineage = (id, signal) => getJson(`api/items/${encodeURIComponent(id)}/lineage`, signal);

export function quicklook(item) {
  return Object.values(item.assets).find((asset) => asset.roles?.includes("thumbnail"));
}
