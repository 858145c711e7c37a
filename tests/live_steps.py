"""What people do on the live view, and the cameras that its tests put before it."""

from page_steps import until

# A camera that films one grey, in place of Chromium's: window.film(level) changes it.
GREY_CAMERA = """
const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
const context = canvas.getContext("2d");
let level = 0;
window.film = (wanted) => { level = wanted; };
setInterval(() => {
  context.fillStyle = `rgb(${level}, ${level}, ${level})`;
  context.fillRect(0, 0, 1280, 720);
}, 20);
navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
"""

# A camera that films upright lines in a band: window.lines holds { px, width, rgb }, full widths at
# half maximum of linear light; window.turn() turns its pictures by a right angle, window.track is
# its track, window.hush() stops it and window.film() starts it again.
LINES_CAMERA = """
const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
const context = canvas.getContext("2d");
const shown = (light) => light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
window.lines = [];
window.row = 300;
let isTurned = false;
let count = 0;
const draw = () => {
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  count += 1;
  for (let px = 0; px < 1280; px += 1) {
    const rgb = [0, 0, 0];
    for (const line of lines) {
      const light = 0.6 * Math.exp(-4 * Math.LN2 * ((px - line.px) / line.width) ** 2);
      line.rgb.forEach((part, channel) => { rgb[channel] += part * light; });
    }
    const levels = rgb.map((light) => Math.round(255 * shown(light)));
    if (!levels.some(Boolean)) continue;
    context.fillStyle = `rgb(${levels.join()})`;
    if (isTurned) context.fillRect(window.row, px, 80, 1);
    else context.fillRect(px, window.row, 1, 80);
  }
  // A still canvas gives no frames.
  context.fillStyle = `rgb(${count % 2}, 0, 0)`;
  context.fillRect(0, 0, 1, 1);
};
window.turn = () => {
  isTurned = !isTurned;
  [canvas.width, canvas.height] = [canvas.height, canvas.width];
};
let timer = null;
window.film = () => { timer = setInterval(draw, 40); };
window.hush = () => clearInterval(timer);
window.film();
navigator.mediaDevices.getUserMedia = async () => {
  const stream = canvas.captureStream(30);
  [window.track] = stream.getVideoTracks();
  return stream;
};
"""


def press(page, identifier):
    page.execute_script("document.getElementById(arguments[0]).click()", identifier)


def start(page, script=None):
    if script:
        page.execute_script(script)
    press(page, "start")
    drawn(page, 3)


def drawn(page, more):
    """Wait until so many more frames have been drawn."""
    count = "Number(document.getElementById('rate').dataset.drawn ?? 0)"
    before = page.execute_script(f"return {count}")
    until(page, f"return {count} >= {before + more}")


def until_told(page, identifier, words):
    until(page, f"return document.getElementById('{identifier}').textContent.includes('{words}')")
