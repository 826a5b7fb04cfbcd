// The one door through which HTML from our own server enters the page.
// The server's templates escape every text; the page's policy (Trusted Types) refuses other doors.

const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("cita", { createHTML: (html) => html })
  : { createHTML: (html) => html };

/** Replace what `element` holds by a fragment that our server rendered. */
export function show(element, html) {
  element.innerHTML = policy.createHTML(html);
}

/** Nodes of a fragment that our server rendered. */
export function nodes(html) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return template.content;
}

/** Tell screen readers something without moving the focus. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  const line = document.createElement("p");
  line.textContent = text;
  announcer.append(line);
  while (announcer.children.length > 5) announcer.firstElementChild.remove();
}
