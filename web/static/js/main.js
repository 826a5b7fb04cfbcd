// On every page: the theme switch without a reload, and the source panel with its cards.
import { installCards } from "./cards.js";
import { installPanel } from "./panel.js";
import { installSheets } from "./sheets.js";

function installTheme() {
  const form = document.querySelector(".preferences");
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name !== "theme") return;
    event.preventDefault();
    const theme = event.submitter.value;
    document.documentElement.dataset.theme = theme;
    document.querySelector("meta[name=color-scheme]").content = theme;
    form.querySelector(`.theme-${theme === "dark" ? "light" : "dark"}`).focus();
    fetch(form.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual" });
  });
}

/** On a narrow screen the sections are one line to be moved: begin at the one that is open. */
function showSection() {
  const sections = document.querySelector(".sections");
  const open = sections.querySelector("[aria-current]");
  if (open) sections.scrollLeft = open.offsetLeft - (sections.clientWidth - open.offsetWidth) / 2;
}

installTheme();
showSection();
installPanel();
installCards();
installSheets(document.getElementById("main"));
