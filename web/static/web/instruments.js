// The live view's instruments: saved ones chosen, new ones from a file or from what the camera sees.

import { element, part } from "./elements.js";
import { proposeName } from "./names.js";
import * as service from "./service.js";
import { isByInstrument } from "./verdict.js";
import { refusal } from "./words.js";

const BY_HAND = "Its lines can be named by hand: choose no instrument, then click them in the plot.";

// The chosen one as the service keeps it ({ name, document }), or null.
export let saved = null;
// By how many pixels of the camera it was found to have moved since.
export let shift = 0;

let whenChosen = null;
let takePicture = null;

// `chosen` is called when another instrument holds; `picture` promises the camera's picture as a file.
export function wireInstruments({ chosen, picture }) {
  whenChosen = chosen;
  takePicture = picture;
  part("instrument").addEventListener("change", choose);
  part("instrument-file").addEventListener("change", open);
  part("calibrate").addEventListener("submit", calibrate);
  part("lamp").addEventListener("change", propose);
  part("making").addEventListener("toggle", propose);
  part("check").addEventListener("click", check);
  return load();
}

async function load(wanted) {
  let rows;
  try {
    rows = await service.listCalibrations();
  } catch (error) {
    tell(part("instrument-note"), inWords(error));
    return;
  }
  part("instrument").replaceChildren(
    element("option", { value: "", textContent: rows.length ? "None: pixels" : "None saved yet: pixels" }),
    ...rows.map(({ id, name }) => element("option", { value: id, textContent: name })));
  part("instrument").value = rows.some(({ id }) => id === wanted) ? wanted : rows[0]?.id ?? "";
  await choose();
}

export const chooseSaved = load;

async function choose() {
  const id = part("instrument").value;
  try {
    saved = id ? await service.readCalibration(id) : null;
  } catch (error) {
    tell(part("instrument-note"), inWords(error));
    return;
  }
  shift = 0;
  part("instrument-note").textContent = saved?.document.quality ?? "";
  part("checked").textContent = "";
  await whenChosen();
}

async function open(event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) await keep(() => service.saveInstrument(file, file.name.replace(/\.json$/i, "")), part("instrument-note"));
}

// The name of an instrument made with the chosen lamp.
function propose() {
  const [lamp] = part("lamp").selectedOptions;
  proposeName(part("calibration-name"), lamp.value ? lamp.textContent : "Lamp");
}

async function calibrate(event) {
  event.preventDefault();
  propose();
  const button = event.target.querySelector("button");
  button.disabled = true;
  part("calibrated").textContent = "Reading the picture…";
  const photo = new File([await takePicture()], "live picture.png", { type: "image/png" });
  const name = part("calibration-name").value.trim();
  const asked = { lamp: part("lamp").value };
  const isKept = await keep(() => service.saveCalibration(photo, name, asked), part("calibrated"));
  if (isKept) {
    part("calibration-name").value = "";
    propose();
  }
  button.disabled = false;
}

// Asks whether the lines of the lamp that the camera sees lie where the instrument puts them.
async function check() {
  part("check").disabled = true;
  part("checked").textContent = "Reading the picture…";
  try {
    const photo = new File([await takePicture()], "live picture.png", { type: "image/png" });
    const { id } = saved;
    const answer = await service.identify(photo, { lamp: "", calibration: id });
    if (saved?.id === id) await judge(answer);
  } catch (error) {
    tell(part("checked"), inWords(error));
  } finally {
    part("check").disabled = false;
  }
}

async function judge(answer) {
  let text = "The lines lie where the instrument puts them.";
  if (!isByInstrument(answer)) {
    text = `It does not fit: ${answer.reason}. Calibrate anew.`;
  } else if (answer.wavelength.shift_px === null) {
    text = "This light has no lines to check by: take a lamp that has.";
  } else {
    const moved = answer.wavelength.shift_px;
    if (moved) text = `The camera has moved by ${Math.abs(moved).toFixed(1)} px since: put right.`;
    if (moved !== shift) {
      shift = moved;
      await whenChosen();
    }
  }
  tell(part("checked"), text);
}

async function keep(work, place) {
  try {
    const { id, name, document } = await work();
    await load(id);
    tell(place, `Saved as "${name}": ${document.quality}.`);
    return true;
  } catch (error) {
    tell(place, inWords(error));
    return false;
  }
}

function tell(place, text) {
  place.textContent = text;
  part("status").textContent = text;
}

function inWords(error) {
  if (!(error instanceof service.Refusal)) throw error;
  const words = refusal(error.code, error.message);
  const way = error.code === "no_wavelength_axis" ? ` ${BY_HAND}` : "";
  return `${words.title}. ${words.text}${way}`;
}
