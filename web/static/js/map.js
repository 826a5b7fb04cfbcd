// The map: dots on a canvas that one can move, zoom, walk through by key, and open.
import { announce, show } from "./fragment.js";
import { openSource } from "./panel.js";

const NEAR = 14; // Pixels from a dot at which the pointer still means it.
const MOST_ZOOM = 40;
const holder = document.getElementById("map");
const canvas = document.getElementById("map-canvas");
const tip = document.getElementById("map-tip");
const form = document.getElementById("map-form");
const field = document.getElementById("map-question");
const view = { x: 0, y: 0, zoom: 1 };
let documents = [];
let points = [];
let found = null;
let words = "";
let chosen = -1;
let frame = 0;

const draw = () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(paint);
};

function scale() {
  const { width, height } = canvas.getBoundingClientRect();
  return { width, height, x: (width / 2 - 28) * view.zoom, y: (height / 2 - 28) * view.zoom };
}

function onScreen(x, y) {
  const { width, height, ...by } = scale();
  return [width / 2 + (x - view.x) * by.x, height / 2 - (y - view.y) * by.y];
}

const matches = (point) => !words || documents[point[2]].title.toLowerCase().includes(words) || point[5].toLowerCase().includes(words);

function colours() {
  const style = getComputedStyle(document.documentElement);
  const take = (name) => style.getPropertyValue(name).trim();
  return { ink: take("--ink"), paper: take("--surface"), marker: take("--pointer"), light: take("--dot") };
}

function paint() {
  const { width, height } = scale();
  const dense = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
  }
  const pen = canvas.getContext("2d");
  const colour = colours();
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, width, height);
  const radius = Math.min(7, (points.length > 1500 ? 2 : points.length > 400 ? 3 : 4.5) * Math.sqrt(view.zoom));
  points.forEach((point, index) => {
    const [x, y] = onScreen(point[0], point[1]);
    if (x < -9 || y < -9 || x > width + 9 || y > height + 9) return;
    const lit = found ? found.indices.has(index) : matches(point);
    pen.globalAlpha = lit ? 0.92 : 0.16;
    pen.fillStyle = `hsl(${(point[2] * 137.5) % 360} 60% ${colour.light})`;
    pen.beginPath();
    pen.arc(x, y, lit && (found || words) ? radius + 1.5 : radius, 0, 7);
    pen.fill();
  });
  pen.globalAlpha = 1;
  if (found) paintQuestion(pen, colour);
  if (chosen >= 0) ring(pen, onScreen(points[chosen][0], points[chosen][1]), radius + 5, colour.ink);
  paintTitles(pen, colour, width, height);
}

function ring(pen, [x, y], radius, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
}

function paintQuestion(pen, colour) {
  const [x, y] = onScreen(...found.at);
  pen.strokeStyle = colour.marker;
  pen.lineWidth = 1.5;
  for (const index of found.indices) {
    const [toX, toY] = onScreen(points[index][0], points[index][1]);
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
    pen.stroke();
  }
  pen.fillStyle = colour.marker;
  pen.beginPath();
  for (let corner = 0; corner < 4; corner += 1) {
    pen.lineTo(x + 9 * Math.cos(corner * Math.PI / 2), y + 9 * Math.sin(corner * Math.PI / 2));
  }
  pen.fill();
  label(pen, colour, holder.dataset.question, x, y - 16, true);
}

// A document's title in the middle of its dots, as many as fit without covering each other.
function paintTitles(pen, colour, width, height) {
  const middles = documents.map(() => ({ x: 0, y: 0, size: 0 }));
  points.forEach((point, index) => {
    if (found ? !found.indices.has(index) : !matches(point)) return;
    const middle = middles[point[2]];
    middle.x += point[0];
    middle.y += point[1];
    middle.size += 1;
  });
  const taken = [];
  const order = middles.map((middle, index) => ({ ...middle, index })).filter((one) => one.size).sort((a, b) => b.size - a.size);
  pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  for (const one of order) {
    const [x, y] = onScreen(one.x / one.size, one.y / one.size);
    const text = documents[one.index].title.length > 34 ? `${documents[one.index].title.slice(0, 33)}…` : documents[one.index].title;
    const half = pen.measureText(text).width / 2 + 6;
    const box = [Math.min(Math.max(x, half), width - half), Math.min(Math.max(y, 14), height - 14), half];
    if (x < 0 || y < 0 || x > width || y > height || taken.some((other) => Math.abs(other[0] - box[0]) < other[2] + box[2] && Math.abs(other[1] - box[1]) < 22)) continue;
    taken.push(box);
    label(pen, colour, text, box[0], box[1], false);
  }
}

function label(pen, colour, text, x, y, strong) {
  pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 4;
  pen.lineJoin = "round";
  pen.strokeStyle = colour.paper;
  pen.strokeText(text, x, y);
  pen.fillStyle = strong ? colour.marker : colour.ink;
  pen.fillText(text, x, y);
}

function nearest(x, y) {
  let best = -1;
  let least = NEAR;
  points.forEach((point, index) => {
    const [px, py] = onScreen(point[0], point[1]);
    const distance = Math.hypot(px - x, py - y);
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}

function choose(index, aloud = false) {
  if (index === chosen) return;
  chosen = index;
  tip.hidden = index < 0;
  if (index >= 0) {
    const point = points[index];
    const text = [documents[point[2]].title, point[5]].filter((part, at, all) => part && all.indexOf(part) === at).join(" › ");
    tip.textContent = text;
    const [x, y] = onScreen(point[0], point[1]);
    const { width } = scale();
    tip.style.left = `${Math.min(Math.max(x, 120), width - 120)}px`;
    tip.style.top = `${y}px`;
    if (aloud) announce(text);
  }
  canvas.style.cursor = index >= 0 ? "pointer" : "";
  draw();
}

function open(index) {
  const point = points[index];
  const address = `/documents/${encodeURIComponent(documents[point[2]].id)}?start=${point[3]}&end=${point[4]}#cited`;
  openSource(address, canvas);
}

function zoomBy(factor, x, y) {
  const { width, height, ...by } = scale();
  const at = [(x ?? width / 2) - width / 2, height / 2 - (y ?? height / 2)];
  const zoom = Math.min(Math.max(view.zoom * factor, 1), MOST_ZOOM);
  // What lies under the pointer stays there.
  view.x += at[0] / by.x * (1 - view.zoom / zoom);
  view.y += at[1] / by.y * (1 - view.zoom / zoom);
  view.zoom = zoom;
  if (zoom === 1) view.x = view.y = 0;
  draw();
}

function whole() {
  Object.assign(view, { x: 0, y: 0, zoom: 1 });
  draw();
}

function walk(dx, dy) {
  if (chosen < 0) return choose(0, true);
  const from = onScreen(points[chosen][0], points[chosen][1]);
  let best = chosen;
  let least = Infinity;
  points.forEach((point, index) => {
    const to = onScreen(point[0], point[1]);
    const along = (to[0] - from[0]) * dx + (to[1] - from[1]) * dy;
    const aside = Math.abs((to[0] - from[0]) * dy) + Math.abs((to[1] - from[1]) * dx);
    if (along > 0.5 && along + 2 * aside < least) [best, least] = [index, along + 2 * aside];
  });
  choose(best, true);
  const [x, y] = onScreen(points[best][0], points[best][1]);
  const { width, height } = scale();
  if (x < 0 || y < 0 || x > width || y > height) Object.assign(view, { x: points[best][0], y: points[best][1] });
  return draw();
}

function installPointer() {
  let from = null;
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => {
    from = [event.offsetX, event.offsetY];
    moved = false;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return choose(nearest(event.offsetX, event.offsetY));
    const by = scale();
    const [dx, dy] = [event.offsetX - from[0], event.offsetY - from[1]];
    if (!moved && Math.hypot(dx, dy) < 4) return undefined;
    moved = true;
    view.x -= dx / by.x;
    view.y += dy / by.y;
    from = [event.offsetX, event.offsetY];
    tip.hidden = true;
    return draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    from = null;
    const index = moved ? -1 : nearest(event.offsetX, event.offsetY);
    if (index >= 0) open(index);
  });
  canvas.addEventListener("pointerleave", () => { if (!from) choose(-1); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
  }, { passive: false });
}

function installKeys() {
  const keys = {
    ArrowLeft: () => walk(-1, 0), ArrowRight: () => walk(1, 0), ArrowUp: () => walk(0, -1), ArrowDown: () => walk(0, 1),
    Enter: () => chosen >= 0 && open(chosen), "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: whole,
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.getElementById("map-larger").addEventListener("click", () => zoomBy(1.5));
  document.getElementById("map-smaller").addEventListener("click", () => zoomBy(1 / 1.5));
  document.getElementById("map-whole").addEventListener("click", whole);
}

async function ask() {
  const question = field.value.trim();
  const list = document.getElementById("map-found");
  words = "";
  found = null;
  if (!question) {
    list.replaceChildren();
    return draw();
  }
  const query = new URLSearchParams({ question, collection: holder.dataset.collection });
  try {
    const response = await fetch(`/fragments/map/question?${query}`);
    if (!response.ok) throw new Error(response.statusText);
    const answer = await response.json();
    const numbers = new Map(documents.map((one, number) => [one.id, number]));
    const indices = new Set();
    for (const [id, start, end] of answer.places) {
      points.forEach((point, index) => {
        if (point[2] === numbers.get(id) && point[3] < end && start < point[4]) indices.add(index);
      });
    }
    found = { at: answer.at, indices };
    show(list, answer.html);
    announce(list.textContent.replace(/\s+/g, " ").trim());
    history.replaceState(null, "", `/map?${query}`);
  } catch {
    list.textContent = holder.dataset.failed;
  }
  return draw();
}

async function begin() {
  if (!holder) return;
  try {
    const response = await fetch(`/fragments/map/points?collection=${encodeURIComponent(holder.dataset.collection)}`);
    if (!response.ok) throw new Error(response.statusText);
    ({ documents, points } = await response.json());
  } catch {
    holder.textContent = holder.dataset.failed;
    return;
  }
  holder.dataset.ready = "";
  installPointer();
  installKeys();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  field.addEventListener("input", () => {
    words = field.value.trim().toLowerCase();
    found = null;
    if (!points.some(matches)) words = "";
    draw();
  });
  document.getElementById("map-collection")?.addEventListener("change", () => form.submit());
  new ResizeObserver(draw).observe(canvas);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  if (field.value.trim()) ask();
  else draw();
}

begin();
