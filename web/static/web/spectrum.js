// The spectrum as an SVG: on the page in its theme, for the PNG in print colours.

import { shape } from "./elements.js";

export const PRINT = {
  ink: "#1a1c22", grid: "#e4e4de", label: "#4a4f5a", mark: "#3443b8", clip: "#b3261e",
  ground: "#ffffff", veil: "#ffffff",
};
const CHANNELS = [["#c4372f", "#ff7a70"], ["#1d7f3c", "#5fd483"], ["#2f5fd0", "#7fa8ff"]];
const MARGIN = { top: 12, right: 14, bottom: 46, left: 44 };
const LABEL_SPACE = 92; // above the curve, for the names of lines
const STRIP = 12; // what the camera saw, along the axis
const FONT = 12.5;
const FEWEST_PIXELS_BETWEEN_LABELS = 15;
const LONGEST_NAME = 9; // letters
const MOST_SHIFT = 24; // of a name against its line, pixels

// Samples by rising wavelength (or along the band, where there is no axis).
export function samples(spectrum) {
  const place = spectrum.nm ?? spectrum.px;
  const order = place.map((_, index) => index).sort((a, b) => place[a] - place[b]);
  return order.map((index) => ({
    px: spectrum.px[index],
    nm: spectrum.nm ? spectrum.nm[index] : null,
    error: spectrum.error_nm ? spectrum.error_nm[index] : null,
    rgb: spectrum.rgb[index],
    intensity: mean(spectrum.rgb[index]),
    clipped: spectrum.clipped[index],
  }));
}

export function draw(points, lines, { width, height, palette, channels, dark }) {
  const hasAxis = points[0].nm !== null;
  const place = hasAxis ? (point) => point.nm : (point) => point.px;
  const named = hasAxis ? lines : [];
  const top = MARGIN.top + (named.length ? LABEL_SPACE : 0);
  const bottom = height - MARGIN.bottom;
  const low = place(points[0]);
  const high = place(points.at(-1));
  const x = (value) => MARGIN.left + ((value - low) / (high - low)) * (width - MARGIN.left - MARGIN.right);
  const peak = Math.max(1, ...points.map((point) => Math.max(...(channels ? point.rgb : [point.intensity]))));
  const y = (value) => bottom - STRIP - (value / peak) * (bottom - STRIP - top);

  const parts = [
    ...grid({ x, top, bottom, low, high, width, height, palette, hasAxis }),
    strip(points, place, { x, bottom, width }),
    ...curves(points, place, { x, y, bottom, palette, channels, dark, hasAxis }),
    ...(hasAxis ? unclaimed(points, place, { x, top, bottom, palette }) : []),
    ...clippedMarks(points, place, { x, bottom, palette }),
    ...names(named, points, { x, top, bottom, width, palette }),
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
  return { svg, x, top, bottom, place };
}

// Round steps that leave labels room.
export function ticks(low, high, room) {
  const least = (high - low) / room;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    found.push(Math.round(value * 1e6) / 1e6);
  }
  return found;
}

function grid({ x, top, bottom, low, high, width, height, palette, hasAxis }) {
  const parts = ticks(low, high, Math.max(3, (width - 60) / 50)).flatMap((value) => [
    shape("line", { x1: x(value), x2: x(value), y1: top, y2: bottom, stroke: palette.grid }),
    shape("text", { x: x(value), y: bottom + 18, fill: palette.label, "text-anchor": "middle" }, `${value}`),
  ]);
  const title = hasAxis ? "Wavelength (nm, in air)" : "Place along the band (pixels of the photo)";
  const middle = (top + bottom) / 2;
  return [
    ...parts,
    shape("text", { x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 8, fill: palette.label, "text-anchor": "middle" }, title),
    shape("text", {
      x: 16, y: middle, fill: palette.label, "text-anchor": "middle",
      transform: `rotate(-90 16 ${middle})`,
    }, "Intensity"),
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
      "stop-color": `rgb(${point.rgb.map((value) => Math.round(Math.min(255, value))).join()})`,
    }));
  const id = `seen-${Math.round(width)}`;
  return shape("g", {},
    shape("defs", {}, shape("linearGradient", { id }, ...stops)),
    shape("rect", { x: start, y: bottom - STRIP + 2, width: length, height: STRIP - 2, fill: `url(#${id})` }));
}

function curves(points, place, { x, y, bottom, palette, channels, dark, hasAxis }) {
  const path = (value) => points
    .map((point, index) => `${index ? "L" : "M"}${x(place(point)).toFixed(1)} ${y(value(point)).toFixed(1)}`)
    .join("");
  const line = (d, stroke) => shape("path", { d, fill: "none", stroke, "stroke-width": 1.6, "stroke-linejoin": "round" });
  if (channels) {
    return CHANNELS.map((shades, index) => line(path((point) => point.rgb[index]), shades[dark ? 1 : 0]));
  }
  const d = path((point) => point.intensity);
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
  return [...parts, line(d, palette.ink)];
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

// Every line gets its mark; the strongest get names, as many as fit near their lines.
function names(lines, points, { x, top, bottom, width, palette }) {
  const sorted = [...lines].sort((a, b) => a.nm - b.nm);
  const ends = [MARGIN.left, width - MARGIN.right];
  const named = namable(sorted, points, x, ends);
  const spots = spread(named.map((line) => x(line.nm)), ...ends);
  const marks = sorted.map((line) => shape("line", {
    x1: x(line.nm), x2: x(line.nm), y1: top - 2, y2: bottom, stroke: palette.mark, "stroke-dasharray": "2 4",
  }));
  const labels = named.flatMap((line, index) => {
    const spot = spots[index];
    return [
      shape("path", { d: `M${x(line.nm)} ${top - 2}L${spot} ${top - 12}`, fill: "none", stroke: palette.mark }),
      shape("text", {
        x: spot, y: top - 16, fill: palette.ink, transform: `rotate(-90 ${spot} ${top - 16})`,
        "dominant-baseline": "central",
      }, `${short(emitter(line.name))} ${line.nm.toFixed(1)}`),
    ];
  });
  return [...marks, ...labels];
}

// By falling strength, each line that leaves every name near its line.
function namable(lines, points, x, ends) {
  const strength = new Map(lines.map((line) => [line, brightnessAt(line.nm, points)]));
  let chosen = [];
  for (const line of [...lines].sort((a, b) => strength.get(b) - strength.get(a))) {
    const tried = [...chosen, line].sort((a, b) => a.nm - b.nm);
    const wanted = tried.map((each) => x(each.nm));
    const shifts = spread(wanted, ...ends).map((spot, index) => Math.abs(spot - wanted[index]));
    if (Math.max(...shifts) <= MOST_SHIFT) chosen = tried;
  }
  return chosen;
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

export function reading(point) {
  const where = point.nm === null ? `${point.px.toFixed(0)} px` : `${point.nm.toFixed(1)} nm`;
  return `${where} · intensity ${point.intensity.toFixed(0)}${point.clipped ? " · clipped" : ""}`;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
