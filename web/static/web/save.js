// Files that the page makes itself, in the browser.

import { PRINT, draw } from "./spectrum.js";
import { levelsTable, measuredTable } from "./tables.js";

const PNG_WIDTH = 1200;
const PNG_HEIGHT = 560;
const PNG_SCALE = 2;

export function saveCsv({ points, isMeasured }, photo) {
  saveText((isMeasured ? measuredTable : levelsTable)(points), "text/csv", fileName(photo, "csv"));
}

export function saveJson(value, name) {
  saveText(JSON.stringify(value, null, 2) + "\n", "application/json", name);
}

export async function savePng({ points, lines, options }, photo, title) {
  const { svg } = draw(points, lines, { ...options, title, width: PNG_WIDTH, height: PNG_HEIGHT, palette: PRINT });
  const source = new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
  const address = URL.createObjectURL(source);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = PNG_WIDTH * PNG_SCALE;
    canvas.height = PNG_HEIGHT * PNG_SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise((done) => canvas.toBlob(done, "image/png"));
    saveBlob(png, fileName(photo, "png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

export function fileName(photo, suffix) {
  const stem = photo.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "_") || "photo";
  return `${stem}_spectrum.${suffix}`;
}

export function saveText(text, type, name) {
  saveBlob(new Blob([text], { type }), name);
}

export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has the file once the click is over; not all take it at once.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
