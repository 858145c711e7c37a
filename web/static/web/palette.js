// The colours of plots, as the page's theme has them.

const NAMES = ["ink", "grid", "label", "mark", "clip", "veil"];

export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--plot-${name}`).trim()]));
}

export function isDark() {
  const { colorScheme } = getComputedStyle(document.documentElement);
  return colorScheme === "dark" || (colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

export function whenColoursChange(redraw) {
  document.addEventListener("themechange", redraw);
  // Paper has the light colours.
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", redraw);
}
