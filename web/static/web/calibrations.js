// Saved instruments: chosen, kept, opened, downloaded, deleted.

import { element, part } from "./elements.js";
import { saveJson } from "./save.js";
import * as service from "./service.js";
import { refusal } from "./words.js";

export async function loadCalibrations() {
  let saved;
  try {
    saved = await service.listCalibrations();
  } catch (error) {
    if (error instanceof service.Refusal) return; // the page works without them
    throw error;
  }
  const select = part("calibration");
  const chosen = select.value;
  select.replaceChildren(
    select.options[0],
    ...saved.map(({ id, name }) => element("option", { value: id, textContent: name })),
  );
  select.value = saved.some(({ id }) => id === chosen) ? chosen : "";
  part("calibrations").hidden = !saved.length;
  part("calibration-list").replaceChildren(...saved.map(row));
}

export async function keepCalibration(photo, name, asked) {
  try {
    const { id, document } = await service.saveCalibration(photo, name, asked);
    await loadCalibrations();
    // For the next photos; the lamp's own answer stays as it is.
    part("calibration").value = id;
    return `Saved as "${name}": ${document.quality}. The next photos are measured with it, unless you choose ` +
      "another under Options. The live view lists it, too.";
  } catch (error) {
    return inWords(error);
  }
}

// `done` is called once an instrument from a file has been saved and chosen.
export function wireOpening(done) {
  part("instrument-file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    try {
      const { id, name, document } = await service.saveInstrument(file, file.name.replace(/\.json$/i, ""));
      await loadCalibrations();
      part("calibration").value = id;
      part("instrument-note").textContent = `Saved as "${name}": ${document.quality}.`;
      done();
    } catch (error) {
      part("instrument-note").textContent = inWords(error);
    }
  });
}

function row({ id, name, created, owner, deletable }) {
  const day = new Date(created).toLocaleDateString(undefined, { dateStyle: "medium" });
  return element(
    "li", {},
    element("span", { textContent: name }),
    element("span", { className: "hint", textContent: owner ? `${day}, ${owner}` : day }),
    button("Download", name, () => download(id, name)),
    ...(deletable ? [button("Delete", name, () => remove(id, name))] : []),
  );
}

function button(word, name, work) {
  const made = element("button", { type: "button", className: "quiet", textContent: word });
  made.setAttribute("aria-label", `${word} ${name}`);
  made.addEventListener("click", async () => {
    try {
      await work();
    } catch (error) {
      part("status").textContent = inWords(error);
    }
  });
  return made;
}

async function download(id, name) {
  const whole = await service.readCalibration(id);
  saveJson(whole.document, `${name.replace(/[^\p{L}\p{N}_-]+/gu, "_")}.json`);
}

async function remove(id, name) {
  if (!confirm(`Delete the instrument "${name}"?`)) return;
  await service.deleteCalibration(id);
  await loadCalibrations();
  part("status").textContent = `${name} is deleted.`;
}

function inWords(error) {
  if (!(error instanceof service.Refusal)) throw error;
  const words = refusal(error.code, error.message);
  return `${words.title}. ${words.text}`;
}
