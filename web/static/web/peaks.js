// Peaks of a spectrum: where, how wide, how high.

const LEAST_PART = 0.04; // of the brightest: less stands out of noise and stray light, but matters to nobody
const LEAST_NOISES = 8;
const LEAST_NOISES_NEAR = 3; // where somebody points at it
const MOST_PEAKS = 12;
const TOP = 0.25; // of a peak's prominence: over this part of it a parabola is fitted

// Peaks of values at rising nm, the most prominent first: { at, nm, value, prominence, width } with
// `at` the place among the samples and `width` the full width at half of the prominence, nm.
// `floor` is the height below which nothing is a peak.
export function findPeaks(values, nm, floor) {
  const smooth = smoothed(values);
  const most = smooth.reduce((best, value) => Math.max(best, value), -Infinity);
  const least = Math.max(floor, LEAST_PART * most, LEAST_NOISES * noise(values));
  const found = [];
  for (let index = 1; index < smooth.length - 1; index += 1) {
    if (smooth[index] < least || smooth[index] <= smooth[index - 1] || smooth[index] < smooth[index + 1]) continue;
    const low = saddle(smooth, index);
    if (smooth[index] - low < least) continue;
    found.push(measured(values, nm, index, low));
  }
  return found.sort((a, b) => b.prominence - a.prominence).slice(0, MOST_PEAKS);
}

// The peak nearest to a place among the samples, at most `reach` samples away, as findPeaks gives it;
// null where none stands out there.
export function peakNear(values, places, near, reach) {
  const smooth = smoothed(values);
  let best = null;
  const first = Math.max(Math.floor(near - reach), 1);
  for (let at = first; at <= Math.min(near + reach, smooth.length - 2); at += 1) {
    if (smooth[at] <= smooth[at - 1] || smooth[at] < smooth[at + 1]) continue;
    const height = smooth[at] - saddle(smooth, at);
    if (height > LEAST_NOISES_NEAR * noise(values) && (!best || height > best.height)) best = { at, height };
  }
  return best && measured(values, places, best.at, smooth[best.at] - best.height);
}

// One, two, one; twice: so that noise on a broad top is not many peaks.
function smoothed(values) {
  let kept = Float64Array.from(values, (value) => (Number.isFinite(value) ? value : 0));
  for (let turn = 0; turn < 2; turn += 1) {
    const before = kept;
    const last = before.length - 1;
    kept = before.map((value, at) => (before[Math.max(at - 1, 0)] + 2 * value + before[Math.min(at + 1, last)]) / 4);
  }
  return kept;
}

// Standard deviation of the noise, of the differences between neighbours.
function noise(values) {
  const steps = Float64Array.from({ length: values.length - 1 }, (_, at) => Math.abs(values[at + 1] - values[at])).sort();
  return 1.05 * steps[steps.length >> 1];
}

// The higher of the lowest places on the way to higher ground on either side.
function saddle(values, index) {
  return Math.max(...[-1, 1].map((step) => {
    let lowest = values[index];
    for (let at = index + step; at >= 0 && at < values.length && values[at] <= values[index]; at += step) {
      lowest = Math.min(lowest, values[at]);
    }
    return lowest;
  }));
}

function measured(values, nm, near, low) {
  const index = highest(values, near);
  const prominence = values[index] - low;
  const at = top(values, index, values[index] - TOP * prominence);
  const half = values[index] - prominence / 2;
  const [left, right] = [-1, 1].map((step) => crossing(values, index, step, half));
  return {
    at,
    nm: between(nm, at),
    value: values[index],
    prominence,
    width: Math.abs(between(nm, right) - between(nm, left)),
  };
}

// The highest sample within the reach of the smoothing.
function highest(values, near) {
  let best = near;
  for (let at = Math.max(near - 2, 0); at <= Math.min(near + 2, values.length - 1); at += 1) {
    if (values[at] > values[best]) best = at;
  }
  return best;
}

// The vertex of the parabola through the samples above a level.
function top(values, index, level) {
  let [first, last] = [index, index];
  while (first > 0 && values[first - 1] > level) first -= 1;
  while (last < values.length - 1 && values[last + 1] > level) last += 1;
  first = Math.max(Math.min(first, index - 1), 0);
  last = Math.min(Math.max(last, index + 1), values.length - 1);
  const [middle, half] = [(first + last) / 2, (last - first) / 2];
  // Least squares in the scaled coordinate u, whose odd sums vanish.
  let [n, s2, s4, y0, y1, y2] = [0, 0, 0, 0, 0, 0];
  for (let at = first; at <= last; at += 1) {
    const u = (at - middle) / half;
    n += 1;
    s2 += u * u;
    s4 += u ** 4;
    y0 += values[at];
    y1 += u * values[at];
    y2 += u * u * values[at];
  }
  const curvature = (n * y2 - s2 * y0) / (n * s4 - s2 * s2);
  const vertex = curvature < 0 ? -(y1 / s2) / (2 * curvature) : 0;
  return middle + half * Math.min(Math.max(vertex, -1), 1);
}

function crossing(values, index, step, level) {
  let at = index;
  while (at + step >= 0 && at + step < values.length && values[at + step] > level) at += step;
  const next = at + step;
  if (next < 0 || next >= values.length) return at;
  return at + (step * (values[at] - level)) / (values[at] - values[next]);
}

function between(places, at) {
  const low = Math.min(Math.max(Math.floor(at), 0), places.length - 2);
  return places[low] + (at - low) * (places[low + 1] - places[low]);
}
