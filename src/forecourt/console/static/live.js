// Live pages: listens to the server's small events and has the page's parts fetched anew by htmx.
// A part names what it listens to in data-on; the page names its stream in data-live, and its moment in data-mark.
const main = document.querySelector("main[data-live]");
const toggle = document.querySelector("[data-live-toggle]");
let source = null;
let mark = main?.dataset.mark ?? "";
let paused = false;

function topics() {
  return new URL(main.dataset.live, location.href).searchParams.get("topics")?.split(",").filter(Boolean) ?? [];
}

function show(state) {
  if (toggle) {
    toggle.dataset.state = state;
    toggle.setAttribute("aria-pressed", String(state === "paused"));
  }
}

function heard(event) {
  mark = event.lastEventId || mark;
  for (const part of document.querySelectorAll(`[data-on="${event.type}"]`)) {
    window.htmx?.trigger(part, "refresh");
  }
  document.dispatchEvent(new CustomEvent("forecourt:live", { detail: event.type }));
}

function open() {
  if (source || paused || document.hidden) return;
  const url = new URL(main.dataset.live, location.href);
  url.searchParams.set("since", mark);
  source = new EventSource(url);
  source.onopen = () => show("on");
  source.onerror = () => {
    show("cut");
    // The browser tries again by itself, unless the answer was no stream at all.
    if (source?.readyState === EventSource.CLOSED) {
      close();
      setTimeout(open, 5000);
    }
  };
  for (const topic of topics()) source.addEventListener(topic, heard);
}

function close() {
  source?.close();
  source = null;
}

if (main && topics().length) {
  toggle?.removeAttribute("hidden");
  toggle?.addEventListener("click", () => {
    paused = !paused;
    show(paused ? "paused" : "on");
    paused ? close() : open();
  });
  // Browsers allow few connections to one host: a page that nobody sees does not hold one.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
}

// What a refresh must not take away: a selection, the focus, what is unfolded, how far a table was scrolled.
let kept = null;

function selecting(part) {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (!part.classList.contains("part")) return;
  if (event.detail.xhr.status >= 400 || selecting(part)) event.detail.shouldSwap = false;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  kept = {
    href: focused?.getAttribute("href"),
    id: focused?.id,
    open: [...part.querySelectorAll("details[open][id]")].map((one) => one.id),
    scrolled: [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft),
  };
});
document.addEventListener("htmx:afterSwap", (event) => {
  const part = event.detail.target;
  if (!kept || !part.classList.contains("part")) return;
  for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
  part.querySelectorAll(".scroll").forEach((one, index) => (one.scrollLeft = kept.scrolled[index] ?? 0));
  const again = kept.id
    ? document.getElementById(kept.id)
    : kept.href && part.querySelector(`[href="${CSS.escape(kept.href)}"]`);
  again?.focus({ preventScroll: true });
  kept = null;
});
