// Results as one types: a short pause, then a request that the next one cancels.
import { announce, show } from "./fragment.js";

const PAUSE = 140; // Milliseconds without a key before a search is made.
const form = document.getElementById("search-form");
const results = document.getElementById("results");
let waiting = 0;
let request = null;

async function search() {
  clearTimeout(waiting);
  request?.abort();
  request = new AbortController();
  const query = new URLSearchParams(new FormData(form));
  try {
    const response = await fetch(`/fragments/search?${query}`, { signal: request.signal });
    if (!response.ok) throw new Error(response.statusText);
    show(results, await response.text());
    history.replaceState(null, "", `/search?${query}`);
    announce(document.getElementById("result-count")?.textContent ?? "");
  } catch (error) {
    if (error.name !== "AbortError") results.textContent = results.dataset.failed;
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, PAUSE);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
