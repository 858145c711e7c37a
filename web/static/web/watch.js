// Whether the camera still gives pictures, the right way up.

const SILENT_AFTER_MS = 3000;
const EVERY_MS = 500;

export class Watch {
  #track = null;
  #timer = null;
  #since = 0; // when the last picture came
  #angle = 0; // of the screen when the camera was started

  // `changed` is called with words for what is wrong, or null, whenever that changes.
  constructor(changed) {
    this.changed = changed;
    screen.orientation?.addEventListener("change", () => this.#look());
    document.addEventListener("visibilitychange", () => this.saw());
  }

  start(track) {
    this.stop();
    this.#track = track;
    this.#angle = turn();
    this.saw();
    for (const kind of ["mute", "unmute"]) track.addEventListener(kind, () => this.#look());
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#track = null;
    this.#look();
  }

  // A picture has come.
  saw() {
    this.#since = performance.now();
  }

  // Another size of the pictures goes with another turn of the phone.
  isLaid() {
    this.#angle = turn();
    this.#look();
  }

  // Whether pictures come.
  get isLive() {
    return Boolean(this.#track) && !this.#track.muted && !this.#isSilent();
  }

  #isSilent() {
    return !document.hidden && performance.now() - this.#since > SILENT_AFTER_MS;
  }

  #look() {
    const words = this.#words();
    if (words === this.words) return;
    this.words = words;
    this.changed(words);
  }

  #words() {
    if (!this.#track) return null;
    const old = "The plot shows its last picture.";
    if (this.#track.muted) {
      return `The camera is muted: the system, a switch on it, or another program holds back its pictures. ${old}`;
    }
    if (this.#isSilent()) return `The camera has stopped giving pictures. ${old} If they do not come back, start it again.`;
    if (turn() !== this.#angle) {
      return "The phone was turned: its pictures may stand on their head now. Turn it back, or check the instrument with a lamp.";
    }
    return null;
  }
}

function turn() {
  return screen.orientation?.angle ?? 0;
}
