// Questions before a command open as a dialog; without this script they are pages of their own.
const dialog = document.getElementById("dialog");

// The link may be replaced by a live refresh while its answer is on the way: so the dialog itself asks.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-question]");
  if (!link || !dialog || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.htmx.ajax("GET", link.href, { source: dialog, target: dialog });
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === dialog && !dialog.open) dialog.showModal();
});
dialog?.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-close]")) {
    event.preventDefault();
    dialog.close();
  }
});
