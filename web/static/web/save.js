// Files that the page makes itself, in the browser.

import { PRINT, draw } from "./spectrum.js";

// As identify.py --spectra names its columns.
const COLUMNS = ["pixel", "nm", "error_nm", "R", "G", "B", "intensity"];
const PNG_WIDTH = 1200;
const PNG_HEIGHT = 560;
const PNG_SCALE = 2;

export function csv(points) {
  const rows = points.map((point) => [
    point.px.toFixed(2),
    point.nm === null ? "" : point.nm.toFixed(3),
    point.error === null ? "" : point.error.toFixed(3),
    ...point.rgb.map((value) => value.toFixed(2)),
    point.intensity.toFixed(2),
  ]);
  return [COLUMNS, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

export function saveCsv(points, photo) {
  save(new Blob([csv(points)], { type: "text/csv" }), fileName(photo, "csv"));
}

export function saveJson(value, name) {
  save(new Blob([JSON.stringify(value, null, 2) + "\n"], { type: "application/json" }), name);
}

export async function savePng({ points, lines, channels }, photo) {
  const { svg } = draw(points, lines, {
    width: PNG_WIDTH, height: PNG_HEIGHT, palette: PRINT, channels, dark: false,
  });
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
    save(png, fileName(photo, "png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

export function fileName(photo, suffix) {
  const stem = photo.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "_") || "photo";
  return `${stem}_spectrum.${suffix}`;
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has the file once the click is over; not all take it at once.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
