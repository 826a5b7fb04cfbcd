// Files taken in one after another, each with its own line: sent, read, done or why not.

const AT_ONCE = 2; // One batch is sent while another is read; more would only wait for the model.
const MOST_FILES = 20; // Small files travel together: each request costs the server a commit.
const MOST_BYTES = 8e6;
const SHOWN = 200; // Lines kept for files that are done: failures always stay.

export function installUploads() {
  const form = document.getElementById("drop");
  if (!form) return;
  const words = form.dataset;
  const list = document.getElementById("upload-list");
  const summary = document.getElementById("uploads-summary");
  const progress = document.getElementById("uploads-progress");
  const cancel = document.getElementById("uploads-cancel");
  const showAll = document.getElementById("uploads-show");
  const waiting = [];
  const running = new Set();
  let total = 0;
  let done = 0;
  let failed = 0;

  const tell = () => {
    const finished = done === total;
    const text = (finished ? words.finished : words.summary)
      .replace("{done}", done).replace("{total}", total).replace("{failed}", failed);
    if (summary.textContent !== text) summary.textContent = text;
    progress.max = total;
    progress.value = done;
    cancel.hidden = finished;
    showAll.hidden = !finished;
  };

  const add = (files) => {
    if (!files.length || !form.reportValidity()) return;
    document.getElementById("uploads").hidden = false;
    for (const { file, path } of files) {
      total += 1;
      waiting.push({ file, path, line: null });
    }
    tell();
    next();
  };

  const next = () => {
    while (running.size < AT_ONCE && waiting.length) start(takeBatch(waiting));
    tell();
  };

  const lineFor = (path) => {
    const line = document.createElement("li");
    const name = document.createElement("span");
    name.className = "upload-name";
    name.textContent = path;
    const state = document.createElement("span");
    state.className = "upload-state";
    line.append(name, state);
    list.prepend(line);
    for (const old of [...list.querySelectorAll("li[data-state=done]")].slice(SHOWN)) old.remove();
    return line;
  };

  const settle = (upload, state, text) => {
    if (upload.line.dataset.state) return;
    upload.line.dataset.state = state;
    upload.line.lastElementChild.textContent = text;
    done += 1;
    if (state === "failed") failed += 1;
  };

  const start = (batch) => {
    for (const upload of batch) upload.line = lineFor(upload.path);
    const fits = batch.filter((upload) => upload.file.size <= Number(words.mostBytes));
    for (const upload of batch) {
      if (!fits.includes(upload)) settle(upload, "failed", words.tooLarge.replace("{most}", Math.floor(words.mostBytes / 1e6)));
    }
    if (!fits.length) return;
    const sending = { abort: null };
    running.add(sending);
    const say = (text) => fits.forEach((upload) => { upload.line.lastElementChild.textContent = text; });
    sending.abort = send(fits, words, say, (results) => {
      fits.forEach((upload, index) => settle(upload, ...results(index)));
      running.delete(sending);
      next();
    });
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(chosen(document.getElementById("files")));
  });
  for (const id of ["files", "folder"]) {
    const input = document.getElementById(id);
    input.addEventListener("change", () => {
      add(chosen(input));
      input.value = "";
    });
  }
  cancel.addEventListener("click", () => {
    for (const { path } of waiting.splice(0)) {
      const line = lineFor(path);
      line.dataset.state = "cancelled";
      line.lastElementChild.textContent = words.cancelled;
      done += 1;
    }
    for (const sending of [...running]) sending.abort();
    tell();
  });
  installDropping(form, add);
  window.addEventListener("beforeunload", (event) => {
    if (done < total) event.preventDefault();
  });
}

/** The next files that travel together. */
function takeBatch(waiting) {
  const batch = [waiting.shift()];
  let bytes = batch[0].file.size;
  while (waiting.length && batch.length < MOST_FILES && bytes + waiting[0].file.size <= MOST_BYTES) {
    bytes += waiting[0].file.size;
    batch.push(waiting.shift());
  }
  return batch;
}

/** Send some files; `finish` gets what tells of each its state and words. Returns what cancels them. */
function send(batch, words, say, finish) {
  const request = new XMLHttpRequest();
  const body = new FormData();
  const into = document.getElementById("into");
  if (into) body.set("collection", into.value);
  for (const { file, path } of batch) {
    body.append("path", path);
    body.append("files", file, file.name);
  }
  say(words.sending.replace("{percent}", 0));
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) say(words.sending.replace("{percent}", Math.round(100 * event.loaded / event.total)));
  });
  request.upload.addEventListener("load", () => say(words.reading));
  request.addEventListener("load", () => finish((index) => outcomeOf(request, batch[index].path, index, words)));
  request.addEventListener("error", () => finish(() => ["failed", words.lost]));
  request.addEventListener("abort", () => finish(() => ["cancelled", words.cancelled]));
  request.open("POST", "/documents/add");
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.send(body);
  return () => request.abort();
}

function outcomeOf(request, path, index, words) {
  const outcomes = request.response?.outcomes ?? [];
  const outcome = outcomes.find((one) => one.name === path) ?? outcomes[index];
  if (request.status >= 400 || !outcome) return ["failed", request.response?.error?.message ?? words.lost];
  const text = (words[outcome.status] ?? outcome.status)
    .replace("{chunks}", outcome.chunks).replace("{reason}", outcome.message);
  return [outcome.status === "failed" ? "failed" : "done", text];
}

function chosen(input) {
  return [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

function installDropping(form, add) {
  let inside = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  // The whole page takes files: a drop beside the frame must not open the file instead.
  window.addEventListener("dragenter", (event) => {
    if (carriesFiles(event) && ++inside) form.dataset.over = "";
  });
  window.addEventListener("dragleave", (event) => {
    if (carriesFiles(event) && --inside <= 0) delete form.dataset.over;
  });
  window.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  window.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    inside = 0;
    delete form.dataset.over;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = entries.length ? (await Promise.all(entries.map(walk))).flat()
      : [...event.dataTransfer.files].map((file) => ({ file, path: file.name }));
    add(files);
  });
}

/** All files of a dropped file or folder. */
async function walk(entry) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) return [{ file: await new Promise((ok, no) => entry.file(ok, no)), path }];
  const reader = entry.createReader();
  const found = [];
  // A reader gives a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise((ok, no) => reader.readEntries(ok, no));
    if (!some.length) break;
    for (const inner of some) if (!inner.name.startsWith(".")) found.push(...await walk(inner));
  }
  return found;
}
