// Which camera, and whether it holds its exposure: fields of the live view.

import { hold, holdable, listCameras } from "./camera.js";
import { element, part } from "./elements.js";

export async function showCameras(track) {
  const cameras = await listCameras();
  part("camera").replaceChildren(...cameras.map(({ deviceId, label }, index) =>
    element("option", { value: deviceId, textContent: label || `Camera ${index + 1}` })));
  part("camera").value = track.getSettings().deviceId ?? "";
  part("camera-field").hidden = cameras.length < 2;
}

// `say` is told where the camera does not let itself be held.
export function showHolding(track, say) {
  const modes = holdable(track);
  part("hold-field").hidden = !modes.length;
  part("hold").checked = false;
  part("hold").onchange = () => hold(track, modes, part("hold").checked).catch(() => {
    part("hold").checked = false;
    say("The camera does not let its exposure be held.");
  });
}
