// A spectrum that moves, on a canvas: axes with numbers, the curve over its colours, peaks.

import { colourOf, ticks } from "./spectrum.js";

const MARGIN = { top: 26, right: 14, bottom: 46, left: 58 };
const FONT = "12.5px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const LABEL_WIDTH = 40;
const SHRINK_AFTER_S = 1.5; // the scale grows at once, and shrinks once it has long been too large

export class Chart {
  #top = 0;
  #lowSince = null;
  #gradient = null;

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  // Left and right end of the axis, in pixels of the page.
  get scale() {
    return { left: MARGIN.left, right: this.canvas.clientWidth - MARGIN.right };
  }

  // `seen`: { nm, values, error, clipped, peaks, unit }; `shown`: the wavelengths at the ends;
  // `marked`: a part that is being chosen; `cursor`: the sample that is read off.
  draw(seen, { shown, marked, cursor, palette, dark }) {
    const { width, height, ratio } = this.#fit();
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
    const most = this.#most(seen, shown);
    const x = (nm) => left + ((nm - shown[0]) / (shown[1] - shown[0])) * (right - left);
    const y = (value) => bottom - (value / most) * (bottom - top);
    const frame = { left, right, top, bottom, x, y, most, palette, dark, shown };
    this.#axes(frame, seen.unit, width, height);
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, height);
    context.clip();
    this.#curve(frame, seen);
    this.#unclaimed(frame, seen);
    this.#clipped(frame, seen);
    if (cursor !== null) this.#upright(frame, x(seen.nm[cursor]));
    if (marked) this.#marked(frame, marked);
    context.restore();
    this.#peaks(frame, seen);
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
  #most({ nm, values, unit }, shown) {
    let high = 0;
    for (let at = 0; at < values.length; at += 1) {
      if (nm[at] >= shown[0] && nm[at] <= shown[1] && values[at] > high) high = values[at];
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

  #axes({ left, right, top, bottom, x, y, most, palette, shown }, unit, width, height) {
    const { context } = this;
    context.lineWidth = 1;
    context.strokeStyle = palette.grid;
    context.fillStyle = palette.label;
    context.textBaseline = "middle";
    context.textAlign = "center";
    context.beginPath();
    for (const nm of ticks(shown[0], shown[1], Math.max(3, (right - left) / 60))) {
      context.moveTo(x(nm), top);
      context.lineTo(x(nm), bottom);
      context.fillText(`${nm}`, x(nm), bottom + 14);
    }
    context.textAlign = "right";
    for (const value of ticks(0, most, Math.max(2, (bottom - top) / 44))) {
      context.moveTo(left, y(value));
      context.lineTo(right, y(value));
      context.fillText(`${value}`, left - 8, y(value));
    }
    context.stroke();
    context.textAlign = "center";
    context.fillText("Wavelength (nm, in air)", (left + right) / 2, height - 10);
    context.save();
    context.translate(12, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(unit.title, 0, 0);
    context.restore();
  }

  #curve(frame, { nm, values }) {
    const { context } = this;
    const { x, y, bottom, palette, dark } = frame;
    const line = new Path2D();
    const area = new Path2D();
    let start = null;
    const close = (at) => {
      area.lineTo(x(nm[at]), bottom);
      area.lineTo(x(nm[start]), bottom);
      area.closePath();
      start = null;
    };
    for (let at = 0; at < nm.length; at += 1) {
      if (Number.isNaN(values[at])) {
        if (start !== null) close(at - 1);
        continue;
      }
      const [u, v] = [x(nm[at]), y(Math.max(values[at], 0))];
      line[start === null ? "moveTo" : "lineTo"](u, v);
      area[start === null ? "moveTo" : "lineTo"](u, v);
      start ??= at;
    }
    if (start !== null) close(nm.length - 1);
    context.globalAlpha = dark ? 0.5 : 0.38;
    context.fillStyle = this.#colours(frame);
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke(line);
  }

  // What the eye sees at each wavelength; made anew only when the axis changes.
  #colours({ left, right, shown }) {
    const key = [left, right, ...shown].join();
    if (this.#gradient?.key === key) return this.#gradient.fill;
    const fill = this.context.createLinearGradient(left, 0, right, 0);
    for (let step = 0; step <= 40; step += 1) {
      fill.addColorStop(step / 40, colourOf(shown[0] + ((shown[1] - shown[0]) * step) / 40));
    }
    this.#gradient = { key, fill };
    return fill;
  }

  // A veil over what lies beyond the wavelengths that the axis claims to know.
  #unclaimed({ x, top, bottom, left, right, palette }, { nm, error }) {
    const first = error.findIndex((value) => !Number.isNaN(value));
    const last = error.findLastIndex((value) => !Number.isNaN(value));
    const { context } = this;
    context.fillStyle = palette.veil;
    context.globalAlpha = 0.72;
    for (const [from, to] of first < 0 ? [[left, right]] : [[left, x(nm[first])], [x(nm[last]), right]]) {
      if (to > from) context.fillRect(from, top, to - from, bottom - top);
    }
    context.globalAlpha = 1;
  }

  #clipped({ x, bottom, palette }, { nm, clipped }) {
    this.context.fillStyle = palette.clip;
    for (let at = 0; at < nm.length; at += 1) {
      if (clipped[at]) this.context.fillRect(x(nm[at]) - 1.5, bottom + 1, 3, 4);
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

  // The highest peaks get their wavelengths, as many as have room side by side.
  #peaks({ x, y, top, left, right, palette, shown }, { peaks }) {
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
      context.fillText(peak.nm.toFixed(1), spot, height);
      context.fillStyle = palette.mark;
      context.fillRect(at - 1, height + 7, 2, 4);
    }
  }
}

function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((round) => round >= value * (1 - 1e-9));
}
