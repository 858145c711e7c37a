// The panel with the spectrum: drawn to its width, zoomed, read by pointer, touch or keyboard.

import { element, part, shape } from "./elements.js";
import { emitter } from "./labels.js";
import { isDark, palette, whenColoursChange } from "./palette.js";
import { findPeaks } from "./peaks.js";
import { UNITS, draw, extent, measuredSamples, photoColour, reading, samples } from "./spectrum.js";
import { Zoom } from "./zoom.js";

const LEAST_PEAK = 2; // of 255 levels
const [MARK_WIDTH, MARK_ROW] = [64, 15]; // of the words beside a mark, pixels
const CLICK_PX = 8; // of the page: a pointer that moves further drags
const REACH_PX = { mouse: 10, touch: 22 }; // how far from a peak a click may be

// What is shown: { name, index, unit, points, lines, peaks } of the photo in view, and of those overlaid.
let first = null;
let others = [];
let plot = null;
let zoom = null;
let byHand = null; // { picked, marks, nmAt }
let pressed = 0;

// What is shown now, for the files that are saved of it.
export function shown() {
  return { points: first.points, lines: first.lines, isMeasured: first.unit !== UNITS.levels, options: options(false) };
}

// `photos`: { name, index, spectrum, measurement, lines } of the photo in view, then of those to overlay,
// which share its axis; `lines` have a residual each.
export function showSpectra(photos) {
  [first = null, ...others] = photos.map(read);
  for (const id of ["spectrum", "save-csv", "save-png"]) part(id).hidden = !first;
  part("level-choice").hidden = !others.length;
  if (!first) return;
  zoom.fit(...extent([first, ...others].map(({ points }) => points), place));
  part("cursor").max = first.points.length - 1;
  part("cursor").value = brightest();
  redraw();
  showLines();
  showPeaks();
}

// `picked` is called with intensities, pixels, a sample and a reach when the plot is clicked, `marks` are
// set by hand ({ px, text }), `nmAt` gives about the wavelength of a pixel, or null.
export function wirePanel({ picked, marks, nmAt }) {
  byHand = { picked, marks, nmAt };
  zoom = new Zoom(part("plot"), {
    scale: () => {
      const factor = part("plot").clientWidth / plot.svg.viewBox.baseVal.width;
      return { left: plot.left * factor, right: plot.right * factor };
    },
    changed: redraw,
    buttons: { in: part("zoom-in"), out: part("zoom-out"), reset: part("zoom-reset") },
  });
  for (const id of ["channels", "level"]) part(id).addEventListener("change", redraw);
  part("cursor").addEventListener("input", showReading);
  part("plot").addEventListener("pointermove", follow);
  part("plot").addEventListener("pointerdown", (event) => {
    pressed = event.clientX;
    follow(event);
  });
  part("plot").addEventListener("click", pick);
  new ResizeObserver(redraw).observe(part("plot"));
  whenColoursChange(redraw);
}

function read({ name, index, spectrum, measurement, lines }) {
  if (measurement) {
    const points = measuredSamples(measurement);
    const unit = UNITS[measurement.quantity];
    return { name, index, unit, points, lines, peaks: measurement.peaks.map((peak) => known(peak, points)).sort(higher) };
  }
  const points = samples(spectrum);
  const found = findPeaks(points.map((point) => point.intensity), points.map(place), LEAST_PEAK);
  const peaks = found.map((peak) => ({ ...peak, error: points[Math.round(peak.at)].error, may: "" }));
  return { name, index, unit: UNITS.levels, points, lines, peaks: peaks.sort(higher) };
}

// A peak as the service measures it.
function known({ nm, error_nm: error, fwhm_nm: width, broad, emitters: [likeliest] }, points) {
  const value = points.reduce((best, point) => (Math.abs(point.nm - nm) < Math.abs(best.nm - nm) ? point : best)).intensity;
  if (broad) return { nm, error, width, value, may: "a broad band" };
  const sure = likeliest && `${(100 * likeliest.probability).toFixed(0)} %`;
  const blend = likeliest && !likeliest.resolved ? ", several lines" : "";
  return { nm, error, width, value, may: likeliest ? `${emitter(likeliest.name)} ${likeliest.nm.toFixed(1)} (${sure}${blend})` : "" };
}

function higher(one, other) {
  return other.value - one.value;
}

function place(point) {
  return point.nm ?? point.px;
}

function options(dark) {
  const colour = ({ index }) => photoColour(index, dark);
  return {
    channels: part("channels").checked && !others.length,
    dark,
    name: first.name,
    colour: colour(first),
    others: others.map((other) => ({ ...other, colour: colour(other) })),
    level: others.length > 0 && part("level").checked,
    peaks: first.peaks,
    view: zoom.shown,
    unit: first.unit,
  };
}

export function redraw() {
  if (!first || part("result").hidden) return;
  const place = part("plot");
  const width = Math.max(300, place.clientWidth);
  const height = Math.round(Math.min(430, Math.max(330, width * 0.52)));
  plot = draw(first.points, first.lines, { ...options(isDark()), width, height, palette: palette(), marked: zoom.marked });
  plot.svg.setAttribute("aria-label", plotLabel());
  plot.svg.append(...handMarks());
  place.replaceChildren(plot.svg);
  part("channels-choice").hidden = others.length > 0;
  showReading();
}

// What is set by hand, at its pixels; words that would run into others stand a row lower.
function handMarks() {
  const { mark, ink } = palette();
  const ends = [];
  const spots = byHand.marks().map(({ px, text }) => {
    const off = (point) => Math.abs(point.px - px);
    return { text, x: plot.x(plot.place(first.points.reduce((best, point) => (off(point) < off(best) ? point : best)))) };
  });
  const inside = spots.filter(({ x }) => x >= plot.left && x <= plot.right).sort((one, other) => one.x - other.x);
  return inside.flatMap(({ x, text }) => {
    const isLast = x > plot.right - MARK_WIDTH;
    const start = isLast ? x - MARK_WIDTH : x;
    const free = ends.findIndex((end) => end <= start);
    const row = free < 0 ? ends.length : free;
    ends[row] = start + MARK_WIDTH;
    return [
      shape("line", { x1: x, x2: x, y1: plot.top, y2: plot.bottom, stroke: mark, "stroke-dasharray": "2 4", class: "by-hand" }),
      shape("text", {
        x: isLast ? x - 4 : x + 4, y: plot.top + 12 + MARK_ROW * row, fill: ink, "text-anchor": isLast ? "end" : "start",
      }, text),
    ];
  });
}

function plotLabel() {
  const unit = first.points[0].nm === null ? "pixels along the band" : "nanometres";
  const [low, high] = zoom.shown.map((value) => value.toFixed(0));
  return `Intensity from ${low} to ${high} ${unit}; brightest at ${reading(first.points[brightest()], first.unit)}. ` +
    "The slider below reads single values; lines and peaks are listed further down.";
}

function brightest() {
  const { points } = first;
  return points.reduce((best, point, index) => (point.intensity > points[best].intensity ? index : best), 0);
}

function showReading() {
  const point = first.points[part("cursor").value];
  const nm = point.nm === null ? byHand.nmAt(point.px) : null;
  const words = reading(point, first.unit) + (nm === null ? "" : ` · about ${nm.toFixed(1)} nm`);
  part("reading").textContent = words;
  part("cursor").setAttribute("aria-valuetext", words);
  plot.svg.querySelector(".cursor")?.remove();
  const at = plot.x(plot.place(point));
  if (at < plot.left || at > plot.right) return;
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
  part("cursor").value = first.points.reduce(
    (best, point, index) => (distance(point) < distance(first.points[best]) ? index : best), 0);
  showReading();
}

function pick(event) {
  if (!plot || Math.abs(event.clientX - pressed) >= CLICK_PX) return;
  const { points } = first;
  const [low, high] = zoom.shown;
  const [start, end] = [points[0], points.at(-1)].map(place);
  const samplesInView = ((high - low) / (end - start)) * points.length;
  const reach = (samplesInView / part("plot").clientWidth) * (REACH_PX[event.pointerType] ?? REACH_PX.mouse);
  byHand.picked(points.map(({ intensity }) => intensity), points.map(({ px }) => px), Number(part("cursor").value), Math.max(reach, 2));
}

function showLines() {
  part("lines").hidden = !first.lines.length;
  part("line-rows").replaceChildren(...first.lines.map((line) => element(
    "tr", {},
    element("td", { textContent: emitter(line.name) }),
    element("td", { textContent: line.nm.toFixed(2) }),
    element("td", { textContent: line.px.toFixed(1) }),
    element("td", { textContent: signed(line.residual) }),
  )));
  const rms = Math.sqrt(first.lines.reduce((sum, { residual }) => sum + residual ** 2, 0) / first.lines.length);
  part("line-note").textContent = first.lines.length
    ? `The residual is what the axis says at the line's place, minus the line's wavelength; ${rms.toFixed(2)} nm root mean square.` : "";
  const words = ["The strip along the axis shows the colours of the photo."];
  if (first.points.some((point) => point.clipped)) words.push("Red marks under it show where the camera clipped.");
  part("legend").textContent = words.join(" ");
}

function signed(value) {
  const rounded = value.toFixed(2);
  return Number(rounded) === 0 ? "0.00" : rounded.replace("-", "−").replace(/^(?=\d)/, "+");
}

function showPeaks() {
  const known = first.points[0].nm !== null;
  part("peaks").hidden = !known || !first.peaks.length;
  if (!known) return;
  const hasNames = first.peaks.some(({ may }) => may);
  part("peak-names").hidden = !hasNames;
  part("peak-rows").replaceChildren(...[...first.peaks].sort((a, b) => a.nm - b.nm).map((peak) => element(
    "tr", {},
    element("td", { textContent: peak.nm.toFixed(1) }),
    element("td", { textContent: peak.error === null ? "not claimed" : `± ${peak.error.toFixed(2)}` }),
    element("td", { textContent: peak.width.toFixed(1) }),
    element("td", { textContent: peak.value.toPrecision(3) }),
    ...(hasNames ? [element("td", { textContent: peak.may })] : []),
  )));
}
