// The page: takes a photo, asks the service, shows the answer.

import { keepCalibration, loadCalibrations } from "./calibrations.js";
import { part } from "./elements.js";
import { showSpectrum, shown, wirePanel } from "./panel.js";
import { showPhoto } from "./photo.js";
import { saveCsv, saveJson, savePng } from "./save.js";
import * as service from "./service.js";
import { showVerdict } from "./verdict.js";
import { refusal, sourceName } from "./words.js";

const maxBytes = Number(document.querySelector('meta[name="max-bytes"]').content);

let photo = null;
let answer = null;
let requests = 0;

/* Asking */

function takeFirst(files) {
  part("drop-note").textContent =
    files.length > 1 ? `Took the first of ${files.length} files: the page reads one at a time.` : "";
  if (files.length) take(files[0]);
}

async function take(file) {
  photo = file;
  requests += 1;
  const mine = requests;
  const asked = { lamp: part("lamp").value, calibration: part("calibration").value };
  wait();
  try {
    if (file.size > maxBytes) throw new service.Refusal("too_large", "");
    const received = await service.identify(file, asked);
    if (mine === requests) show(received, asked);
  } catch (error) {
    if (!(error instanceof service.Refusal)) throw error;
    if (mine === requests) refuse(error);
  } finally {
    if (mine === requests) part("busy").hidden = true;
  }
}

function wait() {
  part("busy").hidden = false;
  part("refusal").hidden = true;
  part("result").hidden = true;
  say("Reading the photo…");
}

function say(text) {
  part("status").textContent = text;
}

/* Answering */

function refuse(error) {
  const words = refusal(error.code, error.message);
  part("refusal-title").textContent = words.title;
  part("refusal-text").textContent = words.text;
  part("refusal").hidden = false;
  part("refusal-title").focus();
  say(`${words.title}. ${words.text}`);
}

function show(received, asked) {
  answer = received;
  document.body.classList.add("answered");
  part("result").hidden = false;
  showPhoto(part("photo"), answer);
  showVerdict(answer, asked);
  // The lines of a saved calibration are those of its lamp, not of this photo.
  showSpectrum(answer.spectrum, asked.calibration ? [] : answer.wavelength?.lines ?? []);
  part("kept").textContent = "";
  part("calibrate").hidden = !answer.wavelength || Boolean(asked.calibration);
  part("source").focus({ preventScroll: true });
  part("result").scrollIntoView({ block: "start" });
  say(["eyebrow", "source", "sentence"].map((id) => part(id).textContent).join(". "));
}

async function keep(event) {
  event.preventDefault();
  const field = part("calibration-name");
  const name = field.value.trim();
  if (!name) return;
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    part("kept").textContent = await keepCalibration(photo, name, part("lamp").value);
    field.value = "";
  } finally {
    button.disabled = false;
  }
}

/* Wiring */

function wireDrop() {
  const drop = part("drop");
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!hasFiles(event)) return;
    event.preventDefault();
    takeFirst(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => takeFirst(event.clipboardData?.files ?? []));
}

function wireChoosing() {
  for (const id of ["file", "camera"]) {
    part(id).addEventListener("change", (event) => {
      takeFirst(event.target.files);
      event.target.value = ""; // so that the same file can be chosen again
    });
  }
  for (const button of document.querySelectorAll(".example")) {
    button.addEventListener("click", async () => {
      const response = await fetch(button.dataset.photo);
      const name = button.dataset.photo.split("/").at(-1);
      take(new File([await response.blob()], name, { type: "image/jpeg" }));
    });
  }
  for (const id of ["lamp", "calibration"]) {
    part(id).addEventListener("change", () => {
      if (photo && answer) take(photo);
    });
  }
  for (const option of part("lamp").options) {
    if (option.value) option.textContent = sourceName(option.value);
  }
}

function wireSaving() {
  part("save-csv").addEventListener("click", () => saveCsv(shown().points, answer.photo));
  part("save-png").addEventListener("click", () => savePng(shown(), answer.photo));
  part("save-json").addEventListener("click", () => {
    const { preview, ...rest } = answer;
    saveJson(rest, `${answer.photo.replace(/\.[^.]*$/, "")}.json`);
  });
  part("calibrate").addEventListener("submit", keep);
}

wireDrop();
wireChoosing();
wirePanel();
wireSaving();
loadCalibrations();
