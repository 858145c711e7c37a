// The live view's plot: zoom, what the pointer reads off, peak hold, waterfall, names of lines.

import { Chart } from "./chart.js";
import { part } from "./elements.js";
import { lineName } from "./labels.js";
import { linesOf } from "./lamp_lines.js";
import { isDark, palette, whenColoursChange } from "./palette.js";
import { reading, tell, tellReading } from "./readout.js";
import { Refusal } from "./service.js";
import { Waterfall } from "./waterfall.js";
import { Zoom } from "./zoom.js";

const LEAST_NAMED = 0.02; // of a lamp's strongest line: fainter ones are not drawn
const CLICK_PX = 8; // a pointer that moves further drags
const REACH_PX = { mouse: 10, touch: 22 }; // of the page: how far from a peak a click may be

export class LivePlot {
  #seen = null;
  #highest = null; // of each place, while peaks are held
  #lines = []; // of the lamp whose lines are drawn
  #isOver = false; // whether a pointer reads off
  #pressed = 0;

  // `picked` is called with a sample and a reach in samples when the plot is clicked; `marks` gives
  // { nm, text } to draw beside the lamp's lines, `nmAt` about the wavelength of a pixel or null.
  constructor({ picked, marks, nmAt }) {
    Object.assign(this, { picked, marks, nmAt });
    this.chart = new Chart(part("chart"));
    this.waterfall = new Waterfall(part("waterfall"));
    this.zoom = new Zoom(part("plot"), {
      scale: () => this.chart.scale,
      changed: () => {
        this.draw();
        this.#fall();
      },
      buttons: { in: part("zoom-in"), out: part("zoom-out"), reset: part("zoom-reset") },
    });
    this.colours = { palette: palette(), dark: isDark() };
    this.#wire();
  }

  get seen() {
    return this.#seen;
  }

  // What was shown holds no more. `why` stands in the plot's place; where new light follows at once it is "".
  clear(why) {
    this.#seen = this.#highest = null;
    this.waterfall.clear();
    if (!why) return;
    part("waiting").textContent = why;
    part("waiting").hidden = false;
    part("measured").classList.add("empty");
  }

  // Another axis: { places, axis } as `seen` has them.
  fit({ places, axis }) {
    this.zoom.fit(places[0], places.at(-1));
    part("cursor").max = places.length - 1;
    part("cursor").value = Math.round(places.length / 2);
    part("named-field").hidden = axis.unit !== "nm";
  }

  // `seen` as readout.js and chart.js take it; `isNew` unless it is the last one seen otherwise.
  show(seen, { isNew }) {
    if (this.#seen?.unit !== seen.unit || this.#seen.places !== seen.places) this.#highest = null;
    if (!this.#seen) {
      part("waiting").hidden = true;
      part("measured").classList.remove("empty");
    }
    this.#seen = seen;
    if (!part("peak-hold").checked) this.#highest = null;
    else this.#highest = this.#highest ? seen.values.map((value, at) => larger(value, this.#highest[at])) : seen.values;
    this.draw();
    if (isNew && part("falls").checked) {
      this.waterfall.add(seen.values, this.chart.top);
      this.#fall();
    }
  }

  draw() {
    if (!this.#seen) return;
    const { places } = this.#seen;
    const cursor = Math.min(Number(part("cursor").value), places.length - 1);
    this.chart.draw(this.#seen, {
      ...this.colours, shown: this.zoom.shown, marked: this.zoom.marked, cursor,
      bubble: this.#isOver && !this.zoom.marked ? this.words() : null,
      lines: this.#marked(),
      highest: this.#highest,
    });
  }

  tell() {
    if (this.#seen) tell(this.#seen, this.zoom.shown, this.words(), this.#marked());
  }

  // Lines of the chosen lamp where wavelengths are known, and what was set by hand.
  #marked() {
    return [...(this.#seen.axis.unit === "nm" ? this.#lines : []), ...this.marks()];
  }

  // What is read off at the cursor.
  words() {
    const at = Math.min(Number(part("cursor").value), this.#seen.places.length - 1);
    const nm = this.#seen.axis.unit === "px" ? this.nmAt(this.#seen.places[at]) : null;
    return reading(this.#seen, at) + (nm === null ? "" : ` · about ${nm.toFixed(1)} nm`);
  }

  #fall() {
    part("waterfall").hidden = !part("falls").checked;
    if (part("falls").checked && this.#seen) this.waterfall.draw(this.#seen.places, this.zoom.shown, this.chart.scale);
  }

  #wire() {
    const plot = part("plot");
    for (const kind of ["pointermove", "pointerdown"]) plot.addEventListener(kind, (event) => this.#point(event));
    plot.addEventListener("pointerleave", () => {
      this.#isOver = false;
      this.draw();
    });
    plot.addEventListener("click", (event) => this.#click(event));
    part("cursor").addEventListener("input", () => this.#move());
    part("peak-hold").addEventListener("change", () => {
      this.#highest = null;
      this.draw();
    });
    part("falls").addEventListener("change", () => {
      this.waterfall.clear();
      this.#fall();
    });
    part("named").addEventListener("change", () => this.#name());
    whenColoursChange(() => {
      this.colours = { palette: palette(), dark: isDark() };
      this.draw();
    });
    new ResizeObserver(() => {
      this.draw();
      this.#fall();
    }).observe(plot);
  }

  #point(event) {
    if (event.type === "pointerdown") this.#pressed = event.clientX;
    // A finger that only passes scrolls the page.
    const passes = event.pointerType === "touch" && event.type === "pointermove" && !event.buttons;
    if (!this.#seen || passes || this.zoom.marked) return;
    this.#isOver = true;
    part("cursor").value = this.#sampleAt(event);
    this.#move();
  }

  #click(event) {
    if (!this.#seen || Math.abs(event.clientX - this.#pressed) >= CLICK_PX) return;
    const { left, right } = this.chart.scale;
    const [low, high] = this.zoom.shown;
    const { places } = this.#seen;
    const samplesInView = ((high - low) / Math.abs(places.at(-1) - places[0])) * places.length;
    const reach = (samplesInView / (right - left)) * (REACH_PX[event.pointerType] ?? REACH_PX.mouse);
    this.picked(this.#sampleAt(event), Math.max(reach, 2));
  }

  #sampleAt(event) {
    const place = this.zoom.valueAt(event);
    const { places } = this.#seen;
    return places.reduce((best, value, at) => (Math.abs(value - place) < Math.abs(places[best] - place) ? at : best), 0);
  }

  #move() {
    if (!this.#seen) return;
    tellReading(this.words());
    this.draw();
  }

  // Draws the lines of the chosen lamp.
  async #name() {
    const lamp = part("named").value;
    try {
      const lines = lamp ? await linesOf(lamp) : [];
      if (lamp !== part("named").value) return;
      this.#lines = lines.filter(({ intensity }) => intensity >= LEAST_NAMED)
        .map((line) => ({ nm: line.nm, text: lineName(line), strength: line.intensity }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      part("named").value = "";
      this.#lines = [];
      part("status").textContent = "The lines cannot be had: the service does not answer.";
    }
    this.draw();
  }
}

// The larger of two, also where one of them is not known.
function larger(one, other) {
  return Number.isNaN(one) || one < other ? other : one;
}
