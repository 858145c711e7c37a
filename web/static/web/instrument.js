// An instrument as the service keeps it, laid over the frames of a camera: the same numbers as
// lib/recognition/instrument.py and straighten.py have.

const FORMAT = "spectrum instrument";
const VERSION = 2;
const SAME_RATIO = 0.01; // two sizes are of one camera if their sides have one ratio, but for rounding
const SEEN_NM = [330, 1100]; // what silicon behind glass can see at all

export class WrongInstrument extends Error {}

// The instrument's band and wavelengths in frames of this size, by rising wavelength. `shift`: by how many
// of the frames' pixels light lies further along than in the photos it was made from.
export function instrumentIn(saved, width, height, shift = 0) {
  check(saved);
  const { axis, band, photo } = saved;
  const horizontal = axis.axis === "x";
  const [along, across] = scales(photo, width, height, horizontal);
  // Coordinates are those of pixel centres: the frame's edge is at -0.5 in both.
  const carried = (px) => along * px + (along - 1) / 2;
  const before = (px) => (px - (along - 1) / 2) / along;
  const centre = (px) => across * polynomial(band.centre, before(px)) + (across - 1) / 2;
  const nmAt = (px) => polynomial(axis.coefficients, before(px - shift));
  const range = axis.range_px.map((px) => carried(px) + shift);
  const errorHere = (px) => (px >= range[0] && px <= range[1] ? errorAt(axis, before(px - shift)) : NaN);
  const px = reach(nmAt, range, horizontal ? width : height);
  if (px.length < 2) throw new WrongInstrument("Its wavelengths lie outside of this camera's picture.");
  return {
    width, height, horizontal, centre,
    lean: (band.lean * along) / across,
    smile: (band.smile * along) / across ** 2,
    rows: band.rows.map((row) => row * across),
    halfHeight: band.half_height * across,
    px: Float64Array.from(px),
    nm: Float64Array.from(px, nmAt),
    error: Float64Array.from(px, errorHere),
  };
}

function check(saved) {
  if (saved?.format !== FORMAT || saved.version !== VERSION) {
    throw new WrongInstrument("It was saved by another version of this program: save it anew.");
  }
  if (!saved.band) {
    throw new WrongInstrument(
      "It does not say where in the picture its band lies: calibrate it from a photo of a lamp.");
  }
}

function scales(photo, width, height, horizontal) {
  if (!photo) return [1, 1];
  const [x, y] = [width / photo.width, height / photo.height];
  if (Math.abs(x / y - 1) <= SAME_RATIO) return horizontal ? [x, y] : [y, x];
  const turned = Math.abs(width / photo.height / (height / photo.width) - 1) <= SAME_RATIO;
  throw new WrongInstrument(
    `It is for pictures of ${photo.width} × ${photo.height} px, and the camera gives ${width} × ${height}: ` +
    (turned ? "turn the phone." : "that is no enlargement of it, so its band is elsewhere."));
}

// The pixels along the band that light can reach, by rising wavelength.
function reach(nmAt, range, length) {
  const rises = nmAt(range[1]) > nmAt(range[0]) ? 1 : -1;
  const good = (px) => {
    const nm = nmAt(px);
    return nm >= SEEN_NM[0] && nm <= SEEN_NM[1] && (nmAt(px + 0.5) - nmAt(px - 0.5)) * rises > 0;
  };
  const middle = Math.min(Math.max(Math.round((range[0] + range[1]) / 2), 0), length - 1);
  if (!good(middle)) return [];
  let [first, last] = [middle, middle];
  while (first > 0 && good(first - 1)) first -= 1;
  while (last < length - 1 && good(last + 1)) last += 1;
  const px = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return rises > 0 ? px : px.reverse();
}

// The standard error of an axis at one of its photos' pixels, nm.
export function errorAt(axis, px) {
  const scaled = (px - axis.origin_px) / axis.scale_px;
  let variance = 0;
  axis.covariance.forEach((row, i) => row.forEach((value, j) => {
    variance += value * scaled ** (i + j);
  }));
  return Math.sqrt(Math.max(variance, 0));
}

function polynomial(coefficients, at) {
  return coefficients.reduceRight((sum, coefficient) => sum * at + coefficient, 0);
}
