"""What people do on the page, and what they see, for tests in a real browser."""

import base64
import time
from pathlib import Path

WAIT_S = 40
# A name that browsers trust no more than any other: pages from it come over plain HTTP.
HTTP_HOST = "spectra.example"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"

DROP = """
const [files, where] = arguments;
const data = new DataTransfer();
for (const [content, name, type] of files) {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  data.items.add(new File([bytes], name, { type }));
}
const place = document.getElementById("drop");
if (where === "paste") {
  place.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
} else {
  for (const kind of ["dragover", "drop"]) {
    const options = { dataTransfer: data, bubbles: true, cancelable: true };
    place.dispatchEvent(new DragEvent(kind, options));
  }
}
"""


def open_page(browser, url):
    show(browser, width=1280)
    browser.get_log("browser")
    browser.get(url)
    return browser


def show(browser, *, width, height=900, dark=False, media=""):
    """Set the window's size, the system's colour scheme, and the medium ("print": paper)."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    # A page that scrolls or changes colour slowly is not where and what it is asked to be.
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    kind = {"media": media, "features": [scheme, still]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", kind)


def give(page, content, name="lamp.jpg", where="drop", mime="image/jpeg"):
    """Drop or paste a file and wait for the answer."""
    give_all(page, {name: content}, where, mime)


def give_all(page, photos, where="drop", mime="image/jpeg"):
    """Drop or paste files by name and wait for the answers."""
    files = [(base64.b64encode(content).decode(), name, mime) for name, content in photos.items()]
    page.execute_script(DROP, files, where)
    wait_for_answer(page)


def wait_for_answer(page):
    until(page, "return document.getElementById('busy').hidden && ['result', 'refusal']"
          ".some((id) => !document.getElementById(id).hidden) && !document.getElementById("
          "'shot-rows').textContent.includes('Reading')")  # fmt: skip


def until(page, script):
    deadline = time.monotonic() + WAIT_S
    while not page.execute_script(script):
        assert time.monotonic() < deadline, f"waited in vain for: {script}"
        time.sleep(0.05)


def text(page, selector):
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())"
        ".join(' ')",
        selector,
    )


def count(page, selector):
    return page.execute_script("return document.querySelectorAll(arguments[0]).length", selector)


def is_shown(page, identifier):
    return page.execute_script(
        "return document.getElementById(arguments[0]).checkVisibility()", identifier
    )


def choose(page, identifier, value):
    page.execute_script(
        "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        "e.dispatchEvent(new Event('change'))",
        identifier,
        value,
    )


def downloaded(folder, suffix):
    deadline = time.monotonic() + WAIT_S
    while not (found := list(folder.glob(f"*.{suffix}"))):
        assert time.monotonic() < deadline, f"no .{suffix} in {list(folder.iterdir())}"
        time.sleep(0.05)
    return found[0]


def complaints(page):
    """What the console holds: script errors, refused scripts and styles, missing files."""
    return [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]


def grave_faults(page) -> list:
    """What axe-core finds that is serious or critical: impact, rule, places."""
    page.execute_script(AXE.read_text(encoding="utf-8"))
    return page.execute_async_script(
        """
        const done = arguments[0];
        const graves = ["serious", "critical"];
        const words = ({ impact, id, nodes }) => [impact, id, nodes.map(({ target }) => target[0])];
        axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
          done(violations.filter(({ impact }) => graves.includes(impact)).map(words)));
        """
    )
