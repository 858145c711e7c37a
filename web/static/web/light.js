// Arithmetic on the light of frames: running mean, dark, transmission. Arrays are red, green and blue
// of each sample in turn, linear, full scale 1.

const FEWEST_LIT = 0.1; // part of the samples a reference must light up
const LIT_PART = 0.02; // of its brightest: below, a quotient tells of noise alone
const DARKER = 0.002; // of full scale: half a level of an 8-bit camera in its dark end

// The mean of the last frames.
export class RunningMean {
  constructor(size) {
    this.size = size;
    this.frames = [];
  }

  add(frame) {
    this.frames.push(frame);
    if (this.frames.length > this.size) this.frames.shift();
  }

  get isFull() {
    return this.frames.length === this.size;
  }

  // The mean light, the standard error of its intensity (null of a single frame), and what any of the
  // frames has clipped.
  mean() {
    const { length } = this.frames;
    const rgb = new Float32Array(this.frames[0].rgb.length);
    const clipped = new Uint8Array(this.frames[0].clipped.length);
    for (const frame of this.frames) {
      for (let at = 0; at < rgb.length; at += 1) rgb[at] += frame.rgb[at];
      for (let at = 0; at < clipped.length; at += 1) clipped[at] |= frame.clipped[at];
    }
    for (let at = 0; at < rgb.length; at += 1) rgb[at] /= length;
    return { rgb, clipped, noise: this.#noise(rgb), frames: length };
  }

  #noise(mean) {
    const { length } = this.frames;
    if (length < 2) return null;
    const middle = intensity(mean);
    const squares = new Float64Array(middle.length);
    for (const { rgb } of this.frames) {
      for (let at = 0; at < squares.length; at += 1) squares[at] += (intensityAt(rgb, at) - middle[at]) ** 2;
    }
    return squares.map((sum) => Math.sqrt(sum / (length - 1) / length));
  }
}

export function without(rgb, dark) {
  return dark ? rgb.map((value, at) => value - dark[at]) : rgb;
}

// The mean of red, green and blue, as identify.py's files have it.
export function intensity(rgb) {
  return Float32Array.from({ length: rgb.length / 3 }, (_, at) => (rgb[3 * at] + rgb[3 * at + 1] + rgb[3 * at + 2]) / 3);
}

// Whether dark frames are brighter than the light in most places.
export function isBrighter(dark, light) {
  const more = intensity(dark).map((value, at) => value - intensityAt(light, at)).sort();
  return more[more.length >> 1] > DARKER;
}

// The part of the reference's light that is seen; NaN where the reference has no light.
export function transmission(light, reference) {
  const whole = intensity(reference);
  const least = LIT_PART * Math.max(...whole);
  return intensity(light).map((value, at) => (whole[at] > least ? value / whole[at] : NaN));
}

// NaN where nothing comes through.
export function absorbance(passed) {
  return passed.map((value) => (value > 0 ? -Math.log10(value) : NaN));
}

// Whether a reference has light enough, and in enough places, to divide by.
export function isLit(reference) {
  const whole = intensity(reference);
  const most = Math.max(...whole);
  return most > 10 * DARKER && whole.filter((value) => value > LIT_PART * most).length >= FEWEST_LIT * whole.length;
}

function intensityAt(rgb, at) {
  return (rgb[3 * at] + rgb[3 * at + 1] + rgb[3 * at + 2]) / 3;
}
