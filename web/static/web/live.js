// The live view: the camera's light on an instrument's wavelengths, as it moves.

import { NoCamera, hold, holdable, listCameras, openCamera } from "./camera.js";
import { Chart } from "./chart.js";
import { element, part, shape } from "./elements.js";
import { WrongInstrument, instrumentIn } from "./instrument.js";
import { saved, shift, wireInstruments } from "./instruments.js";
import { RunningMean, absorbance, intensity, isBrighter, isLit, transmission, without } from "./light.js";
import { isDark, palette, whenColoursChange } from "./palette.js";
import { findPeaks } from "./peaks.js";
import { UNITS, tell, tellReading } from "./readout.js";
import { Sampler } from "./sampler.js";
import { saveBlob, saveText } from "./save.js";
import { measuredTable } from "./tables.js";
import { sourceName } from "./words.js";
import { Zoom } from "./zoom.js";

const KEPT_FRAMES = 16; // of a dark and a reference: their noise is to add nothing to that of the light
const WORDS_EVERY_MS = 400; // numbers that change faster cannot be read
const LEAST_PEAK = 0.15; // % of full scale: about half a level where an 8-bit camera is dark
const NOTES = {
  dark: "Dark taken: it is subtracted.",
  reference: "Reference taken: put the sample in the way.",
  unlit: "The reference has light at too few wavelengths to divide by: take a filament lamp or daylight, without the sample.",
};

const video = part("video");
const chart = new Chart(part("chart"));
const zoom = new Zoom(part("plot"), {
  scale: () => chart.scale,
  changed: draw,
  buttons: { in: part("zoom-in"), out: part("zoom-out"), reset: part("zoom-reset") },
});
const pad = new OffscreenCanvas(2, 2);
const pixels = pad.getContext("2d", { willReadFrequently: true });

let stream = null;
let placed = null; // the chosen instrument, laid over the camera's frames
let sampler = null;
let mean = null;
let kept = { dark: null, reference: null };
let taking = null; // { kind, mean } while a dark or a reference is taken
let frozen = null; // the camera's picture, while it is
let seen = null; // what the chart shows, as readout.js and chart.js take it
let colours = { palette: palette(), dark: isDark() };
let rounds = 0;
let drawn = 0;
let told = { at: 0, drawn: 0 };

/* Starting and stopping */

async function start() {
  part("problem").hidden = true;
  part("start").disabled = true;
  try {
    stop();
    stream = await openCamera(saved?.document.photo, part("camera").value);
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => {
      stop();
      fail("The camera has gone", "It was unplugged, or the system took it away. Start again once it is back.");
    });
    video.srcObject = stream;
    await video.play();
    part("live").hidden = false;
    await showCameras(track);
    showHolding(track);
    lay();
    follow();
    say("The camera runs.");
  } catch (error) {
    if (!(error instanceof NoCamera)) throw error;
    fail(error.title, error.message);
  } finally {
    part("start").disabled = false;
    showButtons();
  }
}

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
  frozen = taking = null;
  showButtons();
}

function fail(title, text) {
  part("problem-title").textContent = title;
  part("problem-text").textContent = text;
  part("problem").hidden = false;
}

function say(text) {
  part("status").textContent = text;
}

async function showCameras(track) {
  const cameras = await listCameras();
  part("camera").replaceChildren(...cameras.map(({ deviceId, label }, index) =>
    element("option", { value: deviceId, textContent: label || `Camera ${index + 1}` })));
  part("camera").value = track.getSettings().deviceId ?? "";
  part("camera-field").hidden = cameras.length < 2;
}

function showHolding(track) {
  const modes = holdable(track);
  part("hold-field").hidden = !modes.length;
  part("hold").checked = false;
  part("hold").onchange = () => hold(track, modes, part("hold").checked).catch(() => {
    part("hold").checked = false;
    say("The camera does not let its exposure be held.");
  });
}

/* The instrument over the camera's frames */

async function chosen() {
  const photo = saved?.document.photo;
  const isOfThisSize = !photo || (photo.width === video.videoWidth && photo.height === video.videoHeight);
  // Another size may be one that the camera has, too.
  if (stream && !isOfThisSize) await start();
  else lay();
}

// What was measured on another instrument is of no use.
function lay() {
  placed = sampler = seen = null;
  kept = { dark: null, reference: null };
  taking = frozen = null;
  average();
  if (stream) part("problem").hidden = true;
  if (stream && saved && video.videoWidth) {
    try {
      placed = instrumentIn(saved.document, video.videoWidth, video.videoHeight, shift);
      sampler = new Sampler(placed);
      pad.width = sampler.box.width;
      pad.height = sampler.box.height;
      zoom.fit(placed.nm[0], placed.nm.at(-1));
      part("cursor").max = placed.px.length - 1;
      part("cursor").value = Math.round(placed.px.length / 2);
    } catch (error) {
      if (!(error instanceof WrongInstrument)) throw error;
      fail(`"${saved.name}" does not fit this camera`, error.message);
    }
  }
  part("no-instrument").hidden = Boolean(saved);
  if (!saved) part("making").open = true;
  part("measured").hidden = part("checking").hidden = !placed;
  part("peaks").hidden = true;
  outline();
  showButtons();
}

function outline() {
  part("outline").replaceChildren();
  if (!placed) return;
  part("outline").setAttribute("viewBox", `0 0 ${placed.width} ${placed.height}`);
  const spots = Array.from({ length: 25 }, (_, step) => placed.px[Math.round((step / 24) * (placed.px.length - 1))]);
  const side = (off) => spots.map((px) => [px, placed.centre(px) + off]);
  const corners = [...side(-placed.halfHeight), ...side(placed.halfHeight).reverse()]
    .map(([along, across]) => (placed.horizontal ? [along, across] : [across, along]).map(Math.round).join());
  for (const name of ["band-halo", "band-line"]) {
    part("outline").append(shape("polygon", { points: corners.join(" "), class: name }));
  }
}

/* Frame by frame */

// Draws each frame once, until the camera stops or is started anew.
function follow() {
  rounds += 1;
  const mine = rounds;
  const next = () => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(step);
    else requestAnimationFrame(step);
  };
  const step = () => {
    if (!stream || mine !== rounds) return;
    next();
    if (placed && (placed.width !== video.videoWidth || placed.height !== video.videoHeight)) lay();
    if (!frozen && sampler) take(video);
  };
  next();
}

function take(picture) {
  const { left, top, width, height } = sampler.box;
  pixels.drawImage(picture, left, top, width, height, 0, 0, width, height);
  const frame = sampler.read(pixels.getImageData(0, 0, width, height).data);
  mean.add(frame);
  if (taking) collect(frame);
  look();
  draw();
  drawn += 1;
  if (performance.now() - told.at > WORDS_EVERY_MS) tellAll();
}

function collect(frame) {
  taking.mean.add(frame);
  if (!taking.mean.isFull) return;
  const { kind, mean: whole } = taking;
  taking = null;
  const { rgb } = whole.mean();
  if (kind === "reference" && !isLit(without(rgb, kept.dark))) {
    note(NOTES.unlit);
  } else {
    kept[kind] = rgb;
    if (kind === "reference") part("shows").value = "transmission";
    note(NOTES[kind]);
  }
  showButtons();
}

// What the chart is to show of the frames of late.
function look() {
  const { rgb, clipped, noise, frames } = mean.mean();
  const light = without(rgb, kept.dark);
  const shows = kept.reference ? part("shows").value : "light";
  const passed = shows === "light" ? null : transmission(light, without(kept.reference, kept.dark));
  const measured = { light: () => intensity(light), transmission: () => passed, absorbance: () => absorbance(passed) }[shows]();
  const values = shows === "absorbance" ? measured : measured.map((value) => 100 * value);
  seen = {
    nm: placed.nm, error: placed.error, unit: UNITS[shows], shows, measured, values, light, clipped, noise, frames,
    brightest: rgb.reduce((most, value) => Math.max(most, value), 0),
    peaks: shows === "light" ? findPeaks(values, placed.nm, LEAST_PEAK) : [],
    isDarker: Boolean(kept.dark) && isBrighter(kept.dark, rgb),
  };
}

function draw() {
  if (!seen) return;
  chart.draw(seen, { ...colours, shown: zoom.shown, marked: zoom.marked, cursor: Number(part("cursor").value) });
}

function tellAll() {
  const now = performance.now();
  const rate = told.at ? `${((1000 * (drawn - told.drawn)) / (now - told.at)).toFixed(0)} frames a second` : "";
  part("rate").textContent = [frozen ? "Frozen" : rate, `mean of ${seen.frames}`].filter(Boolean).join(" · ");
  part("rate").dataset.drawn = drawn;
  told = { at: now, drawn };
  tell(seen, zoom.shown);
}

// After a change of what is shown, whether frames come or not.
function refresh() {
  if (!seen) return;
  look();
  draw();
  tellAll();
}

/* What the buttons do */

function freeze() {
  if (frozen) {
    frozen = null;
  } else {
    frozen = picture();
    take(frozen);
    tellAll();
    const peaks = seen.peaks.map((peak) => peak.nm.toFixed(1)).join(", ");
    say(peaks ? `Frozen. Peaks at ${peaks} nanometres.` : "Frozen.");
  }
  showButtons();
}

function takeOrDrop(kind) {
  if (kept[kind]) {
    kept[kind] = null;
    note(kind === "dark" ? "Nothing is subtracted." : "The light itself is shown.");
  } else {
    taking = { kind, mean: new RunningMean(KEPT_FRAMES) };
  }
  showButtons();
  refresh();
}

function note(text) {
  part("note").textContent = text;
  say(text);
}

function average() {
  mean = new RunningMean(Number(part("average").value));
}

function showButtons() {
  part("start").textContent = stream ? "Start again" : "Start the camera";
  part("start").classList.toggle("primary", !stream);
  part("stop").hidden = !stream;
  part("freeze").disabled = !stream;
  part("freeze").textContent = frozen ? "Go on" : "Freeze";
  part("average").disabled = Boolean(frozen);
  for (const kind of ["dark", "reference"]) {
    const verb = taking?.kind === kind ? "Taking" : kept[kind] ? "Drop" : "Take";
    part(kind).textContent = `${verb} ${kind}`;
    part(kind).setAttribute("aria-pressed", Boolean(kept[kind]));
    part(kind).disabled = Boolean(taking) || (!kept[kind] && (!stream || Boolean(frozen)));
  }
  part("shows-field").hidden = !kept.reference;
}

/* Files */

// All of the camera's picture, as it is now.
function picture() {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

function pictureFile() {
  return (frozen ?? picture()).convertToBlob({ type: "image/png" });
}

function fileName(what, suffix) {
  const stem = saved.name.replace(/[^\p{L}\p{N}_-]+/gu, "_");
  return `${stem}_${what}_${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.${suffix}`;
}

function csv() {
  return measuredTable(Array.from(placed.nm, (nm, at) => ({
    nm,
    measured: seen.measured[at],
    error: placed.error[at],
    noise: seen.noise && seen.shows === "light" ? seen.noise[at] : null,
    rgb: [0, 1, 2].map((channel) => 100 * seen.light[3 * at + channel]),
    clipped: seen.clipped[at],
    px: placed.px[at],
  })));
}

/* Wiring */

function point(event) {
  if (!seen || zoom.marked || (event.pointerType === "touch" && event.type === "pointermove" && !event.buttons)) return;
  const nm = zoom.valueAt(event);
  part("cursor").value = seen.nm.reduce((best, value, at) => (Math.abs(value - nm) < Math.abs(seen.nm[best] - nm) ? at : best), 0);
  moveCursor();
}

function moveCursor() {
  if (!seen) return;
  tellReading(seen);
  draw();
}

function wire() {
  part("start").addEventListener("click", start);
  part("stop").addEventListener("click", stop);
  part("camera").addEventListener("change", start);
  part("freeze").addEventListener("click", freeze);
  part("average").addEventListener("change", average);
  part("shows").addEventListener("change", refresh);
  for (const kind of ["dark", "reference"]) part(kind).addEventListener("click", () => takeOrDrop(kind));
  part("save-csv").addEventListener("click", () => seen && saveText(csv(), "text/csv", fileName(seen.shows, "csv")));
  part("save-png").addEventListener("click", async () => saveBlob(await pictureFile(), fileName("picture", "png")));
  part("cursor").addEventListener("input", moveCursor);
  for (const kind of ["pointermove", "pointerdown"]) part("plot").addEventListener(kind, point);
  for (const option of part("lamp").options) {
    if (option.value) option.textContent = sourceName(option.value);
  }
  whenColoursChange(() => {
    colours = { palette: palette(), dark: isDark() };
    draw();
  });
  new ResizeObserver(draw).observe(part("plot"));
  wireInstruments({ chosen, picture: pictureFile });
  // What cannot work is said before anything is pressed.
  if (!navigator.mediaDevices?.getUserMedia) start();
}

wire();
