// Spectra as CSV, with the columns of the commands' files.

// As identify.py --spectra names them: levels of the camera.
const LEVELS = ["pixel", "nm", "error_nm", "R", "G", "B", "intensity"];
// As measure.py --export csv names them: linear light of full scale 1, or what was made of it.
const MEASURED = ["nm", "intensity", "error_nm", "noise", "R", "G", "B", "clipped", "pixel"];

export function levelsTable(points) {
  return table(LEVELS, points.map((point) => [
    point.px.toFixed(2), known(point.nm, 3), known(point.error, 3),
    ...point.rgb.map((value) => value.toFixed(2)),
    point.intensity.toFixed(2),
  ]));
}

// `points`: { nm, measured, error, noise, rgb, clipped, px }; rgb in per cent of full scale.
export function measuredTable(points) {
  return table(MEASURED, points.map((point) => [
    point.nm.toFixed(4), known(point.measured, 6), known(point.error, 4), known(point.noise, 7),
    ...point.rgb.map((value) => (value / 100).toFixed(6)),
    Number(point.clipped), point.px.toFixed(2),
  ]));
}

function table(columns, rows) {
  return [columns, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

// Nothing stands for what is not known.
function known(value, digits) {
  return value === null || value === undefined || Number.isNaN(value) ? "" : value.toFixed(digits);
}
