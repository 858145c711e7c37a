// Words in a plot: names of lines, wavelengths of peaks, which curve is whose.

import { shape } from "./elements.js";

export const MARGIN = { top: 12, right: 14, bottom: 46, left: 56 };
export const FONT = 12.5;
const PEAK_WIDTH = 40;
const LEGEND_ROW = 20;
const LABEL_HEIGHT = 14;
const LONGEST_PHOTO = 28; // letters
const TITLE_SIZE = 17;
const TITLE_SPACE = 50; // of a title and the line below it
const FEWEST_PIXELS_BETWEEN_LABELS = 15;
const LONGEST_NAME = 9; // letters
const MOST_SHIFT = 24; // of a name against its line, pixels

// What a picture shows, for one that leaves the page: [title, words below], or null.
export function heading(words, palette) {
  if (!words) return { parts: [], height: 0 };
  const [title, below] = words;
  const text = (size, y, fill, weight, content) =>
    shape("text", { x: MARGIN.left, y, fill, "font-size": size, "font-weight": weight }, content);
  const parts = [text(TITLE_SIZE, 26, palette.ink, 650, title), text(FONT + 1, 46, palette.label, 400, below)];
  return { parts, height: TITLE_SPACE };
}

// A name in its colour for each spectrum, in as many rows as they need, below `start`.
export function legend(entries, width, palette, start = 0) {
  const parts = [];
  let [left, row] = [MARGIN.left, 0];
  const words = distinct(entries.map(({ name }) => name));
  for (const [index, { colour }] of entries.entries()) {
    const shortened = words[index];
    const room = 26 + shortened.length * FONT * 0.62;
    if (left > MARGIN.left && left + room > width - MARGIN.right) [left, row] = [MARGIN.left, row + 1];
    const middle = start + MARGIN.top + row * LEGEND_ROW + 4;
    parts.push(
      shape("rect", { x: left, y: middle - 2, width: 14, height: 4, fill: colour }),
      shape("text", { x: left + 20, y: middle, fill: palette.label, "dominant-baseline": "central" }, shortened));
    left += room;
  }
  return { parts, height: entries.length ? (row + 1) * LEGEND_ROW : 0 };
}

// Short names that differ: the middle of a long one is left out, a second one of a name has a number.
export function distinct(names) {
  const half = (LONGEST_PHOTO - 1) / 2;
  const shortened = names.map((name) =>
    (name.length > LONGEST_PHOTO ? `${name.slice(0, Math.ceil(half))}…${name.slice(-Math.floor(half))}` : name));
  return shortened.map((name, index) => {
    const before = shortened.slice(0, index).filter((other) => other === name).length;
    return before ? `${name} (${before + 1})` : name;
  });
}

// The highest peaks of every curve get their wavelengths, as many as have room. `curves`: { peaks,
// colour, y }; the highest of each come first.
export function peakLabels(curves, { x, top, width }) {
  const most = Math.max(...curves.map(({ peaks }) => peaks.length));
  const ranked = Array.from({ length: most }, (_, rank) =>
    curves.flatMap(({ peaks, colour, y }) => (peaks[rank] ? [{ ...peaks[rank], colour, y }] : []))).flat();
  const taken = [];
  return ranked.flatMap(({ nm, value, colour, y }) => {
    const spot = Math.min(Math.max(x(nm), MARGIN.left + PEAK_WIDTH / 2), width - MARGIN.right - PEAK_WIDTH / 2);
    const height = Math.max(y(value) - 8, top - 6);
    if (taken.some((each) => Math.abs(each.spot - spot) < PEAK_WIDTH && Math.abs(each.height - height) < LABEL_HEIGHT)) return [];
    taken.push({ spot, height });
    return [shape("text", { class: "peak-label", x: spot, y: height, fill: colour, "text-anchor": "middle" }, nm.toFixed(1))];
  });
}

// Every line gets its mark; the strongest get names, as many as fit near their lines.
export function names(lines, points, { x, top, bottom, width, palette }) {
  const sorted = [...lines].sort((a, b) => a.nm - b.nm);
  const named = nameSpots(sorted, (line) => brightnessAt(line.nm, points), x, [MARGIN.left, width - MARGIN.right]);
  const marks = sorted.map((line) => shape("line", {
    x1: x(line.nm), x2: x(line.nm), y1: top - 2, y2: bottom, stroke: palette.mark, "stroke-dasharray": "2 4",
  }));
  const labels = named.flatMap(({ line, spot }) => {
    return [
      shape("path", { d: `M${x(line.nm)} ${top - 2}L${spot} ${top - 12}`, fill: "none", stroke: palette.mark }),
      shape("text", {
        x: spot, y: top - 16, fill: palette.ink, transform: `rotate(-90 ${spot} ${top - 16})`,
        "dominant-baseline": "central",
      }, lineName(line)),
    ];
  });
  return [...marks, ...labels];
}

// Lines whose names leave every name near its line, by falling strength, and where their names stand:
// { line, spot } by rising spot.
export function nameSpots(lines, strengthOf, x, ends) {
  const strength = new Map(lines.map((line) => [line, strengthOf(line)]));
  const spotsOf = (some) => spread(some.map((line) => x(line.nm)), ...ends);
  let chosen = [];
  for (const line of [...lines].sort((a, b) => strength.get(b) - strength.get(a))) {
    const tried = [...chosen, line].sort((a, b) => a.nm - b.nm);
    if (spotsOf(tried).every((spot, index) => Math.abs(spot - x(tried[index].nm)) <= MOST_SHIFT)) chosen = tried;
  }
  const spots = spotsOf(chosen);
  return chosen.map((line, index) => ({ line, spot: spots[index] }));
}

export function lineName({ name, nm }) {
  return `${short(emitter(name))} ${nm.toFixed(1)}`;
}

function brightnessAt(nm, points) {
  return points.reduce((best, point) => (Math.abs(point.nm - nm) < Math.abs(best.nm - nm) ? point : best)).intensity;
}

// "Eu3+" and "H2" as chemists write them.
export function emitter(name) {
  return name.replace("2+", "²⁺").replace("3+", "³⁺").replace(/^([A-Z][a-z]?)2\b/, "$1₂");
}

// The emitter alone, where the name of its band is longer than its label may be.
function short(name) {
  return name.length > LONGEST_NAME ? name.split(" ")[0] : name;
}

// Label places at least a label's width apart, as near to the wanted ones as a sweep finds.
function spread(wanted, low, high) {
  const spots = [...wanted];
  for (let index = 0; index < spots.length; index += 1) {
    const least = index ? spots[index - 1] + FEWEST_PIXELS_BETWEEN_LABELS : low + FONT / 2;
    spots[index] = Math.max(spots[index], least);
  }
  for (let index = spots.length - 1; index >= 0; index -= 1) {
    const most = index + 1 < spots.length ? spots[index + 1] - FEWEST_PIXELS_BETWEEN_LABELS : high - FONT / 2;
    spots[index] = Math.min(spots[index], most);
  }
  return spots;
}
