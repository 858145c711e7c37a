// What the live view says in words and numbers of the light that it draws.

import { element, part } from "./elements.js";

const TOO_DARK = 0.02; // of full scale, the brightest place of the band
const HIGH_PART = 0.2; // of the highest peak: the widths of lower ones are noise and blends

export const UNITS = {
  light: { title: "Light (% of full scale, linear)", least: 0.5, most: 100, words: (value) => `${value.toFixed(1)} %` },
  transmission: { title: "Transmission (%)", least: 100, most: 200, words: (value) => `${value.toFixed(1)} %` },
  absorbance: { title: "Absorbance", least: 0.5, most: 4, words: (value) => value.toFixed(2) },
};
export const AXES = {
  nm: { unit: "nm", name: "nanometres", title: "Wavelength (nm, in air)", digits: 1, columns: ["nm, in air", "Axis error (nm)", "Width (nm)"] },
  px: { unit: "px", name: "pixels", title: "Place along the band (pixels of the picture)", digits: 0, columns: ["Place (px)", "", "Width (px)"] },
};

// `seen`: { places, axis, error, unit, values, clipped, peaks, brightest, isDarker }; `shown`: the part of
// the axis; `words`: what is read off at the cursor; `lines`: { nm, text } that are marked.
export function tell(seen, shown, words, lines) {
  const { text, isBad } = exposure(seen);
  part("exposure").textContent = text;
  part("exposure").classList.toggle("problem", isBad);
  tellReading(words);
  tellPeaks(seen);
  part("chart").setAttribute("aria-label", label(seen, shown, lines));
}

// What is read off at a sample.
export function reading({ places, axis, values, unit }, at) {
  const height = Number.isNaN(values[at]) ? "no light in the reference" : unit.words(values[at]);
  return `${places[at].toFixed(axis.digits)} ${axis.unit} · ${height}`;
}

export function tellReading(words) {
  part("reading").textContent = words;
  part("cursor").setAttribute("aria-valuetext", words);
}

// The narrowest of the high peaks that are not overexposed, or null.
export function sharpest({ peaks, clipped, places }) {
  const step = Math.abs(places[1] - places[0]);
  const isWhole = ({ at, width }) => {
    const reach = Math.ceil(width / step);
    return !clipped.slice(Math.max(Math.floor(at) - reach, 0), Math.ceil(at) + reach + 1).includes(1);
  };
  const whole = peaks.filter(isWhole);
  const highest = Math.max(...whole.map(({ prominence }) => prominence));
  return whole.filter(({ prominence }) => prominence >= HIGH_PART * highest).reduce((best, peak) => (!best || peak.width < best.width ? peak : best), null);
}

function exposure({ places, axis, clipped, brightest, isDarker }) {
  const bad = (text) => ({ text, isBad: true });
  const first = clipped.indexOf(1);
  if (first >= 0) {
    const [low, high] = [places[first], places[clipped.lastIndexOf(1)]].map((value) => value.toFixed(0));
    const where = low === high ? `at ${low} ${axis.unit}` : `between ${low} and ${high} ${axis.unit}`;
    return bad(`Overexposed ${where}: the light marked red is brighter than shown. Expose shorter, or move the lamp away.`);
  }
  if (isDarker) return bad("The dark is brighter than the light: take it again with the slit covered.");
  if (brightest < TOO_DARK) return bad("Hardly any light: expose longer, or bring the lamp nearer.");
  return { text: `Brightest at ${(100 * brightest).toFixed(0)} % of full scale.`, isBad: false };
}

function tellPeaks({ peaks, error, axis }) {
  part("peaks").hidden = !peaks.length;
  const [place, uncertainty, width] = axis.columns;
  part("peak-place").textContent = place;
  part("peak-width").textContent = width;
  part("peak-error").hidden = !uncertainty;
  part("peak-rows").replaceChildren(...[...peaks].sort((a, b) => a.nm - b.nm).map((peak) => {
    const known = error?.[Math.round(peak.at)];
    const claimed = Number.isNaN(known) ? "not claimed" : `± ${known?.toFixed(known < 0.095 ? 2 : 1)}`;
    return element("tr", {},
      element("td", { textContent: peak.nm.toFixed(1) }),
      ...(error ? [element("td", { textContent: claimed })] : []),
      element("td", { textContent: peak.width.toFixed(1) }),
      element("td", { textContent: peak.value.toFixed(1) }));
  }));
}

function label({ unit, axis, peaks }, shown, lines) {
  const marked = lines.filter(({ nm }) => nm >= shown[0] && nm <= shown[1]).map(({ text }) => text);
  const strongest = peaks.slice(0, 5).map((peak) => peak.nm.toFixed(axis.digits));
  return `${unit.title} from ${shown.map((place) => place.toFixed(0)).join(" to ")} ${axis.name}. ` +
    (strongest.length ? `Peaks at ${strongest.join(", ")}. ` : "") + (marked.length ? `Marked: ${marked.join(", ")}. ` : "") + "The slider below reads single values.";
}
