// Several photos at once: a row for each, one of them in view, any of them in the plot.

import { element, part } from "./elements.js";
import { isDark, whenColoursChange } from "./palette.js";
import { photoColour } from "./spectrum.js";
import { heading } from "./verdict.js";
import { refusal } from "./words.js";

// A photo: { file, index, asked, answer, refused, isOverlaid }, with neither answer nor refusal while
// it is read. `choose` is called with the one to view, `change` when others are to be overlaid.
// The one in view is drawn; others only where they share its axis.
export function showShots(shots, current, { choose, change }) {
  part("shots").hidden = shots.length < 2;
  const focused = document.activeElement?.dataset?.shot;
  part("shot-rows").replaceChildren(...shots.map((shot) => row(shot, current, { choose, change })));
  if (focused) part("shot-rows").querySelector(`[data-shot="${focused}"]`)?.focus({ preventScroll: true });
}

export function wireShots() {
  whenColoursChange(() => {
    for (const swatch of document.querySelectorAll("#shot-rows .swatch")) paint(swatch, swatch.dataset.index);
  });
}

// Whether two answers can be drawn in one plot: pixels and wavelengths share no axis, levels and
// linear light no height.
export function shareAxis(one, other) {
  const kind = ({ spectrum, measurement }) => measurement?.quantity ?? (spectrum?.nm ? "nm" : "px");
  return Boolean(one?.spectrum && other?.spectrum) && kind(one) === kind(other);
}

function row(shot, current, { choose, change }) {
  const isCurrent = shot === current;
  const isDrawable = Boolean(current) && shareAxis(shot.answer, current.answer);
  const swatch = element("span", { className: "swatch" });
  swatch.dataset.index = shot.index;
  paint(swatch, shot.index);
  const name = element("button", { type: "button", className: "quiet name", textContent: shot.file.name });
  name.dataset.shot = shot.index;
  name.disabled = !shot.answer;
  if (isCurrent) name.setAttribute("aria-current", "true");
  name.addEventListener("click", () => choose(shot));
  const box = element("input", {
    type: "checkbox", checked: isDrawable && (isCurrent || shot.isOverlaid), disabled: !isDrawable || isCurrent,
  });
  box.setAttribute("aria-label", `${shot.file.name} in the plot`);
  box.dataset.shot = `box ${shot.index}`;
  box.addEventListener("change", () => {
    shot.isOverlaid = box.checked;
    change();
  });
  return element("li", {}, swatch, name, element("span", { className: "hint", textContent: words(shot) }),
    element("label", { className: "inline hint" }, box, "in the plot"));
}

function paint(swatch, index) {
  swatch.style.background = photoColour(Number(index), isDark());
}

function words({ answer, refused, asked }) {
  if (answer) return heading(answer, asked)[1] + (answer.spectrum && !answer.wavelength ? ", no wavelengths" : "");
  if (!refused) return "Reading…";
  const { title, text } = refusal(refused.code, refused.message);
  return [title, text].filter(Boolean).join(": ");
}
