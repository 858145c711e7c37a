// How fast the live view draws, and how sharp its picture is.

import { part } from "./elements.js";
import { sharpest } from "./readout.js";

const EVERY_MS = 400; // numbers that change faster cannot be read

export class LiveWords {
  #drawn = 0;
  #told = { at: 0, drawn: 0 };
  #narrowest = Infinity; // the sharpest line so far, pixels

  // One more frame is drawn: whether it is time for words.
  isTime() {
    this.#drawn += 1;
    return performance.now() - this.#told.at > EVERY_MS;
  }

  // What was sharpest elsewhere in the picture is no measure.
  forget() {
    this.#narrowest = Infinity;
  }

  // `seen`: what is drawn, or null; `state`: why no new frames are drawn, or "".
  tell(seen, state) {
    const now = performance.now();
    const rate = `${((1000 * (this.#drawn - this.#told.drawn)) / (now - this.#told.at)).toFixed(0)} frames a second`;
    part("rate").textContent = seen ? `${state || (this.#told.at ? rate : "Running")} · mean of ${seen.frames}` : "";
    part("rate").dataset.drawn = this.#drawn;
    part("plot").classList.toggle("stale", Boolean(state) && state !== "Frozen");
    this.#told = { at: now, drawn: this.#drawn };
    if (seen?.axis.unit === "px") this.#tellSharpness(seen);
  }

  #tellSharpness(seen) {
    const line = sharpest(seen);
    if (line) this.#narrowest = Math.min(this.#narrowest, line.width);
    part("sharpness").textContent = line
      ? `${line.width.toFixed(1)} px at ${line.nm.toFixed(0)} px; narrowest so far ${this.#narrowest.toFixed(1)} px`
      : "no line to measure: show the camera a lamp with lines, not overexposed";
  }
}
