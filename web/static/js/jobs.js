// Jobs under way, whoever began them: looked at again while there are any, and when the page is come back to.
import { announce, show } from "./fragment.js";

const OFTEN = 1000;
const SELDOM = 10000;

// What came in belongs into the list; a reader in the middle of something is left to it.
function showList(section) {
  const busy = document.querySelector("#chosen :checked") || document.activeElement?.matches("input, select, textarea");
  if (!busy && !isRead(section)) location.reload();
}

// Whether the reader is at what is told of the jobs: at a button, or at why files failed.
function isRead(section) {
  return section.contains(document.activeElement) || section.querySelector("details[open]") !== null;
}

export function installJobs() {
  const section = document.getElementById("jobs");
  if (!section) return;
  let running = Number(section.dataset.running);
  let timer = 0;

  const look = async () => {
    clearTimeout(timer);
    // Files that this page sends are told of one by one.
    if (!document.hidden && document.getElementById("uploads")?.hidden !== false) {
      try {
        const response = await fetch("/fragments/jobs");
        if (response.ok) {
          draw(await response.text());
          const now = Number(response.headers.get("X-Running"));
          const ended = running && !now;
          running = now;
          if (ended) {
            announce(section.dataset.done);
            showList(section);
          }
        }
      } catch {
        // The server is away for a moment; the next look will tell.
      }
    }
    timer = setTimeout(look, running ? OFTEN : SELDOM);
  };

  const draw = (html) => {
    if (isRead(section)) return;
    show(section, html);
    section.hidden = !section.firstElementChild;
  };

  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, running ? OFTEN : SELDOM);
}
