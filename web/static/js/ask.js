// Asking with the answer streaming in. Without this script the form posts and a whole page comes back.
import { post } from "./events.js";
import { announce, nodes, show } from "./fragment.js";

const KEPT = "cita.turns";
const OPTIONS = "cita.options";
const page = document.getElementById("ask");
const form = document.getElementById("ask-form");
const question = document.getElementById("question");
const send = document.getElementById("send");
const options = document.getElementById("options");
const stop = document.getElementById("stop");
const conversation = document.getElementById("conversation");
const past = document.getElementById("past");
const turns = document.getElementById("turns");
let running = null;
let count = turns.children.length;

class Turn {
  constructor(asked) {
    this.asked = asked;
    this.element = document.getElementById("turn-template").content.firstElementChild.cloneNode(true);
    count += 1;
    this.element.id = `t${count}`;
    const heading = this.element.querySelector(".question");
    heading.id = `t${count}-question`;
    heading.textContent = asked;
    this.element.setAttribute("aria-labelledby", heading.id);
    this.text = this.element.querySelector(".answer-text");
    this.pending = document.createElement("span");
    this.pending.className = "pending";
    turns.append(this.element);
  }

  progress(text) {
    this.element.querySelector(".progress").textContent = text;
  }

  passages(data) {
    show(this.element.querySelector(".found"), data.html);
    this.progress(form.dataset.writing);
  }

  token(data) {
    if (!this.pending.isConnected) this.paragraph().append(this.pending);
    // One run of text that grows: many runs would each be laid out anew, and move, at every line's end.
    if (!this.pending.firstChild) this.pending.append("");
    this.pending.firstChild.appendData(data.text);
  }

  sentence(data) {
    const fragment = nodes(data.html);
    const spoken = fragment.textContent.replace(/\s+/g, " ").trim();
    const paragraph = data.paragraph ? this.paragraph(true) : this.paragraph();
    paragraph.append(fragment, " ");
    this.pending.textContent = data.pending;
    paragraph.append(this.pending);
    this.element.querySelector(".source-list").append(nodes(data.sources));
    announce(spoken);
  }

  paragraph(fresh = false) {
    const last = this.text.lastElementChild;
    const isEmpty = last && (last.childNodes.length === 0 || (last.childNodes.length === 1 && this.pending.parentNode === last));
    if (last && (!fresh || isEmpty)) return last;
    const paragraph = document.createElement("p");
    this.text.append(paragraph);
    return paragraph;
  }

  answer(data) {
    const focused = this.element.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    show(this.element, data.html);
    this.finish("done");
    if (focused) this.element.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    if (data.conversation) settle(data.conversation);
    announce(this.element.querySelector(".progress").textContent);
    if (data.refused) announce(this.element.querySelector(".refusal-text").textContent);
  }

  fail(message) {
    const notice = document.getElementById("failed-template").content.firstElementChild.cloneNode(true);
    notice.querySelector("p").textContent = message;
    this.progress("");
    this.element.querySelector(".answer").append(notice);
    this.finish("failed");
    question.value ||= this.asked;
  }

  stopped() {
    this.progress(form.dataset.stopped);
    announce(form.dataset.stopped);
    this.element.querySelector(".answer").append(document.getElementById("stopped-template").content.cloneNode(true));
    this.finish("stopped");
  }

  finish(state) {
    this.element.dataset.state = state;
    this.element.removeAttribute("aria-busy");
    keep();
  }
}

async function ask(asked) {
  running?.abort();
  const abort = new AbortController();
  running = abort;
  page.dataset.begun = "";
  // Now, as the page turns to the answer, and not later, when it would move what is being read.
  past.hidden = false;
  const turn = new Turn(asked);
  const body = new URLSearchParams(new FormData(form));
  body.set("question", asked);
  body.set("turn", turn.element.id);
  question.value = "";
  send.hidden = true;
  stop.hidden = false;
  if (!conversation.value) history.replaceState(null, "", `/?${new URLSearchParams({ question: asked })}`);
  turn.element.scrollIntoView({ block: "start" });
  keep();
  try {
    for await (const { kind, data } of post("/ask", body, abort.signal)) {
      if (kind === "error") turn.fail(data.message);
      else turn[kind]?.(data);
    }
    if (turn.element.dataset.state === "streaming") turn.fail(form.dataset.lost);
  } catch (error) {
    if (abort.signal.aborted) turn.stopped();
    else turn.fail(error.sentence ?? form.dataset.lost);
  }
  if (running !== abort) return;
  running = null;
  send.hidden = false;
  stop.hidden = true;
}

/** The turn is kept: the page becomes its conversation's, and the list says so. */
async function settle(id) {
  conversation.value = id;
  history.replaceState(null, "", `/c/${id}`);
  try {
    const response = await fetch(`/fragments/conversations?${new URLSearchParams({ current: id })}`);
    if (!response.ok) return;
    show(past, await response.text());
  } catch {
    // The page was left meanwhile; the next one draws the list itself.
  }
}

// The finished turns of this tab outlive a reload; a turn under way is shown as interrupted.
function keep() {
  const kept = [...turns.querySelectorAll(".turn")].map((turn) => ({
    id: turn.id,
    state: turn.dataset.state,
    question: turn.querySelector(".question")?.textContent ?? "",
    html: turn.dataset.state === "done" ? turn.innerHTML : "",
  }));
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, turns: kept.slice(-20) }));
  } catch {
    sessionStorage.removeItem(KEPT);
  }
}

function restore() {
  const reloaded = performance.getEntriesByType("navigation")[0]?.type;
  if (reloaded !== "reload" && reloaded !== "back_forward") return;
  const before = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  if (before.path !== location.pathname) return;
  // What is finished the server keeps; only a turn that was under way is not there.
  for (const kept of conversation.value ? before.turns.filter((one) => one.state === "streaming") : before.turns) {
    const turn = new Turn(kept.question);
    if (kept.html) {
      show(turn.element, kept.html.replaceAll(`${kept.id}-`, `${turn.element.id}-`));
      turn.element.dataset.state = "done";
      turn.element.removeAttribute("aria-busy");
    } else {
      turn.fail(form.dataset.interrupted);
    }
    page.dataset.begun = "";
  }
}

function restoreOptions() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(OPTIONS) ?? "{}");
  } catch {
    return;
  }
  for (const control of form.querySelectorAll(".fields [name]")) {
    if (!(control.name in kept)) continue;
    if (control.type === "checkbox") control.checked = kept[control.name];
    else control.value = kept[control.name];
  }
}

function keepOptions() {
  const kept = {};
  for (const control of form.querySelectorAll(".fields [name]")) {
    const value = control.type === "checkbox" ? control.checked : control.value;
    if (value) kept[control.name] = value;
  }
  localStorage.setItem(OPTIONS, JSON.stringify(kept));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  if (asked) ask(asked);
});
form.addEventListener("change", keepOptions);
form.addEventListener("reset", (event) => {
  event.preventDefault();
  for (const control of form.querySelectorAll(".fields [name]")) {
    if (control.type === "checkbox") control.checked = false;
    else control.value = "";
  }
  keepOptions();
});
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
stop.addEventListener("click", () => {
  running?.abort();
  question.focus();
});
options.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !options.open) return;
  event.stopPropagation();
  options.open = false;
  options.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const example = target?.closest("a[data-example]");
  if (example && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    ask(example.dataset.example || example.textContent.trim());
  }
  if (target?.closest("[data-retry]")) ask(target.closest(".turn").querySelector(".question").textContent);
  const copy = target?.closest("[data-copy]");
  if (copy) copyAnswer(copy.closest(".turn"));
});

async function copyAnswer(turn) {
  const markdown = turn.querySelector(".markdown");
  try {
    await navigator.clipboard.writeText(markdown.textContent);
    turn.querySelector(".progress").textContent = form.dataset.copied;
    announce(form.dataset.copied);
  } catch {
    // The clipboard is closed to pages that are not on a secure address: show the text to be copied.
    markdown.closest("details").open = true;
    getSelection().selectAllChildren(markdown);
  }
}

restoreOptions();
restore();
