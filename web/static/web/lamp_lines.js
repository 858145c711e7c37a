// The lines of lamps, as the service lists them: to choose one, or to draw them.

import { element } from "./elements.js";
import { emitter } from "./labels.js";
import * as service from "./service.js";
import { sourceName } from "./words.js";

const lists = new Map();

// { nm, intensity, name } of each line of a lamp by rising nm; intensity in parts of the strongest.
export async function linesOf(lamp) {
  if (!lists.has(lamp)) {
    const rows = await service.linesOf(lamp);
    const most = Math.max(...rows.map(({ intensity }) => intensity));
    lists.set(lamp, rows.map((row) => ({ ...row, intensity: row.intensity / most })));
  }
  return lists.get(lamp);
}

// Lists give lamps names for programs.
export function nameOptions(select) {
  for (const option of select.options) {
    if (option.value) option.textContent = sourceName(option.value);
  }
}

// Options of lines of at least this part of the strongest, with how strong they are.
export function lineOptions(lines, least) {
  return lines.filter(({ intensity }) => intensity >= least).map(({ nm, intensity, name }) => element("option", {
    value: nm, textContent: `${nm.toFixed(2)} · ${emitter(name)} · ${strength(intensity)}`,
  }));
}

function strength(intensity) {
  if (intensity >= 0.3) return "strong";
  return intensity >= 0.05 ? "medium" : "faint";
}
