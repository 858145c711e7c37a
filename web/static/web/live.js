// The live view: the camera's light as it moves, over pixels or on an instrument's wavelengths.

import { ByHand } from "./by_hand.js";
import { NoCamera, openCamera } from "./camera.js";
import { showCameras, showHolding } from "./camera_fields.js";
import { makeCanvas, pngOf, readable } from "./canvas.js";
import { part } from "./elements.js";
import { WrongInstrument, instrumentIn } from "./instrument.js";
import { chooseSaved, saved, shift, wireInstruments } from "./instruments.js";
import { nameOptions } from "./lamp_lines.js";
import { pictureOf, wireFiles } from "./live_files.js";
import { LiveLight } from "./live_light.js";
import { LivePlot } from "./live_plot.js";
import { LiveWords } from "./live_words.js";
import { outline } from "./outline.js";
import { findPeaks } from "./peaks.js";
import { frameOf, pixelsIn } from "./pixels.js";
import { Placing } from "./placing.js";
import { AXES } from "./readout.js";
import { Sampler } from "./sampler.js";
import { Watch } from "./watch.js";

const LEAST_PEAK = 0.15; // % of full scale: about half a level where an 8-bit camera is dark
const NOTES = {
  dark: "Dark taken: it is subtracted.",
  reference: "Reference taken: put the sample in the way.",
  unlit: "The reference has light at too few wavelengths to divide by: take a filament lamp or daylight, without the sample.",
  dropped: "Dark and reference are dropped, because another part of the picture is read now. Take them again.",
};

const video = part("video");
const pixels = readable(makeCanvas(2, 2));

let stream = null;
let band = null; // while no instrument is chosen
let placed = null; // the chosen instrument, or the band over pixels, laid over the camera's frames
let places = null; // of its samples: nm, or pixels
let sampler = null;
let laid = ""; // the size of the frames that it was laid over
let frozen = null; // the camera's picture, while it is
let rounds = 0;

const light = new LiveLight((kind) => {
  if (kind === "reference") part("shows").value = "transmission";
  note(NOTES[kind]);
  showButtons();
});
const placing = new Placing({ size: () => ({ width: video.videoWidth, height: video.videoHeight }), changed: lay });
const byHand = new ByHand({
  place: () => ({ frame: frameOf(band, placed.width, placed.height) }),
  saved: async ({ id, name, document }) => {
    await chooseSaved(id);
    note(`Saved as "${name}": ${document.quality}. The plot shows its wavelengths.`);
  },
  changed: () => plot.draw(),
});
const plot = new LivePlot({
  picked: (at, reach) => {
    if (!placed || saved) return;
    part("by-hand").open = true;
    byHand.pick(plot.seen.values, placed.px, at, reach);
  },
  marks: () => (saved ? [] : byHand.marks.map(({ px, text }) => ({ nm: px, text, strength: 2 }))),
  nmAt: (px) => byHand.nmAt(px),
});
const watch = new Watch((why) => {
  part("halted").textContent = why ?? "";
  part("halted").hidden = !why;
  tellAll();
});
const words = new LiveWords();

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
    part("picture").hidden = false;
    await showCameras(track);
    showHolding(track, say);
    watch.start(track);
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
  frozen = light.taking = null;
  watch.stop();
  tellAll();
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

/* The instrument, or the band, over the camera's frames */

async function chosen() {
  const photo = saved?.document.photo;
  const isOfThisSize = !photo || (photo.width === video.videoWidth && photo.height === video.videoHeight);
  byHand.clear();
  // Another size may be one that the camera has, too.
  if (stream && !isOfThisSize) await start();
  else lay();
}

// What was measured on another instrument is of no use.
function lay() {
  placed = sampler = places = frozen = null;
  words.forget();
  note(light.drop(Number(part("average").value)) ? NOTES.dropped : "");
  const { videoWidth: width, videoHeight: height } = video;
  if (stream) part("problem").hidden = true;
  if (laid !== `${width} ${height}`) {
    laid = `${width} ${height}`;
    placing.isOfAnotherSize();
    byHand.clear();
    watch.isLaid();
  }
  plot.clear(stream ? "" : "Start the camera: its light is drawn here.");
  if (stream && width) layOver(width, height);
  part("by-hand").hidden = Boolean(saved);
  part("placing").hidden = Boolean(saved);
  part("checking").hidden = !saved || !placed;
  part("sharpness-line").hidden = Boolean(saved);
  if (!placed) part("peaks").hidden = true;
  outline(placed, { isFree: !saved });
  showButtons();
}

function layOver(width, height) {
  try {
    if (saved) {
      placed = instrumentIn(saved.document, width, height, shift);
    } else {
      const found = placing.bandIn(video);
      // Points along the picture say nothing of what runs down it.
      if (band && band.horizontal !== found.horizontal) byHand.clear();
      band = found;
      placed = pixelsIn(band, width, height);
    }
  } catch (error) {
    if (!(error instanceof WrongInstrument)) throw error;
    fail(`"${saved.name}" does not fit this camera`, error.message);
    plot.clear("The instrument does not fit the camera's picture.");
    return;
  }
  places = placed.nm ?? placed.px;
  sampler = new Sampler(placed);
  [pixels.canvas.width, pixels.canvas.height] = [sampler.box.width, sampler.box.height];
  plot.fit({ places, axis: placed.nm ? AXES.nm : AXES.px });
}

/* Frame by frame */

// Draws each frame once, until the camera stops or is started anew.
function follow() {
  rounds += 1;
  const mine = rounds;
  let shownAt = -1;
  const next = () => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(step);
    else requestAnimationFrame(step);
  };
  const step = () => {
    if (!stream || mine !== rounds) return;
    next();
    // Without callbacks for frames the same one is met several times.
    const isNew = video.requestVideoFrameCallback || video.currentTime !== shownAt;
    shownAt = video.currentTime;
    if (!isNew) return;
    watch.saw();
    if (laid !== `${video.videoWidth} ${video.videoHeight}`) lay();
    if (frozen || !sampler) return;
    take(video);
    // Points lie on the band that they were set on, and a dark belongs to its place.
    if (!saved && light.isPlain && byHand.isEmpty) placing.look(video);
  };
  next();
}

function take(picture) {
  const { left, top, width, height } = sampler.box;
  pixels.drawImage(picture, left, top, width, height, 0, 0, width, height);
  light.add(sampler.read(pixels.getImageData(0, 0, width, height).data));
  show({ isNew: true });
  if (words.isTime()) tellAll();
}

// Draws the light of the frames of late.
function show({ isNew }) {
  const seen = light.seen(light.kept.reference ? part("shows").value : "light");
  const peaks = seen.shows === "light" ? findPeaks(seen.values, places, LEAST_PEAK) : [];
  const axis = placed.nm ? AXES.nm : AXES.px;
  plot.show({ ...seen, places, axis, error: placed.error ?? null, peaks }, { isNew });
}

function tellAll() {
  const state = !stream ? "Stopped" : !watch.isLive ? "No pictures" : frozen ? "Frozen" : "";
  words.tell(plot.seen, state);
  plot.tell();
  part("save-csv").disabled = !plot.seen;
}

// After a change of what is shown, whether frames come or not.
function refresh() {
  if (!plot.seen || light.isEmpty) return;
  show({ isNew: false });
  tellAll();
}

/* What the buttons do */

function freeze() {
  if (frozen) {
    frozen = null;
  } else {
    frozen = pictureOf(video);
    take(frozen);
    tellAll();
    const { peaks, axis } = plot.seen;
    const found = peaks.map((peak) => peak.nm.toFixed(1)).join(", ");
    say(found ? `Frozen. Peaks at ${found} ${axis.name}.` : "Frozen.");
  }
  showButtons();
}

function takeOrDrop(kind) {
  if (light.kept[kind]) {
    light.kept[kind] = null;
    note(kind === "dark" ? "Nothing is subtracted." : "The light itself is shown.");
  } else {
    light.take(kind);
  }
  showButtons();
  refresh();
}

function note(text) {
  part("note").textContent = text;
  if (text) say(text);
}

function showButtons() {
  part("start").textContent = stream ? "Start again" : "Start the camera";
  part("start").classList.toggle("primary", !stream);
  part("stop").hidden = !stream;
  part("freeze").classList.toggle("primary", Boolean(stream));
  part("freeze").textContent = frozen ? "Go on" : "Freeze";
  part("freeze").disabled = !stream || !sampler;
  part("average").disabled = Boolean(frozen);
  for (const kind of ["dark", "reference"]) {
    const verb = light.taking?.kind === kind ? "Taking" : light.kept[kind] ? "Drop" : "Take";
    part(kind).textContent = `${verb} ${kind}`;
    part(kind).setAttribute("aria-pressed", Boolean(light.kept[kind]));
    part(kind).disabled = Boolean(light.taking) || (!light.kept[kind] && (!stream || !sampler || Boolean(frozen)));
  }
  part("shows-field").hidden = !light.kept.reference;
  part("save-png").disabled = !stream;
}

/* Wiring */

function wire() {
  part("start").addEventListener("click", start);
  part("stop").addEventListener("click", stop);
  part("camera").addEventListener("change", start);
  part("freeze").addEventListener("click", freeze);
  part("average").addEventListener("change", () => light.average(Number(part("average").value)));
  part("shows").addEventListener("change", refresh);
  for (const kind of ["dark", "reference"]) part(kind).addEventListener("click", () => takeOrDrop(kind));
  wireFiles({
    name: () => saved?.name ?? "pixels",
    spectrum: () => plot.seen && { ...plot.seen, ...placed },
    picture: () => frozen ?? pictureOf(video),
  });
  for (const id of ["lamp", "named"]) nameOptions(part(id));
  lay();
  wireInstruments({ chosen, picture: () => pngOf(frozen ?? pictureOf(video)) });
  // What cannot work is said before anything is pressed.
  if (!navigator.mediaDevices?.getUserMedia) start();
}

wire();
