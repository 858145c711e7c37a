// The page: takes photos, asks the service, shows the answers.

import { wireBands } from "./bands.js";
import { ByHand } from "./by_hand.js";
import { keepCalibration, loadCalibrations, wireOpening } from "./calibrations.js";
import { part } from "./elements.js";
import { forgetLink, linkTo, linked } from "./link.js";
import { freeName } from "./names.js";
import { redraw, showSpectra, shown, wirePanel } from "./panel.js";
import { showPhoto } from "./photo.js";
import { saveCsv, saveJson, savePng } from "./save.js";
import * as service from "./service.js";
import { shareAxis, showShots, wireShots } from "./shots.js";
import { claim, heading, isByInstrument, showVerdict } from "./verdict.js";
import { refusal, sourceName } from "./words.js";

const maxBytes = Number(document.querySelector('meta[name="max-bytes"]').content);
const maxPhotos = Number(document.querySelector('meta[name="max-photos"]').content);
const AT_ONCE = 2; // photos sent to the server together

let shots = []; // as shots.js describes them
let current = null; // the one in view
let awaited = null; // the one to view once it is read, if not the first
let rounds = 0;

/* Asking */

function take(files, { isMore = false } = {}) {
  const chosen = [...files];
  if (!chosen.length) return;
  const before = isMore ? shots : [];
  const fit = chosen.slice(0, maxPhotos - before.length);
  part("drop-note").textContent = fit.length < chosen.length
    ? `Took the first ${fit.length} of ${chosen.length} files: the page compares up to ${maxPhotos}.` : "";
  const lamp = isMore ? "" : lampOfNext();
  const fresh = fit.map((file, index) => ({ file, index: before.length + index, isOverlaid: true, lamp, band: "" }));
  shots = [...before, ...fresh];
  if (!isMore) current = awaited = null;
  forgetLink();
  read();
}

// A lamp that was named for photos that are here already says nothing of the next ones.
function lampOfNext() {
  const select = part("lamp");
  const { value, selectedOptions: [{ textContent: name }] } = select;
  if (!value || !shots.length) return value;
  select.value = "";
  part("drop-note").textContent += ` The lamp is recognised: "${name}" was named for the photo before.`;
  return "";
}

// Asks for photos anew, after another instrument was chosen.
function readAgain() {
  if (!shots.length || shots.some(isOfLink)) return;
  for (const shot of shots) Object.assign(shot, { answer: null, refused: null });
  current = awaited = null;
  read();
}

// Asks for the photo in view anew, after its lamp was named or one of its spectra chosen.
function readOneAgain(choice) {
  const shot = current ?? (shots.length === 1 ? shots[0] : null);
  if (!shot || isOfLink(shot)) return;
  Object.assign(shot, choice, { answer: null, refused: null });
  current = null;
  awaited = shot;
  read();
}

async function read() {
  rounds += 1;
  const mine = rounds;
  const wanted = shots.filter((shot) => !shot.answer && !shot.refused);
  const select = part("calibration");
  const asked = { calibration: select.value, name: select.selectedOptions[0].textContent };
  for (const shot of wanted) shot.asked = { ...asked, lamp: shot.lamp, band: shot.band };
  wait();
  const queue = [...wanted];
  const work = async () => {
    while (queue.length && mine === rounds) {
      const shot = queue.shift();
      await answer(shot);
      if (mine === rounds) arrive();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (mine === rounds) finish();
}

// What was asked for anew meanwhile is answered by the latest request alone.
async function answer(shot) {
  const { file, asked } = shot;
  const told = {};
  try {
    if (file.size > maxBytes) throw new service.Refusal("too_large", "");
    told.answer = await service.identify(file, asked);
  } catch (error) {
    if (!(error instanceof service.Refusal)) throw error;
    told.refused = error;
  }
  if (shot.asked === asked) Object.assign(shot, told);
}

function wait() {
  part("busy").hidden = false;
  part("busy-text").textContent = shots.length > 1 ? "Reading the photos…" : "Reading the photo…";
  part("refusal").hidden = true;
  part("result").hidden = !current;
  list();
  say(part("busy-text").textContent);
}

function say(text) {
  part("status").textContent = text;
}

/* Answering */

// One photo has been read. The first of them all is shown as soon as it can be.
function arrive() {
  list();
  if (current) {
    plot();
    return;
  }
  const first = awaited && !awaited.refused ? awaited : shots.find((shot) => !shot.refused);
  if (!first?.answer) return;
  // What lies above the answer goes before the page moves to it.
  part("busy").hidden = true;
  view(first);
  part("source").focus({ preventScroll: true });
  part("result").scrollIntoView({ block: "start" });
}

function finish() {
  part("busy").hidden = true;
  const refused = shots.filter((shot) => shot.refused);
  if (!current && refused.length) refuse(refused[0].refused);
}

function refuse(error) {
  const words = refusal(error.code, error.message);
  part("refusal-title").textContent = words.title;
  part("refusal-text").textContent = words.text;
  part("refusal").hidden = false;
  part("refusal-title").focus();
  say(`${words.title}. ${words.text}`);
}

function view(shot) {
  current = shot;
  awaited = null;
  const { answer, asked } = shot;
  byHand.clear();
  // What an instrument reads lies on a band of its own.
  part("by-hand").hidden = !answer.spectrum || isByInstrument(answer) || isOfLink(shot);
  part("by-hand").open = !answer.wavelength;
  document.body.classList.add("answered");
  part("result").hidden = false;
  list();
  showPhoto(part("photo"), answer);
  wireBands(document.querySelector("#photo .frame"), answer, (band) => readOneAgain({ band }));
  part("lamp").value = shot.lamp;
  showVerdict(answer, asked);
  plot();
  part("kept").textContent = "";
  proposePhotoName();
  part("calibrate").hidden = !answer.wavelength || isByInstrument(answer) || isOfLink(shot);
  part("more").disabled = isOfLink(shot);
  document.querySelector('label[for="more"]').hidden = isOfLink(shot);
  say(["eyebrow", "source", "sentence"].map((id) => part(id).textContent).join(". "));
}

function list() {
  showShots(shots, current, { choose: view, change: plot });
}

function plot() {
  const others = shots.filter((shot) => shot !== current && shot.isOverlaid && shareAxis(shot.answer, current.answer));
  const drawn = current.answer.spectrum ? [current, ...others] : [];
  showSpectra(drawn.map(({ file, index, answer }) => ({
    name: file.name, index, spectrum: answer.spectrum, measurement: answer.measurement, lines: linesOf(answer),
  })));
}

// The lines that an axis rests on, with how far it misses each. Those of an instrument are its lamp's,
// not this photo's.
function linesOf(answer) {
  if (!answer.wavelength || isByInstrument(answer)) return [];
  const { coefficients, lines } = answer.wavelength;
  const nmAt = (px) => coefficients.reduceRight((sum, coefficient) => sum * px + coefficient, 0);
  return lines.map((line) => ({ ...line, residual: nmAt(line.px) - line.nm }));
}

// What a picture of the plot is called: photo and lamp, and what is claimed.
function titleOf({ answer, asked }) {
  const { wavelength } = answer;
  const below = wavelength ? `Wavelengths in air, known from ${claim(wavelength)}` : "Without a wavelength axis";
  return [`${answer.photo}: ${heading(answer, asked)[1]}`, below];
}

// An instrument without a name of its own is called as its photo.
function proposePhotoName() {
  part("calibration-name").placeholder = freeName(current.answer.photo.replace(/\.[^.]*$/, ""));
}

async function keep(event) {
  event.preventDefault();
  const field = part("calibration-name");
  const name = field.value.trim() || field.placeholder;
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    part("kept").textContent = await keepCalibration(current.file, name, current.asked);
    field.value = "";
    if (current.answer) proposePhotoName();
  } finally {
    button.disabled = false;
  }
}

// What the service is to know of the photo in view for points set by hand.
function placeOfPoints() {
  const { file, asked, answer: { preview, band } } = current;
  const { axis, x0, y0, x1, y1, angle_deg } = band;
  const { width, height } = preview;
  return { photo: file, band: asked.band, frame: { photo: { width, height }, band: { axis, x0, y0, x1, y1, angle_deg } } };
}

// The photos are read anew with the instrument that was made by hand.
async function useInstrument({ id, name, document }) {
  await loadCalibrations();
  part("calibration").value = id;
  part("instrument-note").textContent = `Saved as "${name}": ${document.quality}.`;
  readAgain();
}

/* Keeping in a link */

// Whether an answer is that of a link: its photo is not here to be read again.
function isOfLink({ file }) {
  return !(file instanceof File);
}

async function copyLink() {
  const address = await linkTo(current, document.querySelector("#photo img"));
  history.replaceState(null, "", address);
  let where = "It is in the address bar";
  try {
    await navigator.clipboard.writeText(address);
    where += ", and copied";
  } catch {
    // Browsers let pages copy only over HTTPS or on the machine itself.
  }
  part("kept").textContent = `${where}: whoever opens it here sees this answer. It holds the answer itself, ` +
    "with a small picture of the photo; the server keeps nothing.";
}

async function openLink() {
  try {
    const kept = await linked();
    if (!kept) return;
    const { answer, asked } = kept;
    shots = [{ file: { name: answer.photo }, index: 0, isOverlaid: true, lamp: asked.lamp, band: asked.band, answer, asked }];
    view(shots[0]);
    part("drop-note").textContent = "This answer is the link's. Its photo is here as a small picture only: choose the photo to read it again.";
    part("result").scrollIntoView({ block: "start" });
  } catch {
    shots = [];
    current = null;
    part("result").hidden = true;
    refuse({ code: "damaged_link" });
  }
}

/* Wiring */

const byHand = new ByHand({ place: placeOfPoints, saved: useInstrument, changed: redraw });

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
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
}

function wireChoosing() {
  for (const id of ["file", "camera", "more"]) {
    part(id).addEventListener("change", (event) => {
      take(event.target.files, { isMore: id === "more" });
      event.target.value = ""; // so that the same file can be chosen again
    });
  }
  for (const button of document.querySelectorAll(".example")) {
    button.addEventListener("click", async () => {
      const response = await fetch(button.dataset.photo);
      const name = button.dataset.photo.split("/").at(-1);
      take([new File([await response.blob()], name, { type: "image/jpeg" })]);
    });
  }
  part("calibration").addEventListener("change", readAgain);
  part("lamp").addEventListener("change", (event) => readOneAgain({ lamp: event.target.value }));
  for (const option of part("lamp").options) {
    if (option.value) option.textContent = sourceName(option.value);
  }
}

function wireSaving() {
  part("save-csv").addEventListener("click", () => saveCsv(shown(), current.answer.photo));
  part("save-png").addEventListener("click", () => savePng(shown(), current.answer.photo, titleOf(current)));
  part("print").addEventListener("click", () => print());
  part("keep-link").addEventListener("click", copyLink);
  part("save-json").addEventListener("click", () => {
    const answers = shots.filter((shot) => shot.answer).map(({ answer: { preview, ...rest } }) => rest);
    const stem = current.answer.photo.replace(/\.[^.]*$/, "");
    saveJson(answers.length > 1 ? answers : answers[0], `${stem}.json`);
  });
  part("calibrate").addEventListener("submit", keep);
}

wireDrop();
wireChoosing();
wirePanel({
  picked: (...peak) => part("by-hand").open && !part("by-hand").hidden && byHand.pick(...peak),
  marks: () => byHand.marks,
  nmAt: (px) => byHand.nmAt(px),
});
wireShots();
wireSaving();
wireOpening(readAgain);
loadCalibrations();
openLink();
addEventListener("hashchange", openLink);
