// Which part of a plot's horizontal axis is shown: chosen by wheel, drag, pinch, keys or buttons.

const STEP = 1.4;
const SHORTEST = 1 / 200; // of the whole axis
const PAN = 0.15; // of what is shown
const LEAST_DRAG = 8; // pixels: less is a click

export class Zoom {
  #shown = null;
  #pinch = new Map();
  #dragged = null;

  // `place` holds the plot; `scale` gives { left, right } of its axis in pixels of `place`;
  // `changed` is called when another part is to be drawn.
  constructor(place, { scale, changed, buttons }) {
    this.whole = [0, 1];
    this.scale = scale;
    this.changed = changed;
    this.buttons = buttons;
    place.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    place.addEventListener("keydown", (event) => this.#key(event));
    place.addEventListener("dblclick", () => this.reset());
    place.addEventListener("pointerdown", (event) => this.#down(event));
    place.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      place.addEventListener(kind, (event) => this.#up(event));
    }
    buttons.in.addEventListener("click", () => this.by(1 / STEP));
    buttons.out.addEventListener("click", () => this.by(STEP));
    buttons.reset.addEventListener("click", () => this.reset());
    this.place = place;
    this.#tell();
  }

  get shown() {
    return this.#shown ?? this.whole;
  }

  get isWhole() {
    return this.#shown === null;
  }

  // The part of the axis that a drag has marked so far, or null.
  get marked() {
    return this.#dragged?.to === undefined ? null : [this.#dragged.from, this.#dragged.to].sort((a, b) => a - b);
  }

  // Another axis: what was shown of the one before says nothing of it.
  fit(low, high) {
    if (low === this.whole[0] && high === this.whole[1]) return;
    this.whole = [low, high];
    this.#shown = null;
    this.#tell();
  }

  reset() {
    this.#show(...this.whole);
  }

  by(factor, about = (this.shown[0] + this.shown[1]) / 2) {
    const [low, high] = this.shown;
    this.#show(about - (about - low) * factor, about + (high - about) * factor);
  }

  #show(low, high) {
    const [least, most] = this.whole;
    const length = Math.min(Math.max(high - low, (most - least) * SHORTEST), most - least);
    const middle = Math.min(Math.max((low + high) / 2, least + length / 2), most - length / 2);
    this.#shown = length < most - least ? [middle - length / 2, middle + length / 2] : null;
    this.#tell();
    this.changed();
  }

  #tell() {
    this.buttons.out.disabled = this.isWhole;
    this.buttons.reset.disabled = this.isWhole;
  }

  // The value under a pointer.
  valueAt(event) {
    const { left, right } = this.scale();
    const [low, high] = this.shown;
    const part = (event.clientX - this.place.getBoundingClientRect().left - left) / (right - left);
    return low + Math.min(Math.max(part, 0), 1) * (high - low);
  }

  // The page scrolls as ever until the plot has been clicked, or Ctrl is held.
  #wheel(event) {
    if (!event.ctrlKey && document.activeElement !== this.place) return;
    event.preventDefault();
    this.by(event.deltaY < 0 ? 1 / STEP : STEP, this.valueAt(event));
  }

  #key(event) {
    if (event.target !== this.place || event.ctrlKey || event.metaKey || event.altKey) return;
    const [low, high] = this.shown;
    const pan = PAN * (high - low);
    const keys = {
      "+": () => this.by(1 / STEP), "=": () => this.by(1 / STEP), "-": () => this.by(STEP),
      ArrowLeft: () => this.#show(low - pan, high - pan), ArrowRight: () => this.#show(low + pan, high + pan),
      0: () => this.reset(), Escape: () => this.reset(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  #down(event) {
    if (event.pointerType === "touch") {
      this.#pinch.set(event.pointerId, this.valueAt(event));
    } else if (event.button === 0) {
      this.#dragged = { from: this.valueAt(event), x: event.clientX };
      this.place.setPointerCapture(event.pointerId);
    }
  }

  #move(event) {
    if (this.#pinch.has(event.pointerId) && this.#pinch.size === 2) this.#spread(event);
    if (!this.#dragged || (this.#dragged.to === undefined && Math.abs(event.clientX - this.#dragged.x) < LEAST_DRAG)) return;
    this.#dragged.to = this.valueAt(event);
    this.changed();
  }

  // Two fingers keep the values that they were put on.
  #spread(event) {
    const [other] = [...this.#pinch].filter(([id]) => id !== event.pointerId).map(([, value]) => value);
    const held = this.#pinch.get(event.pointerId);
    const now = this.valueAt(event);
    const factor = Math.abs(held - other) / Math.max(Math.abs(now - other), 1e-9);
    this.by(Math.min(Math.max(factor, 1 / STEP), STEP), other);
  }

  #up(event) {
    this.#pinch.delete(event.pointerId);
    const part = this.marked;
    this.#dragged = null;
    if (part && event.type === "pointerup") this.#show(...part);
    else if (part) this.changed();
  }
}
