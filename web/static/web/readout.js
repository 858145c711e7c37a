// What the live view says in words and numbers of the light that it draws.

import { element, part } from "./elements.js";

const TOO_DARK = 0.02; // of full scale, the brightest place of the band

export const UNITS = {
  light: { title: "Light (% of full scale, linear)", least: 0.5, most: 100, words: (value) => `${value.toFixed(1)} %` },
  transmission: { title: "Transmission (%)", least: 100, most: 200, words: (value) => `${value.toFixed(1)} %` },
  absorbance: { title: "Absorbance", least: 0.5, most: 4, words: (value) => value.toFixed(2) },
};

// `seen`: { nm, error, unit, values, clipped, peaks, brightest, isDarker }; `shown`: the part of the axis.
export function tell(seen, shown) {
  const { text, isBad } = exposure(seen);
  part("exposure").textContent = text;
  part("exposure").classList.toggle("problem", isBad);
  tellReading(seen);
  tellPeaks(seen);
  part("chart").setAttribute("aria-label", label(seen, shown));
}

export function tellReading({ nm, values, unit }) {
  const at = Number(part("cursor").value);
  const height = Number.isNaN(values[at]) ? "no light in the reference" : unit.words(values[at]);
  part("reading").textContent = `${nm[at].toFixed(1)} nm · ${height}`;
  part("cursor").setAttribute("aria-valuetext", part("reading").textContent);
}

function exposure({ nm, clipped, brightest, isDarker }) {
  const bad = (text) => ({ text, isBad: true });
  const first = clipped.indexOf(1);
  if (first >= 0) {
    const [low, high] = [nm[first], nm[clipped.lastIndexOf(1)]].map((value) => value.toFixed(0));
    const where = low === high ? `at ${low} nm` : `between ${low} and ${high} nm`;
    return bad(`Overexposed ${where}: the light marked red is brighter than shown. Expose shorter, or move the lamp away.`);
  }
  if (isDarker) return bad("The dark is brighter than the light: take it again with the slit covered.");
  if (brightest < TOO_DARK) return bad("Hardly any light: expose longer, or bring the lamp nearer.");
  return { text: `Brightest at ${(100 * brightest).toFixed(0)} % of full scale.`, isBad: false };
}

function tellPeaks({ peaks, error }) {
  part("peaks").hidden = !peaks.length;
  part("peak-rows").replaceChildren(...[...peaks].sort((a, b) => a.nm - b.nm).map((peak) => {
    const known = error[Math.round(peak.at)];
    return element("tr", {},
      element("td", { textContent: peak.nm.toFixed(1) }),
      element("td", { textContent: Number.isNaN(known) ? "not claimed" : `± ${known.toFixed(known < 0.095 ? 2 : 1)}` }),
      element("td", { textContent: peak.width.toFixed(1) }),
      element("td", { textContent: peak.value.toFixed(1) }));
  }));
}

function label({ unit, peaks }, shown) {
  const strongest = peaks.slice(0, 5).map((peak) => peak.nm.toFixed(1));
  return `${unit.title} from ${shown.map((nm) => nm.toFixed(0)).join(" to ")} nanometres. ` +
    (strongest.length ? `Peaks at ${strongest.join(", ")}. ` : "") + "The slider below reads single values.";
}
