// What the answer says, in words and probabilities.

import { element, part } from "./elements.js";
import { asSentence, sourceName, sourceText } from "./words.js";

const OWN_LINES = "own lines";

// `asked`: the lamp that the user named, the calibration that the user chose and its name, if any.
export function showVerdict(answer, asked) {
  const ok = answer.status === "ok";
  const box = document.querySelector(".verdict");
  box.classList.toggle("ok", ok);
  box.classList.toggle("doubt", !ok);
  const [eyebrow, title] = heading(answer, asked);
  part("eyebrow").textContent = eyebrow;
  part("source").textContent = title;
  part("sentence").textContent = sentence(answer, asked);
  part("advice").replaceChildren(...hints(answer, asked));
  part("guesses").replaceChildren(...guesses(answer, asked));
  part("guesses-fold").hidden = !part("guesses").hasChildNodes();
}

// Whether it is surely a lamp of none of the classes.
function isOther(answer) {
  return answer.reason_code === "other_lamp";
}

export function heading(answer, asked) {
  if (answer.status === "no_band") return ["Nothing to read", "No spectrum found"];
  if (isOther(answer)) return ["None of the classes", answer.lamp.title];
  if (answer.between.length) return ["One of two", answer.between.map(sourceName).join(" or ")];
  if (answer.status === "unknown") return ["Not named", "Unknown light source"];
  return [asked.lamp ? "Light source, as you named it" : "Light source", sourceName(answer.source)];
}

export function sentence(answer, asked) {
  if (answer.status === "no_band") return "No part of the photo looks like a spectrum that can be used.";
  const sure = isOther(answer) ? "" : sureness(answer);
  const wavelengths = [wavelengthSentence(answer, asked), sure].filter(Boolean).join(" ");
  if (isOther(answer)) {
    return `The light is that of a lamp which is none of the classes (${percent(answer.lamp.probability)} sure). ${wavelengths}`;
  }
  if (answer.status === "unknown") {
    const unsure = isByInstrument(answer)
      ? "It is not clear enough to be named."
      : "It is not clear enough to be named: a wrong name would lead to wrong wavelengths.";
    return `${unsure} ${wavelengths}`;
  }
  const text = sourceText(answer.source);
  return `${text ? `${text}. ` : ""}${wavelengths}`;
}

// How sure the name is, and how sure it must be; nothing where the user named the lamp.
function sureness({ status, certainty, threshold }) {
  if (certainty === null) return "";
  if (status === "ok") return `The name is ${percent(certainty)} sure.`;
  const needed = threshold === null ? "" : `; a name needs ${percent(threshold)}`;
  return `The best guess is ${percent(certainty)} sure${needed}.`;
}

// Whether the wavelengths are those of the calibration that was asked for.
export function isByInstrument(answer) {
  return Boolean(answer.wavelength) && answer.wavelength.source !== OWN_LINES;
}

function wavelengthSentence(answer, asked) {
  const { wavelength } = answer;
  if (!wavelength) return answer.status === "ok" ? asSentence(answer.reason) : "";
  const from = isByInstrument(answer) ? `by the instrument "${asked.name}"` : `by ${wavelength.lines.length} lines`;
  return `Its wavelengths are known from ${claim(wavelength)}, ${from}.${moved(wavelength)}`;
}

// What is claimed, with the digits that the terminal has.
export function claim({ range_nm: [low, high], uncertainty_nm: error }) {
  return `${low.toFixed(0)} to ${high.toFixed(0)} nm, ± ${error.toFixed(2)} nm`;
}

function moved({ shift_px: shift }) {
  if (!shift) return "";
  return ` The camera has moved: the instrument was shifted by ${Math.abs(shift).toFixed(1)} px to fit the photo's own lines.`;
}

function hints(answer, asked) {
  const parts = [];
  const isRefused = asked.calibration && !isByInstrument(answer);
  if (isRefused) {
    parts.push(element("p", { className: "problem", textContent: `The instrument "${asked.name}" was not used.` }));
  }
  const isComplete = answer.status === "ok" || (isOther(answer) && answer.wavelength);
  if (!isComplete || (isRefused && answer.wavelength)) {
    parts.push(element("p", { textContent: asSentence(answer.reason) }));
  }
  for (const { code, text } of answer.remarks) {
    const words = REMARKS[code] ?? asSentence(text);
    if (words) parts.push(element("p", { textContent: words }));
  }
  const hints = answer.advice.map((hint) => element("li", { textContent: hint }));
  if (hints.length > 1) parts.push(element("ul", {}, ...hints));
  else if (hints.length) parts.push(element("p", { textContent: answer.advice[0] }));
  return parts;
}

// Remarks that have other words here; those of a shift stand with the wavelengths.
const REMARKS = {
  shifted: "",
  several_bands: "The photo shows several spectra. Click another one in it, or draw a box around one.",
};

const CAPTIONS = {
  ok: "Probabilities",
  unknown: "What it resembles, not certain enough for a name",
  named: "What the model would say by itself",
  other: "Which of the classes it resembles most",
};

function guesses(answer, asked) {
  const rows = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]);
  if (!rows.length) return [];
  const body = element("tbody", {}, ...rows.map(([name, value]) => guess(name, value, name === answer.source)));
  const which = asked.lamp ? "named" : isOther(answer) ? "other" : answer.status;
  const caption = element("caption", { textContent: CAPTIONS[which] });
  return [element("table", {}, caption, body)];
}

function guess(name, value, named) {
  const fill = element("div", { className: "fill" });
  fill.style.width = `${100 * value}%`;
  const track = element("div", { className: "track" }, fill);
  track.setAttribute("aria-hidden", "true");
  return element(
    "tr",
    { className: named ? "named" : "" },
    element("th", { scope: "row", textContent: sourceName(name) }),
    element("td", {}, track),
    element("td", { className: "number", textContent: percent(value) }),
  );
}

function percent(value) {
  if (value < 0.0005) return "< 0.1 %";
  if (value >= 0.9995) return "> 99.9 %";
  return `${(100 * value).toFixed(1)} %`;
}
