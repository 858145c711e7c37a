// The last spectra one beneath the other, the newest on top, over the plot's axis.

import { makeCanvas } from "./canvas.js";

const ROWS = 160;
const STRIPS = 40;
// From nothing to the brightest: black, violet, red, yellow, white.
const HEAT = [[0, 0, 0], [60, 15, 110], [185, 35, 85], [245, 125, 30], [252, 225, 110], [255, 255, 255]];

const SHADES = Array.from({ length: 256 }, (_, level) => {
  const at = (level / 255) * (HEAT.length - 1);
  const low = Math.min(Math.floor(at), HEAT.length - 2);
  return HEAT[low].map((value, channel) => Math.round(value + (at - low) * (HEAT[low + 1][channel] - value)));
});

export class Waterfall {
  #rows = null; // a canvas of one pixel a sample

  constructor(canvas) {
    this.canvas = canvas;
  }

  clear() {
    this.#rows = null;
  }

  // `values` of one frame; `top` is what is drawn white.
  add(values, top) {
    if (this.#rows?.width !== values.length) this.#rows = makeCanvas(values.length, ROWS);
    const context = this.#rows.getContext("2d");
    context.globalCompositeOperation = "copy";
    context.drawImage(this.#rows, 0, 1);
    const line = context.createImageData(values.length, 1);
    values.forEach((value, at) => {
      const shade = SHADES[Math.round(255 * Math.min(Math.max(value / top, 0) || 0, 1))];
      line.data.set([...shade, 255], 4 * at);
    });
    context.putImageData(line, 0, 0);
  }

  // `places` of the samples rise; `shown` are those at the ends; `scale` is the plot's axis.
  draw(places, shown, { left, right }) {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    context.fillStyle = "#000";
    context.fillRect(left, 0, right - left, height);
    if (!this.#rows) return;
    context.imageSmoothingEnabled = false;
    // Wavelengths are no straight line over the samples, but nearly one over a strip of the plot.
    const x = (at) => left + ((places[at] - shown[0]) / (shown[1] - shown[0])) * (right - left);
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, height);
    context.clip();
    const last = places.length - 1;
    for (let strip = 0; strip < STRIPS; strip += 1) {
      const [from, to] = [strip, strip + 1].map((edge) => Math.round((edge * last) / STRIPS));
      if (places[to] < shown[0] || places[from] > shown[1]) continue;
      context.drawImage(this.#rows, from, 0, to - from, ROWS, x(from), 0, x(to) - x(from) + 0.5, height);
    }
    context.restore();
  }
}
