// The page: takes a photo, asks the service, shows the answer.

import { element } from "./elements.js";
import { showPhoto } from "./photo.js";
import { saveCsv, saveJson, savePng } from "./save.js";
import * as service from "./service.js";
import { draw, emitter, reading, samples } from "./spectrum.js";
import { advice, noAxis, refusal, sourceName, sourceText } from "./words.js";

const part = (id) => document.getElementById(id);
const maxBytes = Number(document.querySelector('meta[name="max-bytes"]').content);

let photo = null;
let answer = null;
let points = [];
let plot = null;
let asked = 0;

/* Taking a photo */

function takeFirst(files) {
  part("drop-note").textContent =
    files.length > 1 ? `Took the first of ${files.length} files: the page reads one at a time.` : "";
  if (files.length) take(files[0]);
}

async function take(file) {
  photo = file;
  asked += 1;
  const mine = asked;
  waiting(true);
  try {
    if (file.size > maxBytes) throw new service.Refusal("too_large", "");
    const options = { lamp: part("lamp").value, calibration: part("calibration").value };
    const received = await service.identify(file, options);
    if (mine === asked) show(received);
  } catch (error) {
    if (!(error instanceof service.Refusal)) throw error;
    if (mine === asked) refuse(error);
  } finally {
    if (mine === asked) waiting(false);
  }
}

function waiting(yes) {
  part("busy").hidden = !yes;
  if (!yes) return;
  part("refusal").hidden = true;
  part("result").hidden = true;
  say("Reading the photo…");
}

function say(text) {
  part("status").textContent = text;
}

function refuse(error) {
  const words = refusal(error.code, error.message);
  part("refusal-title").textContent = words.title;
  part("refusal-text").textContent = words.text;
  part("refusal").hidden = false;
  part("refusal-title").focus({ preventScroll: false });
  say(`${words.title}. ${words.text}`);
}

/* Showing an answer */

function show(received) {
  answer = received;
  document.body.classList.add("answered");
  part("result").hidden = false;
  showPhoto(part("photo"), answer);
  showVerdict();
  showGuesses();
  showSpectrum();
  part("kept").textContent = "";
  part("calibrate").hidden = !(answer.wavelength && !part("calibration").value);
  part("source").focus({ preventScroll: true });
  part("result").scrollIntoView({ block: "start" });
  say(`${part("eyebrow").textContent}: ${part("source").textContent}. ${part("sentence").textContent}`);
}

function showVerdict() {
  const ok = answer.status === "ok";
  const box = document.querySelector(".verdict");
  box.classList.toggle("ok", ok);
  box.classList.toggle("doubt", !ok);
  const words = {
    ok: [part("lamp").value ? "Light source, as you named it" : "Light source", () => sourceName(answer.source)],
    unknown: ["Not named", () => "Unknown light source"],
    no_band: ["Nothing to read", () => "No spectrum found"],
  }[answer.status];
  part("eyebrow").textContent = words[0];
  part("source").textContent = words[1]();
  part("sentence").textContent = sentence();
  showAdvice();
}

function sentence() {
  if (answer.status === "no_band") return "No part of the photo looks like a spectrum that can be used.";
  const wavelengths = wavelengthSentence();
  if (answer.status === "unknown") {
    return "It is not clear enough to be named: a wrong name would lead to wrong wavelengths. " + wavelengths;
  }
  const text = sourceText(answer.source);
  return `${text ? `${text}. ` : ""}${wavelengths}`;
}

function wavelengthSentence() {
  if (!answer.wavelength) return answer.status === "ok" ? noAxis(answer.reason) : "";
  const nm = answer.spectrum.nm;
  const [low, high] = [Math.min(nm[0], nm.at(-1)), Math.max(nm[0], nm.at(-1))];
  const from = part("calibration").value ? "by the saved calibration" : `by ${answer.wavelength.lines.length} lines`;
  return (
    `The photo shows ${low.toFixed(0)} to ${high.toFixed(0)} nm, ${from}, ` +
    `certain to about ${Math.max(0.1, answer.wavelength.uncertainty_nm).toFixed(1)} nm.`
  );
}

function showAdvice() {
  const place = part("advice");
  place.replaceChildren();
  if (answer.status === "ok") {
    if (answer.saturated) place.append(element("p", { textContent: "Part of the spectrum is overexposed; a shorter exposure shows more." }));
    return;
  }
  const { text, hints } = advice(answer.reason);
  place.append(element("p", { textContent: text || `${answer.reason}.` }));
  if (hints.length) place.append(element("ul", {}, ...hints.map((hint) => element("li", { textContent: hint }))));
}

const GUESSES = {
  ok: "Probabilities",
  unknown: "What it resembles, not certain enough for a name",
  named: "What the model would say by itself",
};

function showGuesses() {
  const rows = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]);
  if (!rows.length) {
    part("guesses").replaceChildren();
    return;
  }
  const body = element("tbody", {}, ...rows.map(([name, value]) => guess(name, value)));
  const caption = element("caption", {
    textContent: GUESSES[part("lamp").value ? "named" : answer.status],
  });
  part("guesses").replaceChildren(element("table", {}, caption, body));
}

function guess(name, value) {
  const fill = element("div", { className: "fill" });
  fill.style.width = `${100 * value}%`;
  const track = element("div", { className: "track" }, fill);
  track.setAttribute("aria-hidden", "true");
  const row = element(
    "tr",
    { className: name === answer.source ? "named" : "" },
    element("th", { scope: "row", textContent: sourceName(name) }),
    element("td", {}, track),
    element("td", { className: "number", textContent: percent(value) }),
  );
  return row;
}

function percent(value) {
  if (value < 0.0005) return "< 0.1 %";
  if (value >= 0.9995) return "> 99.9 %";
  return `${(100 * value).toFixed(1)} %`;
}

/* The spectrum */

function showSpectrum() {
  const has = Boolean(answer.spectrum);
  part("spectrum").hidden = !has;
  part("save-csv").hidden = !has;
  part("save-png").hidden = !has;
  points = has ? samples(answer.spectrum) : [];
  if (!has) return;
  part("cursor").max = points.length - 1;
  part("cursor").value = brightest();
  redraw();
  showLines();
}

function brightest() {
  return points.reduce((best, point, index) => (point.intensity > points[best].intensity ? index : best), 0);
}

function namedLines() {
  return part("calibration").value ? [] : answer.wavelength?.lines ?? [];
}

function redraw() {
  if (!points.length || part("result").hidden) return;
  const place = part("plot");
  const width = Math.max(300, place.clientWidth);
  const height = Math.round(Math.min(430, Math.max(330, width * 0.4)));
  plot = draw(points, namedLines(), {
    width, height, palette: palette(), channels: part("channels").checked, dark: isDark(),
  });
  plot.svg.setAttribute("aria-label", plotLabel());
  place.replaceChildren(plot.svg);
  showReading();
}

function plotLabel() {
  const range = points[0].nm === null
    ? "along the pixels of the band"
    : `from ${points[0].nm.toFixed(0)} to ${points.at(-1).nm.toFixed(0)} nanometres`;
  return `Intensity ${range}; brightest at ${reading(points[brightest()])}. ` +
    "The slider below reads single values; the lines are listed further down.";
}

function showReading() {
  const point = points[part("cursor").value];
  part("reading").textContent = reading(point);
  part("cursor").setAttribute("aria-valuetext", reading(point));
  plot.svg.querySelector(".cursor")?.remove();
  const at = plot.x(plot.place(point));
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const attributes = { class: "cursor", x1: at, x2: at, y1: plot.top, y2: plot.bottom, stroke: palette().ink, opacity: 0.55 };
  for (const [key, value] of Object.entries(attributes)) line.setAttribute(key, value);
  plot.svg.append(line);
}

function follow(event) {
  if (!plot || (event.pointerType === "touch" && event.type === "pointermove" && !event.buttons)) return;
  const box = plot.svg.getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * plot.svg.viewBox.baseVal.width;
  let best = 0;
  points.forEach((point, index) => {
    if (Math.abs(plot.x(plot.place(point)) - at) < Math.abs(plot.x(plot.place(points[best])) - at)) best = index;
  });
  part("cursor").value = best;
  showReading();
}

function showLines() {
  const lines = namedLines();
  part("lines").hidden = !lines.length;
  part("line-rows").replaceChildren(...lines.map((line) => element(
    "tr", {},
    element("td", { textContent: emitter(line.name) }),
    element("td", { textContent: line.nm.toFixed(2) }),
    element("td", { textContent: line.px.toFixed(1) }),
  )));
  const words = ["The strip along the axis shows the colours of the photo."];
  if (points.some((point) => point.clipped)) words.push("Red marks under it show where the camera clipped.");
  part("legend").textContent = words.join(" ");
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--plot-${name}`).trim();
  return { ink: read("ink"), grid: read("grid"), label: read("label"), mark: read("mark"), clip: read("clip") };
}

function isDark() {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}

/* Calibrations */

async function loadCalibrations() {
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
  part("calibration-list").replaceChildren(...saved.map(calibrationRow));
}

function calibrationRow({ id, name, created }) {
  const download = element("button", { type: "button", className: "quiet", textContent: "Download" });
  download.setAttribute("aria-label", `Download ${name}`);
  download.addEventListener("click", async () => {
    const whole = await service.readCalibration(id);
    saveJson(whole.document, `${name.replace(/[^\p{L}\p{N}_-]+/gu, "_")}.json`);
  });
  const remove = element("button", { type: "button", className: "quiet", textContent: "Delete" });
  remove.setAttribute("aria-label", `Delete ${name}`);
  remove.addEventListener("click", async () => {
    if (!confirm(`Delete the calibration "${name}"?`)) return;
    await service.deleteCalibration(id);
    await loadCalibrations();
    say(`${name} is deleted.`);
  });
  const day = new Date(created).toLocaleDateString(undefined, { dateStyle: "medium" });
  return element("li", {}, element("span", { textContent: name }), element("span", { className: "hint", textContent: day }), download, remove);
}

async function keepCalibration(event) {
  event.preventDefault();
  const name = part("calibration-name").value.trim();
  if (!name) return;
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    await service.saveCalibration(photo, name, part("lamp").value);
    await loadCalibrations();
    part("kept").textContent = `Saved as "${name}". Choose it under Options for the instrument's other photos.`;
    part("calibration-name").value = "";
  } catch (error) {
    if (!(error instanceof service.Refusal)) throw error;
    const words = refusal(error.code, error.message);
    part("kept").textContent = `${words.title}. ${words.text}`;
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

function wireAnswer() {
  part("channels").addEventListener("change", redraw);
  part("cursor").addEventListener("input", showReading);
  part("plot").addEventListener("pointermove", follow);
  part("plot").addEventListener("pointerdown", follow);
  part("save-csv").addEventListener("click", () => saveCsv(points, answer.photo));
  part("save-png").addEventListener("click", () =>
    savePng(points, namedLines(), answer.photo, part("channels").checked));
  part("save-json").addEventListener("click", () => {
    const { preview, ...rest } = answer;
    saveJson(rest, answer.photo.replace(/\.[^.]*$/, "") + ".json");
  });
  part("calibrate").addEventListener("submit", keepCalibration);
  new ResizeObserver(redraw).observe(part("plot"));
  document.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

wireDrop();
wireChoosing();
wireAnswer();
loadCalibrations();
