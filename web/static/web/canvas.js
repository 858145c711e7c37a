// Canvases beside the page: for reading and saving pictures, in every browser.

const PROBE_SIDE = 32;

export function makeCanvas(width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return canvas;
}

export function readable(canvas) {
  return canvas.getContext("2d", { willReadFrequently: true });
}

export function pngOf(canvas) {
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// Whether pixels are read as they were drawn. Against fingerprinting some browsers and extensions
// give back others: noise, or nothing at all.
export function isFaithful() {
  const [source, copy] = [0, 1].map(() => readable(makeCanvas(PROBE_SIDE, PROBE_SIDE)));
  const drawn = source.createImageData(PROBE_SIDE, PROBE_SIDE);
  // Many colours: what has one colour is often left alone.
  for (let at = 0; at < drawn.data.length; at += 1) drawn.data[at] = at % 4 === 3 ? 255 : (37 * at + (at >> 5)) % 256;
  source.putImageData(drawn, 0, 0);
  copy.drawImage(source.canvas, 0, 0);
  const read = copy.getImageData(0, 0, PROBE_SIDE, PROBE_SIDE).data;
  return read.every((value, at) => value === drawn.data[at]);
}
