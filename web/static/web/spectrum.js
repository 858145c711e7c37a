// The spectrum as an SVG: on the page in its theme, for the PNG in print colours.

import { shape } from "./elements.js";
import { FONT, MARGIN, heading, legend, names, peakLabels } from "./labels.js";

export const PRINT = {
  ink: "#1a1c22", grid: "#e4e4de", label: "#4a4f5a", mark: "#3443b8", clip: "#b3261e",
  ground: "#ffffff", veil: "#ffffff",
};
const CHANNELS = [["Red", "#c4372f", "#ff7a70"], ["Green", "#1d7f3c", "#5fd483"], ["Blue", "#2f5fd0", "#7fa8ff"]];
// One a photo, in light and in dark; the first is that of the photo in view.
const PHOTOS = [
  ["#1f5fbf", "#7fb0ff"], ["#b5431f", "#ff9f7a"], ["#1d7f3c", "#5fd483"], ["#8a3fa8", "#d59cf0"],
  ["#8a6a00", "#e6c34a"], ["#00767d", "#4fd0d8"], ["#a8325f", "#ff8fb5"], ["#5a5a5a", "#c0c0c0"],
];
const LABEL_SPACE = 92; // above the curve, for the names of lines
const PEAK_SPACE = 16; // or for the wavelengths of peaks
const STRIP = 12; // what the camera saw, along the axis

export function photoColour(index, dark) {
  return PHOTOS[index % PHOTOS.length][dark ? 1 : 0];
}

// What heights are, by `quantity` of a measurement; a photo by itself has its camera's levels.
export const UNITS = {
  levels: { title: "Intensity (camera's levels, 0 to 255)", least: 1, words: (value) => `intensity ${value.toFixed(0)}` },
  "camera response": { title: "Light (% of full scale, linear)", least: 0.05, words: (value) => `${value.toFixed(2)} %` },
  "relative power": { title: "Relative power per nm", least: 1e-6, words: (value) => `relative power ${value.toPrecision(3)}` },
};

// The samples of a measurement, where its light is known.
export function measuredSamples({ curve, quantity }) {
  const factor = quantity === "camera response" ? 100 : 1;
  const points = curve.nm.map((nm, index) => ({
    px: curve.px[index],
    nm,
    error: curve.error_nm[index],
    rgb: curve.rgb[index].map((value) => 100 * value),
    // As a screen shows linear light.
    shown: curve.rgb[index].map((value) => 255 * Math.min(Math.max(value, 0), 1) ** (1 / 2.2)),
    intensity: curve.intensity[index] === null ? null : factor * curve.intensity[index],
    measured: curve.intensity[index],
    noise: curve.noise[index],
    clipped: curve.clipped[index],
  }));
  return points.filter(({ intensity }) => intensity !== null);
}

// Samples by rising wavelength (or along the band, where there is no axis).
export function samples(spectrum) {
  const place = spectrum.nm ?? spectrum.px;
  const order = place.map((_, index) => index).sort((a, b) => place[a] - place[b]);
  return order.map((index) => ({
    px: spectrum.px[index],
    nm: spectrum.nm ? spectrum.nm[index] : null,
    error: spectrum.error_nm ? spectrum.error_nm[index] : null,
    rgb: spectrum.rgb[index],
    shown: spectrum.rgb[index],
    intensity: mean(spectrum.rgb[index]),
    clipped: spectrum.clipped[index],
  }));
}

// What is drawn: `points` of the photo in view, `lines` found in it, and with `options`
// `others` ({ name, colour, points, peaks }) overlaid, `name` and `colour` of the first then, `peaks` to
// label where no lines are, `view` (the part of the axis, or null for all of it), `level` (true: each
// to its own height), `unit` (of UNITS), `marked` (a part that is being chosen), `title` (as `heading` takes it).
export function draw(points, lines, options) {
  const { width, height, palette, channels, dark, others = [], level = false, unit } = options;
  const hasAxis = points[0].nm !== null;
  const place = hasAxis ? (point) => point.nm : (point) => point.px;
  const [low, high] = options.view ?? extent([points, ...others.map((other) => other.points)], place);
  const seen = inside(points, place, low, high);
  const overlaid = others.map((other) => ({ ...other, points: inside(other.points, place, low, high) }));
  const within = ({ nm }) => nm >= low && nm <= high;
  // Names of lines are for one spectrum; of several each has the wavelengths of its peaks.
  const named = hasAxis && !others.length ? lines.filter(within) : [];
  const isLabelled = hasAxis && !named.length && !channels;
  const head = heading(options.title, palette);
  const key = legend(entries(overlaid, options), width, palette, head.height);
  const top = MARGIN.top + head.height + key.height + (named.length ? LABEL_SPACE : isLabelled ? PEAK_SPACE : 0);
  const bottom = height - MARGIN.bottom;
  const x = (value) => MARGIN.left + ((value - low) / (high - low)) * (width - MARGIN.left - MARGIN.right);
  const highest = (some) => Math.max(unit.least, ...some.map((point) => Math.max(...(channels ? point.rgb : [point.intensity]))));
  const most = level ? 1 : Math.max(...[seen, ...overlaid.map((other) => other.points)].map(highest));
  const heightOf = (some) => {
    const whole = level ? highest(some) : 1;
    return (value) => bottom - STRIP - (value / whole / most) * (bottom - STRIP - top);
  };
  const y = heightOf(seen);
  const id = `inside-${Math.round(width)}`;
  const frame = { x: MARGIN.left, y: 0, width: width - MARGIN.left - MARGIN.right, height };

  const parts = [
    shape("defs", {}, shape("clipPath", { id }, shape("rect", frame))),
    ...grid({ x, y: (value) => bottom - STRIP - (value / most) * (bottom - STRIP - top), most, top, bottom, low, high, width, height, palette, hasAxis, heights: level ? "Each in parts of its highest" : unit.title }),
    ...head.parts,
    ...key.parts,
    shape("g", { "clip-path": `url(#${id})` },
      strip(seen, place, { x, bottom, width }),
      ...overlaid.map((other) => curve(other.points, place, (point) => point.intensity, { x, y: heightOf(other.points), stroke: other.colour })),
      ...curves(seen, place, { x, y, bottom, palette, channels, dark, hasAxis, colour: others.length ? options.colour : null }),
      ...(hasAxis ? unclaimed(seen, place, { x, top, bottom, palette }) : []),
      ...clippedMarks(seen, place, { x, bottom, palette }),
      ...marked(options.marked, { x, top, bottom, palette })),
    ...names(named, seen, { x, top, bottom, width, palette }),
    ...(isLabelled ? peakLabels([
      { peaks: options.peaks.filter(within), colour: others.length ? options.colour : palette.ink, y },
      ...overlaid.map(({ peaks, colour, points: own }) => ({ peaks: peaks.filter(within), colour, y: heightOf(own) })),
    ], { x, top, width }) : []),
  ];
  const svg = shape("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width, height, role: "img",
    "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "font-size": FONT,
  });
  if (palette.ground) svg.append(shape("rect", { width, height, fill: palette.ground }));
  svg.append(...parts);
  return { svg, x, top, bottom, place, left: MARGIN.left, right: width - MARGIN.right };
}

// Whose curve is which: several photos', or one photo's colours.
function entries(overlaid, { name, colour, channels, dark }) {
  if (overlaid.length) return [{ name, colour }, ...overlaid];
  return channels ? CHANNELS.map(([channel, ...shades]) => ({ name: channel, colour: shades[dark ? 1 : 0] })) : [];
}

export function extent(spectra, place) {
  const ends = spectra.flatMap((points) => [place(points[0]), place(points.at(-1))]);
  return [Math.min(...ends), Math.max(...ends)];
}

// The points in view, and one more at either end for the curve to leave by.
function inside(points, place, low, high) {
  const first = points.findIndex((point) => place(point) >= low);
  const last = points.findLastIndex((point) => place(point) <= high);
  const kept = points.slice(Math.max((first < 0 ? points.length : first) - 1, 0), Math.max(last, 0) + 2);
  return kept.length > 1 ? kept : points.slice(0, 2);
}

// Round steps that leave labels room.
export function ticks(low, high, room) {
  const least = (high - low) / room;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least);
  const found = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high * (1 + 1e-12); count += 1) {
    found.push(Number((count * step).toPrecision(8)));
  }
  return found;
}

function grid({ x, y, most, top, bottom, low, high, width, height, palette, hasAxis, heights }) {
  const upright = ticks(low, high, Math.max(3, (width - 60) / 50)).flatMap((value) => [
    shape("line", { x1: x(value), x2: x(value), y1: top, y2: bottom, stroke: palette.grid }),
    shape("text", { x: x(value), y: bottom + 18, fill: palette.label, "text-anchor": "middle" }, `${value}`),
  ]);
  const across = ticks(0, most, Math.max(2, (bottom - top) / 50)).flatMap((value) => [
    shape("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value), stroke: palette.grid }),
    shape("text", {
      x: MARGIN.left - 7, y: y(value), fill: palette.label, "text-anchor": "end", "dominant-baseline": "central",
    }, `${value}`),
  ]);
  const title = hasAxis ? "Wavelength (nm, in air)" : "Place along the band (pixels of the photo)";
  const middle = (top + bottom) / 2;
  return [
    ...upright,
    ...across,
    shape("text", { x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 8, fill: palette.label, "text-anchor": "middle" }, title),
    shape("text", {
      x: 14, y: middle, fill: palette.label, "text-anchor": "middle",
      transform: `rotate(-90 14 ${middle})`,
    }, heights),
  ];
}

// The colours of the photo itself, as one gradient.
function strip(points, place, { x, bottom, width }) {
  const start = x(place(points[0]));
  const length = x(place(points.at(-1))) - start;
  const step = Math.max(1, Math.floor(points.length / Math.min(400, width)));
  const stops = points
    .filter((_, index) => index % step === 0)
    .map((point) => shape("stop", {
      offset: (x(place(point)) - start) / length,
      "stop-color": `rgb(${point.shown.map((value) => Math.round(Math.min(255, value))).join()})`,
    }));
  const id = `seen-${Math.round(width)}`;
  return shape("g", {},
    shape("defs", {}, shape("linearGradient", { id }, ...stops)),
    shape("rect", { x: start, y: bottom - STRIP + 2, width: length, height: STRIP - 2, fill: `url(#${id})` }));
}

function outline(points, place, value, { x, y }) {
  return points
    .map((point, index) => `${index ? "L" : "M"}${x(place(point)).toFixed(1)} ${y(value(point)).toFixed(1)}`)
    .join("");
}

function curve(points, place, value, { x, y, stroke }) {
  const d = outline(points, place, value, { x, y });
  return shape("path", { d, fill: "none", stroke, "stroke-width": 1.6, "stroke-linejoin": "round" });
}

function curves(points, place, { x, y, bottom, palette, channels, dark, hasAxis, colour }) {
  if (channels) {
    return CHANNELS.map(([, ...shades], index) =>
      curve(points, place, (point) => point.rgb[index], { x, y, stroke: shades[dark ? 1 : 0] }));
  }
  const value = (point) => point.intensity;
  const top = curve(points, place, value, { x, y, stroke: colour ?? palette.ink });
  if (colour) return [top];
  const d = outline(points, place, value, { x, y });
  const base = bottom - STRIP;
  const area = `${d}L${x(place(points.at(-1)))} ${base}L${x(place(points[0]))} ${base}Z`;
  const parts = [];
  if (hasAxis) {
    const id = `nm-${Math.round(x(place(points.at(-1))))}`;
    const low = points[0].nm;
    const high = points.at(-1).nm;
    const stops = Array.from({ length: 41 }, (_, index) => shape("stop", {
      offset: index / 40,
      "stop-color": colourOf(low + ((high - low) * index) / 40),
    }));
    parts.push(shape("defs", {}, shape("linearGradient", { id }, ...stops)));
    parts.push(shape("path", { d: area, fill: `url(#${id})`, opacity: dark ? 0.5 : 0.38 }));
  } else {
    parts.push(shape("path", { d: area, fill: palette.label, opacity: 0.15 }));
  }
  return [...parts, top];
}

// The first and the last index of every run of points that a test holds for.
function runs(points, test) {
  const found = [];
  points.forEach((point, index) => {
    if (!test(point)) return;
    if (found.length && found.at(-1)[1] === index - 1) found.at(-1)[1] = index;
    else found.push([index, index]);
  });
  return found;
}

// A bar under every run of clipped samples.
function clippedMarks(points, place, { x, bottom, palette }) {
  return runs(points, (point) => point.clipped).map(([start, end]) => {
    const left = x(place(points[start]));
    const right = x(place(points[end]));
    return shape("rect", {
      x: left - 1, y: bottom + 1, width: Math.max(3, right - left + 2), height: 4, fill: palette.clip,
    });
  });
}

// A veil over what lies beyond the wavelengths that the axis claims to know.
function unclaimed(points, place, { x, top, bottom, palette }) {
  return runs(points, (point) => point.error === null).map(([start, end]) => {
    const left = x(place(points[start]));
    return shape("rect", {
      x: left, y: top, width: x(place(points[end])) - left, height: bottom - top,
      fill: palette.veil, opacity: 0.72,
    }, shape("title", {}, "Beyond what the lines pin down: no wavelength is claimed here."));
  });
}

function marked(part, { x, top, bottom, palette }) {
  if (!part) return [];
  const [low, high] = part;
  return [shape("rect", { x: x(low), y: top, width: x(high) - x(low), height: bottom - top, fill: palette.mark, opacity: 0.18 })];
}

// About the colour that the eye sees (after D. Bruton); grey outside of the visible.
export function colourOf(nm) {
  if (nm < 380 || nm > 780) return "#8a8a8a";
  let [r, g, b] = [0, 0, 0];
  if (nm < 440) [r, b] = [(440 - nm) / 60, 1];
  else if (nm < 490) [g, b] = [(nm - 440) / 50, 1];
  else if (nm < 510) [g, b] = [1, (510 - nm) / 20];
  else if (nm < 580) [r, g] = [(nm - 510) / 70, 1];
  else if (nm < 645) [r, g] = [1, (645 - nm) / 65];
  else r = 1;
  const fade = nm < 420 ? 0.35 + (0.65 * (nm - 380)) / 40 : nm > 700 ? 0.35 + (0.65 * (780 - nm)) / 80 : 1;
  return `rgb(${[r, g, b].map((value) => Math.round(235 * (value * fade) ** 0.8)).join()})`;
}

export function reading(point, unit) {
  const where = point.nm === null ? `${point.px.toFixed(0)} px` : `${point.nm.toFixed(1)} nm`;
  return `${where} · ${unit.words(point.intensity)}${point.clipped ? " · clipped" : ""}`;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
