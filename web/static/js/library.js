// The library: many chosen at once, and files taken in by dropping them.
import { installJobs } from "./jobs.js";
import { installUploads } from "./uploads.js";

function installChoosing() {
  const form = document.getElementById("chosen");
  if (!form) return;
  const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
  const all = document.getElementById("choose-all");
  const count = document.getElementById("chosen-count");
  const actions = ["again-chosen", "remove-chosen"].map((id) => document.getElementById(id));
  let last = null;

  const tell = () => {
    const number = boxes.filter((box) => box.checked).length;
    count.textContent = number ? count.dataset.pattern.replace("{number}", number) : "";
    for (const action of actions) action.hidden = number === 0;
    all.checked = number === boxes.length;
    all.indeterminate = number > 0 && number < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  // With the shift key, everything between this box and the one before.
  form.addEventListener("click", (event) => {
    const box = event.target;
    if (!boxes.includes(box)) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    tell();
  });
  form.addEventListener("change", tell);
  tell();
}

installChoosing();
installUploads();
installJobs();
