// The band that is read, drawn over the camera's picture.

import { part, shape } from "./elements.js";

// `placed` as `instrumentIn` gives it, or null; `isFree` where the band may be dragged.
export function outline(placed, { isFree }) {
  part("outline").replaceChildren();
  part("outline").classList.toggle("free", isFree);
  if (!placed) return;
  part("outline").setAttribute("viewBox", `0 0 ${placed.width} ${placed.height}`);
  const spots = Array.from({ length: 25 }, (_, step) => placed.px[Math.round((step / 24) * (placed.px.length - 1))]);
  const side = (off) => spots.map((px) => [px, placed.centre(px) + off]);
  const corners = [...side(-placed.halfHeight), ...side(placed.halfHeight).reverse()]
    .map(([along, across]) => (placed.horizontal ? [along, across] : [across, along]).map(Math.round).join());
  for (const name of ["band-halo", "band-line"]) {
    part("outline").append(shape("polygon", { points: corners.join(" "), class: name }));
  }
}
