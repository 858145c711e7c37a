// The light along a band in the pixels of one frame: what lib/measurement/frames.py reads of a photo.

const MAX_ROWS = 48; // taken across the band
// Neighbouring rows are averaged to as many groups, which is what can be sorted for every frame; of
// each sample's sorted groups a part is dropped at either end: hot pixels and dust.
const GROUPS = 12;
const TRIM = 0.2;
const CLIPPED_LEVEL = 250;

// Linear light of the 256 levels, full scale 1: IEC 61966-2-1, of which cameras' curves are variations.
const LINEAR = Float32Array.from({ length: 256 }, (_, level) => {
  const shown = level / 255;
  return shown <= 0.04045 ? shown / 12.92 : ((shown + 0.055) / 1.055) ** 2.4;
});

// Reads the band of an instrument as `instrumentIn` gives it.
export class Sampler {
  #index;
  #right;
  #down;
  #group;
  #ends;

  constructor(instrument) {
    this.count = instrument.px.length;
    const offsets = rowOffsets(instrument.rows);
    this.rows = offsets.length;
    this.groups = Math.min(GROUPS, this.rows);
    const places = this.#places(instrument, offsets);
    // The part of the frame that is read: nothing else is taken out of it.
    this.box = boxAround(places, instrument.width, instrument.height);
    this.#weigh(places);
    this.#group = new Float64Array(this.groups);
    // The row that follows each group's last.
    this.#ends = Int32Array.from(this.#group, (_, group) => Math.floor(((group + 1) * this.rows) / this.groups));
  }

  #places({ px, horizontal, centre, lean, smile }, offsets) {
    const x = new Float64Array(this.count * this.rows);
    const y = new Float64Array(this.count * this.rows);
    for (let sample = 0, at = 0; sample < this.count; sample += 1) {
      const middle = centre(px[sample]);
      for (const offset of offsets) {
        const along = px[sample] + lean * offset + smile * offset ** 2;
        x[at] = horizontal ? along : middle + offset;
        y[at] = horizontal ? middle + offset : along;
        at += 1;
      }
    }
    return { x, y };
  }

  // For each place its upper left pixel in the box, and how far it lies towards the next ones.
  #weigh({ x, y }) {
    const { left, top, width, height } = this.box;
    this.#index = new Int32Array(x.length);
    this.#right = new Float32Array(x.length);
    this.#down = new Float32Array(x.length);
    for (let at = 0; at < x.length; at += 1) {
      const u = Math.min(Math.max(x[at] - left, 0), width - 1);
      const v = Math.min(Math.max(y[at] - top, 0), height - 1);
      const column = Math.min(Math.floor(u), width - 2);
      const row = Math.min(Math.floor(v), height - 2);
      this.#index[at] = 4 * (row * width + column);
      this.#right[at] = u - column;
      this.#down[at] = v - row;
    }
  }

  // Linear light of red, green and blue by rising wavelength, and where a channel has clipped.
  // `pixels` are the RGBA bytes of the box.
  read(pixels) {
    const { count, rows, groups } = this;
    const [index, right, down] = [this.#index, this.#right, this.#down];
    const rgb = new Float32Array(3 * count);
    const clipped = new Uint8Array(count);
    const next = 4 * this.box.width;
    const values = this.#group;
    for (let channel = 0; channel < 3; channel += 1) {
      for (let sample = 0, at = 0; sample < count; sample += 1) {
        let full = 0;
        for (let group = 0, row = 0; group < groups; group += 1) {
          const end = this.#ends[group];
          const start = row;
          let sum = 0;
          for (; row < end; row += 1, at += 1) {
            const place = index[at] + channel;
            const along = right[at];
            const upper = pixels[place] + along * (pixels[place + 4] - pixels[place]);
            const lower = pixels[place + next] + along * (pixels[place + next + 4] - pixels[place + next]);
            const level = (upper + down[at] * (lower - upper) + 0.5) | 0;
            sum += LINEAR[level];
            if (level >= CLIPPED_LEVEL) full += 1;
          }
          values[group] = sum / (end - start);
        }
        if (2 * full >= rows) clipped[sample] = 1;
        rgb[3 * sample + channel] = trimmedMean(values);
      }
    }
    return { rgb, clipped };
  }
}

// Evenly spaced over the rows, about one a pixel.
function rowOffsets([low, high]) {
  const count = Math.min(Math.max(Math.floor(high - low) + 1, 1), MAX_ROWS);
  if (count === 1) return [(low + high) / 2];
  return Array.from({ length: count }, (_, row) => low + ((high - low) * row) / (count - 1));
}

function boxAround({ x, y }, width, height) {
  const [left, right] = bounds(x, width);
  const [top, bottom] = bounds(y, height);
  return { left, top, width: right - left, height: bottom - top };
}

// Whole pixels around all places, at least two, inside of the frame.
function bounds(places, length) {
  let [least, most] = [Infinity, -Infinity];
  for (const place of places) {
    least = Math.min(least, place);
    most = Math.max(most, place);
  }
  const first = Math.min(Math.max(Math.floor(least), 0), length - 2);
  return [first, Math.max(Math.min(Math.ceil(most) + 1, length), first + 2)];
}

function trimmedMean(values) {
  sort(values);
  const drop = Math.floor(TRIM * values.length);
  let sum = 0;
  for (let group = drop; group < values.length - drop; group += 1) sum += values[group];
  return sum / (values.length - 2 * drop);
}

// By insertion: the fastest for so few.
function sort(values) {
  for (let index = 1; index < values.length; index += 1) {
    const value = values[index];
    let place = index - 1;
    while (place >= 0 && values[place] > value) {
      values[place + 1] = values[place];
      place -= 1;
    }
    values[place + 1] = value;
  }
}
