// A card with document, page and quote while a citation mark is pointed at or focused.
// It can be pointed at itself, stays as long as it is, and Escape puts it away.

const PATIENCE = 180; // Milliseconds that the pointer may take from the mark to its card.
const GAP = 8;

export function installCards() {
  const card = document.createElement("div");
  card.className = "card";
  card.id = "card";
  card.popover = "manual";
  card.setAttribute("role", "tooltip");
  document.body.append(card);
  let mark = null;
  let leaving = 0;

  const hide = () => {
    if (!mark) return;
    mark.removeAttribute("aria-describedby");
    mark = null;
    card.hidePopover();
  };
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, PATIENCE);
  };
  const showFor = (target) => {
    clearTimeout(leaving);
    if (target === mark) return;
    const source = document.getElementById(target.dataset.card);
    if (!source) return;
    hide();
    mark = target;
    card.replaceChildren(...[...source.children].map((child) => cloned(child)));
    mark.setAttribute("aria-describedby", "card");
    card.showPopover();
    place(card, mark);
  };

  const markOf = (event) => (event.target instanceof Element ? event.target.closest(".mark[data-card]") : null);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const target = markOf(event);
    if (target) showFor(target);
    else if (card.contains(event.target)) clearTimeout(leaving);
    else if (mark && document.activeElement !== mark) leave();
  });
  document.addEventListener("focusin", (event) => {
    const target = markOf(event);
    if (target?.matches(":focus-visible")) showFor(target);
    else if (mark && !card.contains(event.target)) hide();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === mark) leave();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !mark) return;
    event.stopImmediatePropagation();
    hide();
  }, true);
  document.addEventListener("click", hide);
  window.addEventListener("scroll", hide, { passive: true });
}

function cloned(element) {
  const copy = element.cloneNode(true);
  copy.removeAttribute("id");
  // In the card the title is a caption: the mark itself is the link.
  if (copy.matches("a")) {
    const caption = document.createElement("p");
    caption.className = "source-title";
    caption.append(...copy.childNodes);
    return caption;
  }
  return copy;
}

function place(card, mark) {
  const at = mark.getBoundingClientRect();
  const size = card.getBoundingClientRect();
  // Less the scroll bar, which `innerWidth` counts in.
  const width = document.documentElement.clientWidth;
  const left = Math.max(GAP, Math.min(at.left - 24, width - size.width - GAP));
  const fitsBelow = at.bottom + GAP + size.height < innerHeight;
  const top = fitsBelow || at.top < size.height + GAP ? at.bottom + GAP : at.top - GAP - size.height;
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
}
