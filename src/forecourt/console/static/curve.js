// The curve of a session: two plots below each other that share the time axis, drawn by uPlot in the theme's colours.
const place = document.querySelector("[data-curve]");
const font = `12px ${getComputedStyle(document.body).fontFamily}`;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const zone = place?.dataset.zone;
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const short = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
let plots = [];

function axis(extra) {
  const grid = { stroke: css("--plot-grid"), width: 1 };
  return { stroke: css("--soft"), grid, ticks: { ...grid, size: 5 }, font, labelFont: font, ...extra };
}

function times(plot, splits) {
  const close = splits.length > 1 && splits[1] - splits[0] < 60;
  return splits.map((at) => (close ? clock : short).format(at * 1000));
}

// The limit is a dashed line with its name on it, over the plot.
function limitLine(limit, label) {
  return {
    hooks: {
      draw: (plot) => {
        if (limit === null) return;
        const { ctx, bbox } = plot;
        const y = plot.valToPos(limit, "y", true);
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = css("--plot-limit");
        ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        ctx.font = font.replace("12px", `${12 * devicePixelRatio}px`);
        ctx.textAlign = "right";
        ctx.fillText(label, bbox.left + bbox.width - 4, y + 14 * devicePixelRatio);
        ctx.restore();
      },
    },
  };
}

function options(title, unit, colour, max, plugins) {
  return {
    width: place.clientWidth,
    height: 190,
    legend: { show: false },
    cursor: { sync: { key: "session" }, y: false, points: { size: 7 } },
    plugins,
    scales: { x: { time: true }, y: { range: (plot, low, high) => [0, max(high)] } },
    tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), zone),
    axes: [axis({ values: times, space: 70 }), axis({ label: `${title} (${unit})`, labelSize: 18, size: 52 })],
    series: [{}, { label: title, stroke: colour, fill: `${colour}22`, width: 2, spanGaps: true, points: { show: false } }],
  };
}

function titled(title, unit, digits) {
  const head = document.createElement("p");
  const value = document.createElement("output");
  head.className = "plot-title";
  head.append(title, value);
  place.append(head);
  const show = (plot) => {
    const at = plot.cursor.idx;
    const y = at == null ? null : plot.data[1][at];
    value.textContent = y == null ? "" : `${clock.format(plot.data[0][at] * 1000)} · ${y.toFixed(digits)} ${unit}`;
  };
  return { hooks: { setCursor: show } };
}

function draw(data) {
  place.replaceChildren();
  const { power, soc, limit } = place.dataset;
  const top = (high) => Math.max(data.limit_kw ?? 0, (high ?? 0) * 1.1, 10);
  const label = data.limit_kw === null ? "" : `${limit} ${data.limit_kw} kW`;
  const drawn = [[power, "kW", css("--plot-power"), top, [titled(power, "kW", 1), limitLine(data.limit_kw, label)], data.power_kw]];
  drawn[0].place = element();
  if (data.soc_percent.some((value) => value !== null)) {
    drawn.push([soc, "%", css("--plot-soc"), () => 100, [titled(soc, "%", 0)], data.soc_percent]);
    drawn[1].place = element();
  }
  plots = drawn.map((one) => new window.uPlot(options(...one.slice(0, 5)), [data.at, one[5]], one.place));
}

function element() {
  const div = document.createElement("div");
  div.className = "plot";
  place.append(div);
  return div;
}

async function refresh() {
  const answer = await fetch(place.dataset.curve, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const data = await answer.json();
  if (data.at.length < 2) return;
  place.hidden = false;
  draw(data);
}

if (place) {
  refresh();
  document.addEventListener("forecourt:live", refresh);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  new ResizeObserver(() => plots.forEach((plot) => plot.setSize({ width: place.clientWidth, height: 190 }))).observe(place);
}
