// What the live view saves: the spectrum as CSV, the camera's picture as PNG.

import { makeCanvas, pngOf } from "./canvas.js";
import { part } from "./elements.js";
import { saveBlob, saveText } from "./save.js";
import { measuredTable } from "./tables.js";

// `name` gives what the files are called after; `spectrum` what is drawn, with the pixels, wavelengths and
// errors of its samples, or null; `picture` the picture to save.
export function wireFiles({ name, spectrum, picture }) {
  part("save-csv").addEventListener("click", () => {
    const seen = spectrum();
    if (seen) saveText(csv(seen), "text/csv", fileName(name(), seen.shows, "csv"));
  });
  part("save-png").addEventListener("click", async () =>
    saveBlob(await pngOf(picture()), fileName(name(), "picture", "png")));
}

// All of the camera's picture, as it is now.
export function pictureOf(video) {
  const canvas = makeCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

function fileName(name, what, suffix) {
  const stem = name.replace(/[^\p{L}\p{N}_-]+/gu, "_");
  return `${stem}_${what}_${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.${suffix}`;
}

function csv({ px, nm, error, measured, noise, shows, light, clipped }) {
  return measuredTable(Array.from(px, (place, at) => ({
    nm: nm?.[at],
    measured: measured[at],
    error: error?.[at],
    noise: noise && shows === "light" ? noise[at] : null,
    rgb: [0, 1, 2].map((channel) => 100 * light[3 * at + channel]),
    clipped: clipped[at],
    px: place,
  })));
}
