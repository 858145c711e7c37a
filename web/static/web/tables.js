// Spectra as CSV, with the columns of the commands' files.
const COLUMNS = ["nm", "intensity", "error_nm", "noise", "R", "G", "B", "clipped", "pixel"];

// As identify.py --spectra writes them: levels of the camera, 0 to 255.
export function levelsTable(points) {
  return table(points.map((point) => [
    known(point.nm, 3), point.intensity.toFixed(2), known(point.error, 3), "",
    ...point.rgb.map((value) => value.toFixed(2)),
    Number(point.clipped), point.px.toFixed(2),
  ]));
}

// As measure.py --export csv writes them: linear light of full scale 1, or what was made of it.
// `points`: { nm (or null), measured, error, noise, rgb, clipped, px }; rgb in per cent of full scale.
export function measuredTable(points) {
  return table(points.map((point) => [
    known(point.nm, 4), known(point.measured, 6), known(point.error, 4), known(point.noise, 7),
    ...point.rgb.map((value) => (value / 100).toFixed(6)),
    Number(point.clipped), point.px.toFixed(2),
  ]));
}

function table(rows) {
  return [COLUMNS, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

// Nothing stands for what is not known.
function known(value, digits) {
  return value === null || value === undefined || Number.isNaN(value) ? "" : value.toFixed(digits);
}
