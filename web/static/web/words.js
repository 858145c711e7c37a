// What the service's short words mean, for people.

export const SOURCES = {
  led: ["LED", "an LED", "A light-emitting diode"],
  cfl_hg: ["Fluorescent or mercury lamp", "a fluorescent or mercury lamp", "Mercury lines, with or without phosphors"],
  continuum: ["Continuous light", "continuous light", "Sun, sky, star, incandescent or halogen lamp"],
  neon: ["Neon lamp", "a neon lamp", "Many lines from yellow to red"],
  helium: ["Helium lamp", "a helium lamp", "Few lines from violet to red"],
  hydrogen: ["Hydrogen lamp", "a hydrogen lamp", "The Balmer lines"],
  nitrogen: ["Nitrogen lamp", "a nitrogen lamp", "Molecular bands"],
  cfl: ["Fluorescent lamp"],
  fraunhofer: ["Sunlight, by its Fraunhofer lines"],
};

export function sourceName(id) {
  const plain = id.replaceAll("_", " ");
  return SOURCES[id]?.[0] ?? plain[0].toUpperCase() + plain.slice(1);
}

function withArticle(id) {
  return SOURCES[id]?.[1] ?? sourceName(id);
}

export function sourceText(id) {
  return SOURCES[id]?.[2] ?? "";
}

// Tried from top to bottom on the reason that the service gives.
const ADVICE = [
  [
    /too dark|dark/i,
    "The spectrum is too dark to judge.",
    ["Expose longer, or bring the lamp nearer to the slit.", "Keep other light out of the box."],
  ],
  [
    /clipped|saturat|overexpos/i,
    "The spectrum is overexposed: its shape is lost where the camera clips.",
    ["Expose shorter, or move the lamp away.", "Switch off automatic exposure where you can."],
  ],
  [
    /between (\w+) and (\w+)/i,
    (match) => `It could be ${withArticle(match[1])} or ${withArticle(match[2])}; the photo does not decide it.`,
    ["Focus on the slit, so that lines come out narrow.", "Show all of the spectrum, from violet to red."],
  ],
  [
    /unlike anything in training \(nearest: (\w+)/i,
    (match) =>
      `It is unlike the lamps that the program has learnt; ${withArticle(match[1])} comes nearest, but not near enough.`,
    ["Lasers, sodium, argon and other lamps are none of the seven kinds that it knows.", "If you know the lamp, name it under Options."],
  ],
  [
    /calibration/i,
    "The saved calibration does not belong to this photo.",
    ["It holds for photos of the same instrument, the same size, and a camera that has not moved."],
  ],
  [
    /stand|background|noise|no band|spectrum|colou?r/i,
    "No spectrum stands out in this photo.",
    ["Fill the picture with the spectrum.", "Keep the background dark and the slit in focus."],
  ],
];

// Why there is a source but no wavelengths.
const NO_AXIS = [
  [/calibration/i, "The saved calibration does not belong to this photo, so it has no wavelengths."],
  [/has no lines/i, "This light has no lines to place wavelengths by."],
  [/uncertain/i, "The lines leave the wavelengths too uncertain to be given."],
  [/px long/i, "The spectrum is too small in this photo to place wavelengths."],
  [/lines? ?(\(s\))? seen|lines found/i, "Too few of the lamp's lines stand out to place wavelengths by them."],
  [/confirm/i, "The lamp's lines do not confirm where its wavelengths seem to lie, so it has none."],
];

export function noAxis(reason) {
  const found = NO_AXIS.find(([pattern]) => pattern.test(reason ?? ""));
  return found ? found[1] : "No wavelengths can be given.";
}

export function advice(reason) {
  for (const [pattern, text, hints] of ADVICE) {
    const match = pattern.exec(reason ?? "");
    if (match) return { text: typeof text === "function" ? text(match) : text, hints };
  }
  return { text: "", hints: [] };
}

// Refusals of a request, by the service's code.
const REFUSALS = {
  too_large: ["This photo is too large", "Send a smaller one, or the JPEG in place of the raw file."],
  too_many_photos: ["Too many photos at once", "Send them one after the other."],
  unreadable_photo: ["This file cannot be read as a photo", ""],
  too_many_requests: ["Too many photos in a short time", "Wait a minute, then try again."],
  busy: ["The server is busy", "Every reader is taken. Try again in a few seconds."],
  token_missing: ["You are no longer logged in", "Load the page again to log in."],
  csrf_failed: ["The page has expired", "Load it again, then try once more."],
  no_wavelength_axis: ["No calibration can be made of this photo", ""],
  internal_error: ["Something went wrong on the server", "It has been logged. Try another photo."],
  offline: ["The server does not answer", "Check that it runs and that you are connected."],
};

export function refusal(code, message) {
  const [title, text] = REFUSALS[code] ?? ["The server refused this", ""];
  return { title, text: text || message || "" };
}
