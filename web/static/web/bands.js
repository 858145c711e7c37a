// Which of several spectra in a photo is read: clicked in the photo, or framed by a drag.

import { element } from "./elements.js";

const LEAST_DRAG = 8; // screen pixels: less is a click
const LEAST_SIDE = 2; // photo pixels

// `frame` holds the photo's picture; `choose` is called with a number, or with a box as "x0,y0,x1,y1".
export function wireBands(frame, { bands, band, preview }, choose) {
  const read = band ? closest(bands, band) : 0;
  frame.append(...bands.map((box, index) => button(box, index + 1, { count: bands.length, read, preview, choose })));
  wireDrawing(frame, preview, (box) => {
    if (!box.isClick) choose([box.x0, box.y0, box.x1, box.y1].join());
    else if (bands.length > 1 && nearest(bands, box) !== read) choose(String(nearest(bands, box)));
  });
}

// A button over each spectrum, for keys and for readers of the page; the one that was read is pressed.
function button(box, number, { count, read, preview, choose }) {
  const made = element("button", { type: "button", className: "band-choice", textContent: number });
  made.setAttribute("aria-label", `Spectrum ${number} of ${count}`);
  made.setAttribute("aria-pressed", number === read);
  place(made, box, preview);
  made.addEventListener("click", (event) => {
    // A pointer's click is told by the frame, which knows a drag.
    if (event.detail === 0) choose(String(number));
  });
  return made;
}

function place(what, { x0, y0, x1, y1 }, { width, height }) {
  what.style.left = `${(100 * x0) / width}%`;
  what.style.top = `${(100 * y0) / height}%`;
  what.style.width = `${(100 * (x1 - x0)) / width}%`;
  what.style.height = `${(100 * (y1 - y0)) / height}%`;
}

// The number of the spectrum that shares most with a band; 0 where none does.
function closest(bands, band) {
  const part = (one, other) => Math.max(0, Math.min(one.x1, other.x1) - Math.max(one.x0, other.x0)) *
    Math.max(0, Math.min(one.y1, other.y1) - Math.max(one.y0, other.y0));
  const shared = bands.map((box) => part(box, band) / (part(box, box) + part(band, band)));
  const most = Math.max(0, ...shared);
  return most ? shared.indexOf(most) + 1 : 0;
}

// The number of the spectrum whose box is nearest to a place.
function nearest(bands, { x0: x, y0: y }) {
  const outside = (low, at, high) => Math.max(low - at, 0, at - high);
  const far = bands.map((box) => Math.hypot(outside(box.x0, x, box.x1), outside(box.y0, y, box.y1)));
  return far.indexOf(Math.min(...far)) + 1;
}

// Calls `done` with the box that a mouse or pen has drawn, or with the place that it has clicked.
function wireDrawing(frame, preview, done) {
  let start = null;
  let drawn = null;
  const box = (event) => {
    const from = pixel(frame, preview, start);
    const to = pixel(frame, preview, event);
    return {
      isClick: Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < LEAST_DRAG,
      x0: Math.min(from.x, to.x), y0: Math.min(from.y, to.y), x1: Math.max(from.x, to.x), y1: Math.max(from.y, to.y),
    };
  };
  const stop = () => {
    drawn?.remove();
    start = drawn = null;
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    start = { clientX: event.clientX, clientY: event.clientY };
    if (event.pointerType === "touch") return; // a finger that moves scrolls the page
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!start || event.pointerType === "touch" || box(event).isClick) return;
    drawn ??= frame.appendChild(element("div", { className: "band-drawn" }));
    place(drawn, box(event), preview);
  });
  frame.addEventListener("pointerup", (event) => {
    if (!start) return;
    const made = box(event);
    stop();
    if (made.isClick || (event.pointerType !== "touch" && Math.min(made.x1 - made.x0, made.y1 - made.y0) >= LEAST_SIDE)) done(made);
  });
  frame.addEventListener("pointercancel", stop);
}

// The photo's pixel under a pointer.
function pixel(frame, { width, height }, { clientX, clientY }) {
  const shown = frame.getBoundingClientRect();
  const part = (at, from, size) => Math.min(Math.max((at - from) / size, 0), 1);
  return {
    x: Math.round(part(clientX, shown.left, shown.width) * width),
    y: Math.round(part(clientY, shown.top, shown.height) * height),
  };
}
