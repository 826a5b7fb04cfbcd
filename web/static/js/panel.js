// The source beside the answer: one click on a citation opens its document at the cited words.
import { announce, show } from "./fragment.js";
import { installSheets } from "./sheets.js";

const NARROW = matchMedia("(max-width: 59.99rem)");

let openFrom = () => {};

/** Open the document at an address of a passage beside the page; `opener` gets the focus back. */
export function openSource(address, opener) {
  openFrom(address, opener);
}

export function installPanel() {
  const panel = document.getElementById("source-panel");
  if (!panel) return;
  const body = document.getElementById("panel-body");
  const steps = document.getElementById("panel-steps");
  const position = document.getElementById("panel-position");
  let opener = null;
  let request = null;

  const neighbours = () => {
    const list = opener?.closest(".turn")?.querySelectorAll(".source-list .source-title") ?? [];
    return [...list];
  };
  const current = () => neighbours().findIndex((link) => link.href === opener.href);

  const describeSteps = () => {
    const all = neighbours();
    const index = current();
    steps.hidden = index < 0 || all.length < 2;
    if (steps.hidden) return;
    position.textContent = position.dataset.pattern
      .replace("{number}", index + 1).replace("{total}", all.length);
    document.getElementById("panel-previous").disabled = index === 0;
    document.getElementById("panel-next").disabled = index === all.length - 1;
  };

  const markCurrent = (on) => {
    for (const link of document.querySelectorAll("[data-open-source]")) {
      const isOpen = on && link.href === opener?.href;
      if (link.matches(".mark")) link.setAttribute("aria-expanded", String(isOpen));
      link.closest(".source")?.toggleAttribute("data-current", isOpen);
    }
  };

  const open = async (link, keepOpener = false) => {
    if (!keepOpener) opener = link;
    const address = new URL(link.href);
    request?.abort();
    request = new AbortController();
    panel.hidden = false;
    setModal(NARROW.matches);
    document.getElementById("panel-open").href = address.href;
    describeSteps();
    markCurrent(true);
    body.textContent = body.dataset.loading;
    panel.focus({ preventScroll: true });
    try {
      const response = await fetch(`/fragments${address.pathname}${address.search}`, { signal: request.signal });
      if (!response.ok) throw new Error(response.statusText);
      show(body, await response.text());
    } catch (error) {
      if (error.name === "AbortError") return;
      body.textContent = body.dataset.failed;
    }
    installSheets(body);
    const cited = body.querySelector("#cited");
    body.scrollTop = 0;
    if (cited) {
      body.scrollTop = cited.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3;
      announce(cited.textContent || cited.closest("svg").getAttribute("aria-label"));
    }
  };

  const close = () => {
    if (panel.hidden) return;
    request?.abort();
    panel.hidden = true;
    setModal(false);
    markCurrent(false);
    body.replaceChildren();
    if (opener?.isConnected) opener.focus();
  };

  const step = (by) => {
    const target = neighbours()[current() + by];
    if (target) open(target);
  };

  const setModal = (modal) => {
    for (const part of document.querySelectorAll(".top, main, .bottom")) part.inert = modal;
  };

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[data-open-source]");
    // On a document's own page its links lead to itself, not to a panel beside it.
    if (!link || (link.closest(".document") && !panel.contains(link))) return;
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link, panel.contains(link));
  });
  openFrom = (address, from) => {
    const link = document.createElement("a");
    link.href = address;
    opener = from;
    open(link, true);
  };
  document.getElementById("panel-close").addEventListener("click", close);
  document.getElementById("panel-previous").addEventListener("click", () => step(-1));
  document.getElementById("panel-next").addEventListener("click", () => step(1));
  // Arrow keys act inside the panel only, so that they never take keys from anything else.
  panel.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea, pre, .table, .sheet-list")) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  NARROW.addEventListener("change", () => setModal(NARROW.matches && !panel.hidden));
}
