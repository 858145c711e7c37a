// The photo, with the band that was found drawn on it.

import { element, part, shape } from "./elements.js";

const HIGHEST = 300; // pixels of the page: photo, answer and plot share a laptop's screen
const MOST_ENLARGED = 3;
const STRIP = 5; // times as wide as high: shown across the whole page

export function showPhoto(figure, answer) {
  const { preview, band } = answer;
  const image = element("img", {
    src: `data:image/jpeg;base64,${preview.jpeg}`,
    alt: band
      ? `The photo. ${place(band)}`
      : "The photo. No spectrum was found in it.",
  });
  const frame = element("div", { className: "frame" }, image);
  const { width, height } = preview;
  part("answer").classList.toggle("strip", width > STRIP * height);
  frame.style.aspectRatio = `${preview.width} / ${preview.height}`;
  frame.style.width = `min(100%, ${shownWidth(preview)}px)`;
  if (band) frame.append(outline(band, preview), ...tags(band, preview));
  const size = `${preview.width} × ${preview.height} px`;
  figure.replaceChildren(
    frame,
    element("figcaption", { textContent: `${answer.photo} · ${size}${tilt(band)}` }),
  );
}

// Large enough to see a small photo's band, no higher than a screen holds below the answer.
function shownWidth({ width, height }) {
  if (width > STRIP * height) return MOST_ENLARGED * width;
  return Math.round(Math.min(MOST_ENLARGED * width, (width / height) * HIGHEST));
}

function place(band) {
  return (
    `A ${band.axis} spectrum lies between x ${band.x0} and ${band.x1}, ` +
    `y ${band.y0} and ${band.y1}, in pixels; its blue end: ${band.blue_end}.`
  );
}

function tilt(band) {
  if (!band || Math.abs(band.angle_deg) < 0.05) return "";
  return ` · tilted by ${Math.abs(band.angle_deg).toFixed(1)}°`;
}

function outline(band, { width, height }) {
  const box = { x: band.x0, y: band.y0, width: band.x1 - band.x0, height: band.y1 - band.y0 };
  const [start, end] = centreLine(band);
  const line = `M${start.join()} L${end.join()}`;
  return shape(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    shape("rect", { ...box, class: "band-halo" }),
    shape("rect", { ...box, class: "band-line" }),
    shape("path", { d: line, class: "band-centre" }),
  );
}

// The ends of the band's middle, at its tilt, inside its box.
function centreLine({ x0, y0, x1, y1, axis, angle_deg }) {
  const slope = Math.tan((angle_deg * Math.PI) / 180);
  if (axis === "horizontal") {
    const rise = (slope * (x1 - x0)) / 2;
    const middle = (y0 + y1) / 2;
    return [[x0, middle - rise], [x1, middle + rise]];
  }
  const rise = (slope * (y1 - y0)) / 2;
  const middle = (x0 + x1) / 2;
  return [[middle + rise, y0], [middle - rise, y1]];
}

// A word at the blue end, where it is known.
function tags(band, { width, height }) {
  const [start, end] = centreLine(band);
  const spot = { left: start, top: start, right: end, bottom: end }[band.blue_end];
  if (!spot) return [];
  const tag = element("span", { className: "band-tag", textContent: "blue" });
  tag.setAttribute("aria-hidden", "true");
  // Kept inside the picture.
  tag.style.left = `clamp(1.6rem, ${(100 * spot[0]) / width}%, 100% - 1.6rem)`;
  tag.style.top = `clamp(.9rem, ${(100 * spot[1]) / height}%, 100% - .9rem)`;
  return [tag];
}
