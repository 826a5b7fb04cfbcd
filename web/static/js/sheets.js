// Pages of a PDF: zoom, the page one is at, and steps to the one before and after.

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

export function installSheets(root) {
  const sheets = root?.querySelector("[data-sheets]");
  if (!sheets) return;
  const list = sheets.querySelector(".sheet-list");
  const pages = [...list.querySelectorAll(".sheet")];
  const position = sheets.querySelector("[data-page-now]");
  const shownZoom = sheets.querySelector("[data-zoom-now]");
  const seen = new Map();
  let current = 0;
  let zoom = ZOOMS.indexOf(1);

  const say = (index) => {
    current = index;
    position.textContent = position.dataset.pattern
      .replace("{number}", pages[index].dataset.number).replace("{total}", position.dataset.total);
  };
  // The page at hand is the one that takes most of the view.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) seen.set(entry.target, entry.intersectionRect.height);
    const tallest = pages.reduce((best, page, index) => (
      (seen.get(page) ?? 0) > (seen.get(pages[best]) ?? 0) ? index : best), 0);
    if (seen.get(pages[tallest])) say(tallest);
  }, { threshold: [0, 0.1, 0.25, 0.5, 0.75, 1] });
  pages.forEach((page) => watcher.observe(page));

  const zoomTo = (index) => {
    if (index < 0 || index >= ZOOMS.length) return;
    const share = pages[current].getBoundingClientRect();
    const scroller = scrollerOf(sheets);
    const before = scroller.getBoundingClientRect?.().top ?? 0;
    const into = (before + 80 - share.top) / share.height;
    zoom = index;
    list.style.setProperty("--zoom", ZOOMS[zoom]);
    shownZoom.textContent = sheets.dataset.percent.replace("{percent}", ZOOMS[zoom] * 100);
    const after = pages[current].getBoundingClientRect();
    scroller.scrollBy(0, after.top + into * after.height - before - 80);
    showQuote(list);
  };

  sheets.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.dataset.zoomStep) zoomTo(zoom + Number(button.dataset.zoomStep));
    const target = button?.dataset.pageStep && pages[current + Number(button.dataset.pageStep)];
    if (target) {
      target.scrollIntoView({ block: "start" });
      say(pages.indexOf(target));
    }
  });
  sheets.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoomTo(zoom + 1);
    else if (event.key === "-") zoomTo(zoom - 1);
  });
  if (location.hash === "#cited") root.querySelector("#cited")?.scrollIntoView({ block: "center" });
}

function scrollerOf(element) {
  return element.closest(".panel-body") ?? document.scrollingElement;
}

// Enlarged, a page is wider than its frame: bring the quoted words into it sideways.
function showQuote(list) {
  const cited = list.querySelector("#cited");
  if (!cited) return;
  const words = cited.getBoundingClientRect();
  const frame = list.getBoundingClientRect();
  list.scrollLeft += words.left - frame.left - 24;
}
