// "/" goes to the search field, "j" and "k" go through the rows. Switched off in the preferences (WCAG 2.1.4).
function rows() {
  return [...document.querySelectorAll("main tbody tr, main [data-row]")]
    .map((row) => row.querySelector("a[href]"))
    .filter(Boolean);
}

function step(by) {
  const links = rows();
  const here = links.findIndex((link) => link.closest("tr, [data-row]")?.contains(document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by;
  links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
}

const KEYS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => step(1),
  k: () => step(-1),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable], dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
