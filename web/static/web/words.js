// What the service's short words mean, for people.

// Titles of the classes and of some line lists, and a few words about them, from the page.
const SOURCES = JSON.parse(document.getElementById("titles").textContent);

export function sourceName(id) {
  const plain = id.replaceAll("_", " ");
  return SOURCES[id]?.[0] ?? plain[0].toUpperCase() + plain.slice(1);
}

export function sourceText(id) {
  return SOURCES[id]?.[1] ?? "";
}

// A reason as the service gives it, as a sentence.
export function asSentence(reason) {
  return reason ? `${reason[0].toUpperCase()}${reason.slice(1)}.` : "";
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
  no_instrument: ["This is no instrument's file", ""],
  not_yours: ["This instrument belongs to somebody else", "Whoever saved it can delete it."],
  too_many_calibrations: ["Too many instruments are saved", "Delete some of them first."],
  internal_error: ["Something went wrong on the server", "It has been logged. Try another photo."],
  damaged_link: ["This link holds no answer that can be read", "Perhaps it was cut short. Choose the photo again."],
  offline: ["The server does not answer", "Check that it runs and that you are connected."],
};

export function refusal(code, message) {
  const [title, text] = REFUSALS[code] ?? ["The server refused this", ""];
  return { title, text: text || message || "" };
}
