// An answer kept in a link: packed into the part of the address that browsers send to nobody.

const MARK = "#answer=";
const DIGITS = { px: 3, nm: 4, error_nm: 4, rgb: 2 }; // kept of a spectrum
const MEASURED_DIGITS = 6; // significant ones, of a measured curve
const WIDEST = 320; // pixels of the small picture
const QUALITY = 0.6;

// The address of this page with an answer in it. `picture`: the photo as the page shows it.
export async function linkTo({ answer, asked }, picture) {
  const packed = JSON.stringify({ answer: { ...slim(answer), preview: small(answer.preview, picture) }, asked });
  return `${location.href.split("#")[0]}${MARK}${await pack(packed)}`;
}

// The { answer, asked } of the page's address, or null where it holds none; an error where it is damaged.
export async function linked() {
  if (!location.hash.startsWith(MARK)) return null;
  const { answer, asked } = JSON.parse(await unpack(location.hash.slice(MARK.length)));
  if (!/^[A-Za-z0-9+/=]+$/.test(answer.preview.jpeg)) throw new TypeError("no picture");
  return { answer, asked };
}

export function forgetLink() {
  if (location.hash.startsWith(MARK)) history.replaceState(null, "", location.href.split("#")[0]);
}

function slim({ spectrum, measurement, ...answer }) {
  if (!spectrum) return answer;
  const rounded = Object.fromEntries(Object.entries(DIGITS).map(([name, digits]) =>
    [name, round(spectrum[name], (value) => Number(value.toFixed(digits)))]));
  const kept = { ...answer, spectrum: { ...spectrum, ...rounded } };
  if (!measurement) return kept;
  const curve = Object.fromEntries(Object.entries(measurement.curve).map(([name, values]) =>
    [name, round(values, (value) => Number(value.toPrecision(MEASURED_DIGITS)))]));
  return { ...kept, measurement: { ...measurement, curve } };
}

function round(values, digits) {
  if (Array.isArray(values)) return values.map((value) => round(value, digits));
  return typeof values === "number" ? digits(values) : values;
}

// The photo's picture, small; its sides stay those that the band's pixels are of.
function small(preview, picture) {
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, WIDEST / picture.naturalWidth);
  canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return { ...preview, jpeg: canvas.toDataURL("image/jpeg", QUALITY).split(",")[1] };
}

async function pack(text) {
  const bytes = await through(new Blob([text]), new CompressionStream("deflate-raw"));
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function unpack(letters) {
  const bytes = Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(await through(new Blob([bytes]), new DecompressionStream("deflate-raw")));
}

async function through(blob, stream) {
  return new Uint8Array(await new Response(blob.stream().pipeThrough(stream)).arrayBuffer());
}
