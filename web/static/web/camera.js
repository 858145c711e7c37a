// The camera of this computer or phone, and words for why there is none.

import { isFaithful } from "./canvas.js";

// More would cost a phone its frame rate and shows no more of a home-made grating.
const LARGEST = 1920;
const USUAL = { width: 1280, height: 720 };

export class NoCamera extends Error {
  constructor(title, text) {
    super(text);
    this.title = title;
  }
}

// A stream of the camera's own pictures: a browser that crops them to a size would move the band.
export async function openCamera(photo, deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) throw noAccess();
  // Numbers of noise would be worse than none.
  if (!isFaithful()) throw falsified();
  const { width, height } = fitting(photo ?? USUAL);
  const video = {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: 30 },
    resizeMode: { ideal: "none" },
    ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } }),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw inWords(error);
  }
}

export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput");
}

// What a camera lets a page hold still: names of modes that know "manual".
export function holdable(track) {
  const able = track.getCapabilities?.() ?? {};
  return ["exposureMode", "whiteBalanceMode", "focusMode"].filter((mode) => able[mode]?.includes("manual"));
}

export function hold(track, modes, held) {
  return track.applyConstraints({
    advanced: [Object.fromEntries(modes.map((mode) => [mode, held ? "manual" : "continuous"]))],
  });
}

function fitting({ width, height }) {
  const factor = Math.min(1, LARGEST / Math.max(width, height));
  return { width: Math.round(width * factor), height: Math.round(height * factor) };
}

function noAccess() {
  if (!isSecureContext) {
    return new NoCamera(
      "The browser lends no camera to this address",
      `Cameras are only for pages that come over HTTPS or from the computer itself, and this one came ` +
      `over plain HTTP from ${location.hostname}. Open it as http://localhost on the computer that runs the ` +
      "service, or put the service behind HTTPS.");
  }
  return new NoCamera("This browser has no access to cameras", "Try another one, or a newer version of it.");
}

function falsified() {
  return new NoCamera(
    "This browser changes the pixels that a page reads",
    "A privacy setting does so against fingerprinting (Brave's Shields, Firefox's resistFingerprinting, an extension): " +
    "noise would be measured as light. Allow this page to read canvas data, then start again.");
}

function inWords(error) {
  const words = {
    NotAllowedError: [
      "The camera is not allowed",
      "Allow it beside the address above, or in the settings of the system, then start again.",
    ],
    NotFoundError: ["No camera found", "Plug one in, then start again. A photo can be measured without one."],
    NotReadableError: ["The camera is taken", "Another program or tab uses it: close that, then start again."],
    OverconstrainedError: ["This camera is gone", "Choose another one, then start again."],
  };
  words.AbortError = words.NotReadableError;
  words.SecurityError = words.NotAllowedError;
  const [title, text] = words[error.name] ?? ["The camera does not start", `${error.name}: ${error.message}`];
  return new NoCamera(title, text);
}
