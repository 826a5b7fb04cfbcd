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

installTheme();
installPanel();
installCards();
installSheets(document.getElementById("main"));
