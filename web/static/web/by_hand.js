// Wavelengths set by hand: peaks are clicked, named, and make an instrument.

import { element, part } from "./elements.js";
import { errorAt } from "./instrument.js";
import { lineOptions, linesOf, nameOptions } from "./lamp_lines.js";
import { proposeName } from "./names.js";
import { peakNear } from "./peaks.js";
import * as service from "./service.js";
import { refusal } from "./words.js";

const FEWEST = 2;
const LEAST_LISTED = 0.01; // of a lamp's strongest line: fainter ones are not offered
const NEAR_SIGMAS = 3; // a line that is offered lies so near to where the points so far put it
const SEEN_NM = [300, 1150]; // what any camera sees
const NAMED = "By hand"; // instruments, with the time
// Lines that are dark in a bright spectrum.
const ABSORBED = "fraunhofer";

export class ByHand {
  #points = []; // { px, nm }
  #instrument = null; // the document that they give
  #round = 0;

  // `place` gives what the service is to know of where the points lie, { frame } and for the saved
  // instrument perhaps { photo }; `saved` is told of the instrument that was saved; `changed` is
  // called when there is something else to draw.
  constructor({ place, saved, changed }) {
    Object.assign(this, { place, saved, changed });
    nameOptions(part("point-lamp"));
    part("point").addEventListener("submit", (event) => this.#set(event));
    part("point-px").addEventListener("input", () => this.changed());
    part("point-lamp").addEventListener("change", () => this.#listLines());
    part("point-line").addEventListener("change", () => this.#takeLine());
    part("point-save").addEventListener("submit", (event) => this.#save(event));
  }

  get isEmpty() {
    return !this.#points.length;
  }

  // What is to be marked in a plot: { px, text }.
  get marks() {
    const picked = part("point-px").valueAsNumber;
    const set = this.#points.map(({ px, nm }) => ({ px, text: `${nm.toFixed(1)} nm` }));
    const isSet = Number.isNaN(picked) || this.#points.some(({ px }) => px === picked);
    return isSet ? set : [...set, { px: picked, text: "chosen" }];
  }

  // About the wavelength that the points give a pixel, also beyond where their axis is sure; or null.
  nmAt(px) {
    const nm = this.#instrument?.axis.coefficients.reduceRight((sum, coefficient) => sum * px + coefficient, 0);
    return nm >= SEEN_NM[0] && nm <= SEEN_NM[1] ? nm : null;
  }

  clear() {
    this.#points = [];
    this.#instrument = null;
    this.#round += 1;
    for (const id of ["point-px", "point-nm"]) part(id).value = "";
    this.#show();
  }

  // Takes the peak nearest to a sample of `values`, whose pixels are `px`; the sample itself where
  // nothing stands out within `reach` samples.
  pick(values, px, at, reach) {
    const isDark = part("point-lamp").value === ABSORBED;
    const samples = Float64Array.from({ length: px.length }, (_, index) => index);
    const peak = peakNear(isDark ? values.map((value) => -value) : values, samples, at, reach);
    const exact = peak ? peak.at : at;
    const low = Math.min(Math.floor(exact), px.length - 2);
    const place = px[low] + (exact - low) * (px[low + 1] - px[low]);
    part("point-px").value = place.toFixed(2);
    part("point-nm").value = "";
    this.#suggest(place);
    this.#say(peak ? `The peak at ${place.toFixed(2)} px is chosen: give its wavelength.`
      : `No peak stands out here: ${place.toFixed(0)} px is chosen as it is.`);
    part("point").scrollIntoView({ block: "nearest" });
    this.changed();
  }

  async #listLines() {
    const lamp = part("point-lamp").value;
    part("point-line-field").hidden = !lamp;
    if (!lamp) return;
    try {
      const lines = await linesOf(lamp);
      if (lamp !== part("point-lamp").value) return;
      part("point-line").replaceChildren(
        element("option", { value: "", textContent: "Choose a line" }), ...lineOptions(lines, LEAST_LISTED));
      this.#suggest(part("point-px").valueAsNumber);
    } catch (error) {
      this.#say(inWords(error));
    }
  }

  #takeLine() {
    if (part("point-line").value) part("point-nm").value = part("point-line").value;
  }

  // The line of the chosen lamp that the points so far put at a pixel, unless it is set already.
  #suggest(px) {
    const nm = Number.isNaN(px) ? null : this.nmAt(px);
    part("point-nm").placeholder = nm === null ? "" : `about ${nm.toFixed(1)}`;
    part("point-line").value = "";
    if (nm === null || !part("point-lamp").value) return;
    const off = ({ value }) => Math.abs(Number(value) - nm);
    const reach = NEAR_SIGMAS * errorAt(this.#instrument.axis, px);
    const isFree = ({ value }) => value && !this.#points.some((point) => point.nm === Number(value));
    const near = [...part("point-line").options].filter((option) => isFree(option) && off(option) <= reach);
    if (!near.length) return;
    part("point-line").value = near.reduce((best, option) => (off(option) < off(best) ? option : best)).value;
    this.#takeLine();
  }

  #set(event) {
    event.preventDefault();
    const [px, nm] = ["point-px", "point-nm"].map((id) => part(id).valueAsNumber);
    this.#points = [...this.#points.filter((point) => point.px !== px), { px, nm }].sort((a, b) => a.px - b.px);
    for (const id of ["point-px", "point-nm"]) part(id).value = "";
    part("point-line").value = "";
    part("point-nm").placeholder = "";
    this.#fit();
  }

  #remove(point) {
    this.#points = this.#points.filter((other) => other !== point);
    this.#fit();
  }

  // Asks what the points give together.
  async #fit() {
    this.#round += 1;
    const mine = this.#round;
    this.#instrument = null;
    this.#show();
    if (this.#points.length < FEWEST) return;
    try {
      const { frame } = this.place();
      const made = await service.instrumentOfPoints(this.#points, { frame });
      if (mine !== this.#round) return;
      this.#instrument = made;
      this.#show();
    } catch (error) {
      if (mine === this.#round) this.#say(inWords(error));
    }
  }

  #show() {
    part("point-table").hidden = part("points-clear").hidden = !this.#points.length;
    part("points-clear").onclick = () => this.clear();
    part("point-save").hidden = !this.#instrument;
    if (this.#instrument) proposeName(part("point-name"), NAMED);
    part("point-rows").replaceChildren(...this.#points.map((point) => this.#row(point)));
    part("point-axis").textContent = this.#words();
    this.#say("");
    this.changed();
  }

  #row(point) {
    const line = this.#instrument?.axis.lines.find(({ px, nm }) => px === point.px && nm === point.nm);
    const remove = element("button", { type: "button", className: "quiet", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove the point at ${point.px} px`);
    remove.addEventListener("click", () => this.#remove(point));
    // Two points lie on every curve.
    const off = line && this.#points.length > FEWEST ? signed(line.residual_nm) : "–";
    return element("tr", {},
      element("td", { textContent: point.px.toFixed(2) }),
      element("td", { textContent: point.nm.toFixed(2) }),
      element("td", { textContent: off }),
      element("td", {}, remove));
  }

  #words() {
    const { length } = this.#points;
    if (!length) return "";
    if (length < FEWEST) return "One point is set: set at least one more.";
    if (!this.#instrument) return "";
    const [low, high] = this.#instrument.axis.range_px;
    const inside = this.#points.every(({ px }) => px >= low && px <= high);
    const quality = `Axis so far: ${this.#instrument.quality}.`;
    if (length === FEWEST) return `${quality} A third point would show whether the two are right.`;
    return inside ? quality : `${quality} Its error is too large at some of the points: set one more between them.`;
  }

  async #save(event) {
    event.preventDefault();
    proposeName(part("point-name"), NAMED);
    const name = part("point-name").value.trim();
    const button = event.target.querySelector("button");
    button.disabled = true;
    try {
      const made = await service.instrumentOfPoints(this.#points, this.place());
      const file = new File([JSON.stringify(made)], "points.json", { type: "application/json" });
      const kept = await service.saveInstrument(file, name);
      part("point-name").value = "";
      this.clear();
      this.#say(`Saved as "${kept.name}": ${kept.document.quality}.`);
      await this.saved(kept);
    } catch (error) {
      this.#say(inWords(error));
    } finally {
      button.disabled = false;
    }
  }

  #say(text) {
    part("point-note").textContent = text;
  }
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

function inWords(error) {
  if (!(error instanceof service.Refusal)) throw error;
  // What is wrong with points is said by the service.
  if (error.code === "no_wavelength_axis") return error.message;
  const words = refusal(error.code, error.message);
  return `${words.title}. ${words.text}`;
}
