// Where a spectrum lies in the camera's frames while no instrument says so: a straight band over pixels.

import { makeCanvas, readable } from "./canvas.js";

const LOOK = 192; // pixels of the longer side that the band is looked for in
const LEAST_LEVEL = 6; // above the middle of the picture, of 255: what counts as light
const LEAST_LIGHT = 40; // levels times pixels, in all: less is darkness
const LEAST_TREND = 0.4; // correlation of colour and place from which on colours are said to change
const EDGE = 0.5; // of the brightest row: where the band ends
const CLEAN_PART = 0.5; // of the band, in its middle: rows whose light is taken
const DARK_HEIGHT = 0.1; // of the frame: half the height of a band that is not seen
const BLOCKS = 12; // along the band, to see whether it is tilted
const FEWEST_BLOCKS = 4;
const MOST_SLOPE = 0.15;

const pad = readable(makeCanvas(2, 2));

// { horizontal, centre: [offset, slope], halfHeight, rows, isLit }, pixels of the picture; not lit is a
// guess in the dark. `horizontal` is told, or null to be seen.
export function findBand(picture, width, height, horizontal = null) {
  const scale = Math.min(1, LOOK / Math.max(width, height));
  const [columns, lines] = [width, height].map((side) => Math.max(Math.round(side * scale), 2));
  [pad.canvas.width, pad.canvas.height] = [columns, lines];
  pad.drawImage(picture, 0, 0, columns, lines);
  const { data } = pad.getImageData(0, 0, columns, lines);
  const light = lightOf(data);
  const along = horizontal ?? isAcross(data, light, columns);
  const at = along ? (u, v) => light[v * columns + u] : (u, v) => light[u * columns + v];
  const [length, across] = along ? [columns, lines] : [lines, columns];
  const found = rowsOf(at, length, across);
  const slope = found.isLit ? slopeOf(at, length, across, found) : 0;
  const middle = ((found.first + found.last + 1) / 2) / scale - 0.5;
  const half = (found.last - found.first + 1) / 2 / scale;
  return {
    horizontal: along,
    centre: [middle - slope * ((along ? width : height) - 1) / 2, slope],
    halfHeight: half,
    rows: [-CLEAN_PART * half, CLEAN_PART * half],
    isLit: found.isLit,
  };
}

// A band between two rows (of a horizontal one; else columns) that somebody has chosen.
export function chosenBand(horizontal, from, to) {
  const half = Math.max(Math.abs(to - from), 1) / 2;
  return { horizontal, centre: [(from + to) / 2, 0], halfHeight: half, rows: [-half, half] };
}

// The band over all pixels of frames of this size, as `instrumentIn` gives an instrument's.
export function pixelsIn(band, width, height) {
  const length = band.horizontal ? width : height;
  return {
    width, height, ...band, lean: 0, smile: 0,
    centre: (px) => band.centre[0] + band.centre[1] * px,
    px: Float64Array.from({ length }, (_, px) => px),
  };
}

// The same as the parts `photo` and `band` of an instrument's file.
export function frameOf(band, width, height) {
  return {
    photo: { width, height },
    band: {
      axis: band.horizontal ? "horizontal" : "vertical",
      start: 0,
      stop: (band.horizontal ? width : height) - 1,
      centre: band.centre,
      half_height: band.halfHeight,
      rows: band.rows,
    },
  };
}

// Whether two bands are one, but for what noise moves.
export function isSame(one, other) {
  const near = (a, b) => Math.abs(a - b) <= Math.max(2, 0.25 * one.halfHeight);
  const middle = ({ centre }) => centre[0] + 500 * centre[1];
  return one.horizontal === other.horizontal && near(middle(one), middle(other)) && near(one.halfHeight, other.halfHeight);
}

// What is brighter than the middle of the picture.
function lightOf(data) {
  const levels = Float32Array.from({ length: data.length / 4 }, (_, at) => Math.max(data[4 * at], data[4 * at + 1], data[4 * at + 2]));
  const middle = levels.slice().sort()[levels.length >> 1];
  return levels.map((level) => Math.max(level - middle - LEAST_LEVEL, 0));
}

// Colours change along a spectrum. Where they do not (one line, a camera without colours) it is taken to
// run as in most instruments, from left to right.
function isAcross(data, light, columns) {
  const redness = (at) => (data[4 * at] - data[4 * at + 2]) / (data[4 * at] + data[4 * at + 1] + data[4 * at + 2] + 1);
  const trend = (place) => correlation(light, redness, place);
  const [x, y] = [trend((at) => at % columns), trend((at) => Math.floor(at / columns))];
  return y < LEAST_TREND || x >= y;
}

// The size of the correlation of two functions of a place, weighted.
function correlation(weights, one, other) {
  let [sum, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  weights.forEach((weight, at) => {
    if (!weight) return;
    const [u, v] = [one(at), other(at)];
    sum += weight;
    a += weight * u;
    b += weight * v;
    aa += weight * u * u;
    bb += weight * v * v;
    ab += weight * u * v;
  });
  const spread = (aa - (a * a) / sum) * (bb - (b * b) / sum);
  return spread > 0 ? Math.abs(ab - (a * b) / sum) / Math.sqrt(spread) : 0;
}

// The rows around the brightest one.
function rowsOf(at, length, across) {
  const rows = Float64Array.from({ length: across }, (_, v) => {
    let sum = 0;
    for (let u = 0; u < length; u += 1) sum += at(u, v);
    return sum;
  });
  const best = rows.indexOf(Math.max(...rows));
  if (rows.reduce((sum, value) => sum + value, 0) < LEAST_LIGHT) {
    const [middle, half] = [(across - 1) / 2, Math.max(DARK_HEIGHT * across, 1)];
    return { first: Math.round(middle - half), last: Math.round(middle + half), isLit: false };
  }
  let [first, last] = [best, best];
  while (first > 0 && rows[first - 1] >= EDGE * rows[best]) first -= 1;
  while (last < across - 1 && rows[last + 1] >= EDGE * rows[best]) last += 1;
  return { first, last, isLit: true };
}

// How the middle of the light wanders across, along the band: the slope of a line through it.
function slopeOf(at, length, across, { first, last }) {
  const margin = last - first + 1;
  const spots = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    const [start, end] = [block, block + 1].map((edge) => Math.floor((edge * length) / BLOCKS));
    let [sum, moment] = [0, 0];
    for (let u = start; u < end; u += 1) {
      for (let v = Math.max(first - margin, 0); v <= Math.min(last + margin, across - 1); v += 1) {
        const value = at(u, v);
        sum += value;
        moment += value * v;
      }
    }
    if (sum > LEAST_LEVEL * margin) spots.push({ u: (start + end) / 2, v: moment / sum });
  }
  if (spots.length < FEWEST_BLOCKS) return 0;
  const mean = (key) => spots.reduce((sum, spot) => sum + spot[key], 0) / spots.length;
  const [u, v] = [mean("u"), mean("v")];
  const slope = spots.reduce((sum, spot) => sum + (spot.u - u) * (spot.v - v), 0) / spots.reduce((sum, spot) => sum + (spot.u - u) ** 2, 0);
  return Math.abs(slope) <= MOST_SLOPE ? slope : 0;
}
