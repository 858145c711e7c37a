// The panel with the spectrum: drawn to its width, read by pointer, touch or keyboard.

import { element, part, shape } from "./elements.js";
import { draw, emitter, reading, samples } from "./spectrum.js";

let points = [];
let lines = [];
let plot = null;

// What is shown now, for the files that are saved of it.
export function shown() {
  return { points, lines, channels: part("channels").checked };
}

export function showSpectrum(spectrum, named) {
  for (const id of ["spectrum", "save-csv", "save-png"]) part(id).hidden = !spectrum;
  points = spectrum ? samples(spectrum) : [];
  lines = named;
  if (!spectrum) return;
  part("cursor").max = points.length - 1;
  part("cursor").value = brightest();
  redraw();
  showLines();
}

export function wirePanel() {
  part("channels").addEventListener("change", redraw);
  part("cursor").addEventListener("input", showReading);
  part("plot").addEventListener("pointermove", follow);
  part("plot").addEventListener("pointerdown", follow);
  new ResizeObserver(redraw).observe(part("plot"));
  document.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

function redraw() {
  if (!points.length || part("result").hidden) return;
  const place = part("plot");
  const width = Math.max(300, place.clientWidth);
  const height = Math.round(Math.min(430, Math.max(330, width * 0.4)));
  plot = draw(points, lines, {
    width, height, palette: palette(), channels: part("channels").checked, dark: isDark(),
  });
  plot.svg.setAttribute("aria-label", plotLabel());
  place.replaceChildren(plot.svg);
  showReading();
}

function plotLabel() {
  const range = points[0].nm === null
    ? "along the pixels of the band"
    : `from ${points[0].nm.toFixed(0)} to ${points.at(-1).nm.toFixed(0)} nanometres`;
  return `Intensity ${range}; brightest at ${reading(points[brightest()])}. ` +
    "The slider below reads single values; the lines are listed further down.";
}

function brightest() {
  return points.reduce((best, point, index) => (point.intensity > points[best].intensity ? index : best), 0);
}

function showReading() {
  const point = points[part("cursor").value];
  part("reading").textContent = reading(point);
  part("cursor").setAttribute("aria-valuetext", reading(point));
  const at = plot.x(plot.place(point));
  plot.svg.querySelector(".cursor")?.remove();
  plot.svg.append(shape("line", {
    class: "cursor", x1: at, x2: at, y1: plot.top, y2: plot.bottom, stroke: palette().ink, opacity: 0.55,
  }));
}

function follow(event) {
  // A finger that only passes scrolls the page.
  if (!plot || (event.pointerType === "touch" && event.type === "pointermove" && !event.buttons)) return;
  const box = plot.svg.getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * plot.svg.viewBox.baseVal.width;
  const distance = (point) => Math.abs(plot.x(plot.place(point)) - at);
  part("cursor").value = points.reduce(
    (best, point, index) => (distance(point) < distance(points[best]) ? index : best), 0);
  showReading();
}

function showLines() {
  part("lines").hidden = !lines.length;
  part("line-rows").replaceChildren(...lines.map((line) => element(
    "tr", {},
    element("td", { textContent: emitter(line.name) }),
    element("td", { textContent: line.nm.toFixed(2) }),
    element("td", { textContent: line.px.toFixed(1) }),
  )));
  const words = ["The strip along the axis shows the colours of the photo."];
  if (points.some((point) => point.clipped)) words.push("Red marks under it show where the camera clipped.");
  part("legend").textContent = words.join(" ");
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "grid", "label", "mark", "clip", "veil"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--plot-${name}`).trim()]));
}

function isDark() {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}
