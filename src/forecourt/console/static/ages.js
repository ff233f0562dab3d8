// Keeps "2 min. ago" true while the page is open, by the server's clock, which may run faster than ours.
const root = document.documentElement;
const started = performance.now();
const { now, speed } = document.body.dataset;
const words = new Intl.RelativeTimeFormat(root.lang, { style: "short", numeric: "always" });
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function businessNow() {
  return Number(now) + (performance.now() - started) * Number(speed);
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const age = Math.max(0, (businessNow() - Date.parse(time.dateTime)) / 1000);
    const [unit, seconds] = UNITS.find(([, length]) => age >= length) ?? UNITS[3];
    const text = words.format(-Math.round(age / seconds), unit);
    if (time.textContent !== text) time.textContent = text;
  }
}

if (now) {
  setInterval(refresh, 5000);
  document.addEventListener("htmx:afterSwap", refresh);
}
