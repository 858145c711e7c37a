// The light of the last frames: their mean, less the dark, over a reference.

import { RunningMean, absorbance, intensity, isBrighter, isLit, transmission, without } from "./light.js";
import { UNITS } from "./readout.js";

const KEPT_FRAMES = 16; // of a dark and a reference: their noise is to add nothing to that of the light

export class LiveLight {
  kept = { dark: null, reference: null };
  taking = null; // { kind, mean } while a dark or a reference is taken
  #mean = new RunningMean(1);

  // `taken` is called with "dark" or "reference" once it is taken, or "unlit" where a reference has too little light.
  constructor(taken) {
    this.taken = taken;
  }

  get isEmpty() {
    return !this.#mean.frames.length;
  }

  get isPlain() {
    return !this.kept.dark && !this.kept.reference && !this.taking;
  }

  average(size) {
    this.#mean = new RunningMean(size);
  }

  // Forgets all light; returns whether a dark or a reference was among it.
  drop(size) {
    const wasPlain = this.isPlain;
    this.kept = { dark: null, reference: null };
    this.taking = null;
    this.average(size);
    return !wasPlain;
  }

  take(kind) {
    this.taking = { kind, mean: new RunningMean(KEPT_FRAMES) };
  }

  add(frame) {
    this.#mean.add(frame);
    if (!this.taking) return;
    this.taking.mean.add(frame);
    if (!this.taking.mean.isFull) return;
    const { kind, mean } = this.taking;
    this.taking = null;
    const { rgb } = mean.mean();
    const isTaken = kind === "dark" || isLit(without(rgb, this.kept.dark));
    if (isTaken) this.kept[kind] = rgb;
    this.taken(isTaken ? kind : "unlit");
  }

  // `shows`: "light", "transmission" or "absorbance"; the last two need a reference.
  seen(shows) {
    const { rgb, clipped, noise, frames } = this.#mean.mean();
    const light = without(rgb, this.kept.dark);
    const passed = shows === "light" ? null : transmission(light, without(this.kept.reference, this.kept.dark));
    const measured = { light: () => intensity(light), transmission: () => passed, absorbance: () => absorbance(passed) }[shows]();
    return {
      unit: UNITS[shows], shows, measured, light, clipped, noise, frames,
      values: shows === "absorbance" ? measured : measured.map((value) => 100 * value),
      brightest: rgb.reduce((most, value) => Math.max(most, value), 0),
      isDarker: Boolean(this.kept.dark) && isBrighter(this.kept.dark, rgb),
    };
  }
}
