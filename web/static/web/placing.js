// Where the spectrum lies while no instrument is chosen: seen by itself, or told by hand on the picture.

import { part } from "./elements.js";
import { chosenBand, findBand, isSame } from "./pixels.js";

const LOOK_EVERY_MS = 1000;
const LEAST_DRAG = 4; // pixels of the page

export class Placing {
  #band = null;
  #isTold = false;
  #at = 0;
  #from = null; // where a drag began: { event, row }, pixels of the picture

  // `size` gives { width, height } of the camera's pictures; `changed` is called with another band.
  constructor({ size, changed }) {
    Object.assign(this, { size, changed });
    part("band-direction").addEventListener("change", () => this.#turn());
    for (const id of ["band-from", "band-to"]) part(id).addEventListener("change", () => this.#typed());
    part("band-find").addEventListener("click", () => this.forget());
    const picture = part("outline");
    picture.addEventListener("pointerdown", (event) => this.#press(event));
    picture.addEventListener("pointermove", (event) => this.#drag(event));
    for (const kind of ["pointerup", "pointercancel"]) picture.addEventListener(kind, () => { this.#from = null; });
  }

  // The band in a picture of the camera, looked for unless it is known.
  bandIn(picture) {
    if (!this.#band) this.#set(this.#find(picture));
    return this.#band;
  }

  // Looks now and then whether the band has moved; a picture without light moves nothing.
  look(picture) {
    const now = performance.now();
    if (this.#isTold || now - this.#at < LOOK_EVERY_MS) return;
    this.#at = now;
    const found = this.#find(picture);
    if (!found.isLit || (this.#band.isLit && isSame(this.#band, found))) return;
    this.#set(found);
    this.changed();
  }

  // What was told holds no more: the band is looked for in the next picture.
  forget() {
    this.isOfAnotherSize();
    this.changed();
  }

  // Rows of other pictures say nothing of these.
  isOfAnotherSize() {
    this.#band = null;
    this.#isTold = false;
  }

  #find(picture) {
    const { width, height } = this.size();
    const told = { across: true, down: false }[part("band-direction").value] ?? null;
    return findBand(picture, width, height, told);
  }

  #set(band) {
    this.#band = band;
    const middle = band.centre[0] + (band.centre[1] * (this.#length(band) - 1)) / 2;
    part("band-from").value = Math.round(middle - band.halfHeight);
    part("band-to").value = Math.round(middle + band.halfHeight);
  }

  #length({ horizontal }) {
    const { width, height } = this.size();
    return horizontal ? width : height;
  }

  #turn() {
    this.forget();
  }

  #typed() {
    const [from, to] = ["band-from", "band-to"].map((id) => part(id).valueAsNumber);
    if (this.#band && Number.isFinite(from) && Number.isFinite(to) && from !== to) this.#tell(from, to);
  }

  #tell(from, to) {
    const { width, height } = this.size();
    const most = (this.#band.horizontal ? height : width) - 1;
    const [low, high] = [Math.min(from, to), Math.max(from, to)].map((row) => Math.min(Math.max(row, 0), most));
    if (high - low < 1) return;
    this.#isTold = true;
    this.#set({ ...chosenBand(this.#band.horizontal, low, high), isLit: true });
    this.changed();
  }

  #press(event) {
    if (!this.#band) return;
    this.#from = { event, row: this.#row(event) };
    event.currentTarget.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    if (!this.#from) return;
    const along = this.#band.horizontal ? "clientY" : "clientX";
    if (Math.abs(event[along] - this.#from.event[along]) >= LEAST_DRAG) this.#tell(this.#from.row, this.#row(event));
  }

  // The row of a horizontal band's picture, else the column, that a pointer is over.
  #row({ currentTarget, clientX, clientY }) {
    const box = currentTarget.getBoundingClientRect();
    const { width, height } = this.size();
    const part = this.#band.horizontal ? ((clientY - box.top) / box.height) * height : ((clientX - box.left) / box.width) * width;
    return Math.round(part - 0.5);
  }
}
