// Requests to the server. Every failure becomes a Refusal with a code and a sentence.

const csrf = document.querySelector('meta[name="csrf-token"]').content;

export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: { Accept: "application/json", "X-CSRFToken": csrf },
    });
  } catch {
    throw new Refusal("offline", "");
  }
  if (response.status === 204) return null;
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Refusal("internal_error", `The server answered ${response.status}.`);
  }
  if (!response.ok) throw new Refusal(body.code, body.message);
  return body;
}

export function identify(photo, { lamp, calibration, band }) {
  const form = new FormData();
  form.append("photo", photo, photo.name || "pasted photo");
  form.append("include", "spectrum");
  form.append("include", "preview");
  if (calibration) form.append("include", "measurement");
  if (lamp) form.append("lamp", lamp);
  if (calibration) form.append("calibration", calibration);
  if (band) form.append("band", band);
  return ask("page/identify", { method: "POST", body: form });
}

export function listCalibrations() {
  return ask("page/calibrations");
}

export function readCalibration(id) {
  return ask(`page/calibrations/${id}`);
}

export function deleteCalibration(id) {
  return ask(`page/calibrations/${id}`, { method: "DELETE" });
}

export function saveCalibration(photo, name, { lamp, band }) {
  const form = new FormData();
  form.append("photo", photo, photo.name || "pasted photo");
  form.append("name", name);
  if (lamp) form.append("lamp", lamp);
  if (band) form.append("band", band);
  return ask("page/calibrations", { method: "POST", body: form });
}

export function saveInstrument(file, name) {
  const form = new FormData();
  form.append("instrument", file, file.name);
  form.append("name", name);
  return ask("page/calibrations", { method: "POST", body: form });
}

export function linesOf(lamp) {
  return ask(`page/lines/${lamp}`);
}

// The document of the instrument that points ({ px, nm }) give along the band of a photo, or of a frame
// ({ photo, band } as in an instrument's file); nothing is saved.
export function instrumentOfPoints(points, { photo, frame, band }) {
  const form = new FormData();
  form.append("points", points.map(({ px, nm }) => `${px}=${nm}`).join());
  if (photo) form.append("photo", photo, photo.name || "pasted photo");
  else form.append("frame", JSON.stringify(frame));
  if (photo && band) form.append("band", band);
  return ask("page/points", { method: "POST", body: form });
}
