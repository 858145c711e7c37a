"""Make the simulated photos that the page offers to try.

Reads:  nothing
Writes: web/static/web/examples/*.jpg

Example: python -m web.make_examples
"""

import argparse
import sys
from dataclasses import asdict
from io import BytesIO

import numpy as np
from PIL import Image

import cli
from lib.files import write_bytes
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo, simulate_scene
from web.views.examples import EXAMPLES, FOLDER, Example

# Small enough that all examples together stay below 300 kB.
_LONGEST_PX = 640
_QUALITY = 80


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    return cli.make_parser(__doc__).parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(write_examples, verbose=args.verbose)


def write_examples() -> None:
    """Write every example."""
    for example in EXAMPLES:
        write_bytes(FOLDER / example.file, photo_of(example))


def photo_of(example: Example) -> bytes:
    """Return an example as a JPEG file."""
    rng = np.random.default_rng(example.seed)
    if example.lamp:
        image = simulate_photo(rng, example.lamp, quality=0, **asdict(PLAIN)).image
    else:
        image = simulate_scene(rng).image
    photo = Image.fromarray(image)
    photo.thumbnail((_LONGEST_PX, _LONGEST_PX))
    buffer = BytesIO()
    photo.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
