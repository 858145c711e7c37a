// A spectrum that moves, on a canvas: axes with numbers, the curve over its colours, peaks, names.

import { nameSpots } from "./labels.js";
import { colourOf, ticks } from "./spectrum.js";

const MARGIN = { top: 26, right: 14, bottom: 46, left: 58 };
const NAME_SPACE = 82; // above the curve, for the names of lines
const NAME_GAP = 14; // between a name and its line
const STOPS = 60; // of the colours beneath a curve
const FONT = "12.5px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const LABEL_WIDTH = 40;
const LEAST_COLOUR = 0.004; // of full scale: darker light has noise for a colour
const SHRINK_AFTER_S = 1.5; // the scale grows at once, and shrinks once it has long been too large

export class Chart {
  #top = 0;
  #lowSince = null;
  #gradient = null;

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  // The upper end of the intensity axis.
  get top() {
    return this.#top;
  }

  // Left and right end of the axis, in pixels of the page.
  get scale() {
    return { left: MARGIN.left, right: this.canvas.clientWidth - MARGIN.right };
  }

  // `seen`: { places, axis, values, light, error, clipped, peaks, unit }, with `places` in nm or pixels
  // as `axis` says, `light` as light.js has it, `error` null over pixels; `highest`: the peak hold's values, or null; `shown`: the
  // places at the ends; `marked`: a part that is being chosen; `cursor`: the sample that is read off,
  // and `bubble` its words where a pointer is over it, or null; `lines`: { nm, text, strength } to mark, `nm` in places.
  draw(seen, { shown, marked, cursor, bubble, lines, highest, palette, dark }) {
    const { width, height, ratio } = this.#fit();
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    const head = lines.length ? NAME_SPACE : MARGIN.top;
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, head, height - MARGIN.bottom];
    const most = this.#most(highest ? { ...seen, values: highest } : seen, shown);
    const x = (place) => left + ((place - shown[0]) / (shown[1] - shown[0])) * (right - left);
    const y = (value) => bottom - (value / most) * (bottom - top);
    const frame = { left, right, top, bottom, x, y, most, palette, dark, shown };
    this.#axes(frame, seen, width, height);
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, height);
    context.clip();
    this.#curve(frame, seen);
    if (highest) this.#highest(frame, seen, highest);
    if (seen.error) this.#unclaimed(frame, seen);
    this.#clipped(frame, seen);
    this.#upright(frame, x(seen.places[cursor]));
    if (marked) this.#marked(frame, marked);
    context.restore();
    this.#lines(frame, lines);
    this.#peaks(frame, seen);
    if (bubble) this.#bubble(frame, x(seen.places[cursor]), y(seen.values[cursor]), bubble);
  }

  #fit() {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    return { width, height, ratio };
  }

  // The upper end of the intensity axis: a round number above everything that is shown.
  #most({ places, values, unit }, shown) {
    let high = 0;
    for (let at = 0; at < values.length; at += 1) {
      if (places[at] >= shown[0] && places[at] <= shown[1] && values[at] > high) high = values[at];
    }
    const wanted = Math.min(roundAbove(Math.max(1.05 * high, unit.least)), unit.most);
    const now = performance.now() / 1000;
    if (wanted >= this.#top || unit !== this.unit) {
      this.#top = wanted;
      this.unit = unit;
      this.#lowSince = null;
    } else {
      this.#lowSince ??= now;
      if (now - this.#lowSince > SHRINK_AFTER_S) {
        this.#top = wanted;
        this.#lowSince = null;
      }
    }
    return this.#top;
  }

  #axes({ left, right, top, bottom, x, y, most, palette, shown }, { unit, axis }, width, height) {
    const { context } = this;
    context.lineWidth = 1;
    context.strokeStyle = palette.grid;
    context.fillStyle = palette.label;
    context.textBaseline = "middle";
    context.textAlign = "center";
    context.beginPath();
    for (const place of ticks(shown[0], shown[1], Math.max(3, (right - left) / 60))) {
      context.moveTo(x(place), top);
      context.lineTo(x(place), bottom);
      context.fillText(`${place}`, x(place), bottom + 14);
    }
    context.textAlign = "right";
    for (const value of ticks(0, most, Math.max(2, (bottom - top) / 44))) {
      context.moveTo(left, y(value));
      context.lineTo(right, y(value));
      context.fillText(`${value}`, left - 8, y(value));
    }
    context.stroke();
    context.textAlign = "center";
    context.fillText(axis.title, (left + right) / 2, height - 10);
    context.save();
    context.translate(12, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(unit.title, 0, 0);
    context.restore();
  }

  #curve(frame, seen) {
    const { context } = this;
    const { places, values } = seen;
    const { x, y, bottom, palette, dark } = frame;
    const area = new Path2D();
    for (const [first, last] of runs(values)) {
      area.moveTo(x(places[first]), bottom);
      for (let at = first; at <= last; at += 1) area.lineTo(x(places[at]), y(Math.max(values[at], 0)));
      area.lineTo(x(places[last]), bottom);
      area.closePath();
    }
    context.globalAlpha = dark ? 0.5 : 0.38;
    context.fillStyle = seen.error ? this.#colours(frame) : this.#seenColours(frame, seen);
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.5;
    context.stroke(this.#line(frame, places, values));
  }

  #line({ x, y }, places, values) {
    const line = new Path2D();
    for (const [first, last] of runs(values)) {
      for (let at = first; at <= last; at += 1) {
        line[at === first ? "moveTo" : "lineTo"](x(places[at]), y(Math.max(values[at], 0)));
      }
    }
    return line;
  }

  // The highest of every place since peak hold was switched on.
  #highest(frame, { places }, highest) {
    const { context } = this;
    context.strokeStyle = frame.palette.mark;
    context.lineWidth = 1.2;
    context.stroke(this.#line(frame, places, highest));
  }

  // What the eye sees at each wavelength; made anew only when the axis changes.
  #colours({ left, right, shown }) {
    const key = [left, right, ...shown].join();
    if (this.#gradient?.key === key) return this.#gradient.fill;
    const fill = this.context.createLinearGradient(left, 0, right, 0);
    for (let step = 0; step <= STOPS; step += 1) {
      fill.addColorStop(step / STOPS, colourOf(shown[0] + ((shown[1] - shown[0]) * step) / STOPS));
    }
    this.#gradient = { key, fill };
    return fill;
  }

  // The camera's own colours, each as bright as can be: where no wavelengths are known they tell blue from red.
  #seenColours({ left, right, shown, palette }, { places, light }) {
    const fill = this.context.createLinearGradient(left, 0, right, 0);
    const step = places[1] - places[0];
    for (let stop = 0; stop <= STOPS; stop += 1) {
      const at = Math.round((shown[0] + ((shown[1] - shown[0]) * stop) / STOPS - places[0]) / step);
      const rgb = light.slice(3 * at, 3 * at + 3);
      const most = Math.max(...rgb);
      fill.addColorStop(stop / STOPS, most > LEAST_COLOUR
        ? `rgb(${[...rgb].map((value) => Math.round(255 * Math.max(value / most, 0) ** 0.6)).join()})` : palette.label);
    }
    return fill;
  }

  // A veil over what lies beyond the wavelengths that the axis claims to know.
  #unclaimed({ x, top, bottom, left, right, palette }, { places, error }) {
    const first = error.findIndex((value) => !Number.isNaN(value));
    const last = error.findLastIndex((value) => !Number.isNaN(value));
    const { context } = this;
    context.fillStyle = palette.veil;
    context.globalAlpha = 0.72;
    for (const [from, to] of first < 0 ? [[left, right]] : [[left, x(places[first])], [x(places[last]), right]]) {
      if (to > from) context.fillRect(from, top, to - from, bottom - top);
    }
    context.globalAlpha = 1;
  }

  #clipped({ x, bottom, palette }, { places, clipped }) {
    this.context.fillStyle = palette.clip;
    for (let at = 0; at < places.length; at += 1) {
      if (clipped[at]) this.context.fillRect(x(places[at]) - 1.5, bottom + 1, 3, 4);
    }
  }

  #upright({ top, bottom, palette }, at) {
    this.context.strokeStyle = palette.ink;
    this.context.globalAlpha = 0.55;
    this.context.lineWidth = 1;
    this.context.beginPath();
    this.context.moveTo(at, top);
    this.context.lineTo(at, bottom);
    this.context.stroke();
    this.context.globalAlpha = 1;
  }

  #marked({ x, top, bottom, palette }, [low, high]) {
    this.context.fillStyle = palette.mark;
    this.context.globalAlpha = 0.18;
    this.context.fillRect(x(low), top, x(high) - x(low), bottom - top);
    this.context.globalAlpha = 1;
  }

  // Lines get their marks, the strongest their names, as many as fit near their lines.
  #lines({ x, top, bottom, left, right, palette, shown }, lines) {
    const inside = lines.filter(({ nm }) => nm >= shown[0] && nm <= shown[1]);
    const { context } = this;
    context.strokeStyle = palette.mark;
    context.lineWidth = 1;
    context.setLineDash([2, 4]);
    context.beginPath();
    for (const { nm } of inside) {
      context.moveTo(x(nm), top);
      context.lineTo(x(nm), bottom);
    }
    context.stroke();
    context.setLineDash([]);
    context.textAlign = "left";
    for (const { line, spot } of nameSpots(inside, ({ strength }) => strength, x, [left, right])) {
      context.beginPath();
      context.moveTo(x(line.nm), top);
      context.lineTo(spot, top - NAME_GAP + 3);
      context.stroke();
      context.save();
      context.translate(spot, top - NAME_GAP);
      context.rotate(-Math.PI / 2);
      context.fillStyle = palette.ink;
      context.fillText(line.text, 0, 0);
      context.restore();
    }
  }

  // The highest peaks get their places, as many as have room side by side.
  #peaks({ x, y, top, left, right, palette, shown }, { peaks, axis }) {
    const { context } = this;
    const taken = [];
    context.textAlign = "center";
    for (const peak of peaks) {
      const at = x(peak.nm);
      const spot = Math.min(Math.max(at, left + LABEL_WIDTH / 2), right - LABEL_WIDTH / 2);
      if (peak.nm < shown[0] || peak.nm > shown[1] || taken.some((each) => Math.abs(each - spot) < LABEL_WIDTH)) continue;
      taken.push(spot);
      const height = Math.max(y(peak.value) - 12, top - 12);
      context.fillStyle = palette.ink;
      context.fillText(peak.nm.toFixed(axis.digits), spot, height);
      context.fillStyle = palette.mark;
      context.fillRect(at - 1, height + 7, 2, 4);
    }
  }

  // What is read off, beside the pointer.
  #bubble({ left, right, top, bottom, palette }, at, height, words) {
    const { context } = this;
    const spot = Math.min(Math.max(height, top), bottom);
    context.fillStyle = palette.ink;
    if (!Number.isNaN(height)) {
      context.beginPath();
      context.arc(at, spot, 4, 0, 2 * Math.PI);
      context.fill();
    }
    const width = context.measureText(words).width + 16;
    const start = at + 10 + width <= right ? at + 10 : Math.max(at - 10 - width, left);
    const middle = Math.min(Math.max(spot - 18, top + 14), bottom - 14);
    context.beginPath();
    context.rect(start, middle - 13, width, 26);
    context.fill();
    context.fillStyle = palette.veil;
    context.textAlign = "left";
    context.fillText(words, start + 8, middle);
  }
}

// First and last sample of every stretch that has values.
function runs(values) {
  const found = [];
  let first = null;
  for (let at = 0; at <= values.length; at += 1) {
    const isThere = at < values.length && !Number.isNaN(values[at]);
    if (isThere) first ??= at;
    else if (first !== null) {
      found.push([first, at - 1]);
      first = null;
    }
  }
  return found;
}

function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((round) => round >= value * (1 - 1e-9));
}
