"""Which of several spectra in a photo to use: by its number, or by a box around it."""

from lib.recognition.straighten import Geometry

# Left, top, right and bottom, pixels of the upright photo, half-open.
Box = tuple[int, int, int, int]
# The number in reading order, from 1 on, or a box.
Choice = int | Box

# A box is about a spectrum that was found from this intersection over union on.
_SAME_BOX = 0.7
# A box that is smaller holds no spectrum, pixels.
_LEAST_SIDE_PX = 2
# Of a longer text the rest is nothing that a person meant.
_MOST_LETTERS = 40
# No photo is wider.
_MAX_PX = 100_000


def parse_choice(text: str) -> Choice:
    """Parse "2" or "x0,y0,x1,y1".

    Raises
    ------
    ValueError
        If it is neither.
    """
    try:
        numbers = [int(part) for part in text[:_MOST_LETTERS].split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 1 and 1 <= numbers[0] <= _MAX_PX:
        return numbers[0]
    if len(numbers) == 4 and all(0 <= number <= _MAX_PX for number in numbers):
        x0, y0, x1, y1 = numbers
        if min(x1 - x0, y1 - y0) >= _LEAST_SIDE_PX:
            return x0, y0, x1, y1
    raise ValueError(
        f"a band of {text[:_MOST_LETTERS]!r}: expected its number, 1 or more, or a box x0,y0,x1,y1 "
        "with x0 < x1 and y0 < y1, in pixels of the upright photo"
    )


def in_words(choice: Choice) -> str:
    """Return a choice as `parse_choice` takes it."""
    return str(choice) if isinstance(choice, int) else ",".join(map(str, choice))


def matching(box: Box, boxes: list[Box]) -> int | None:
    """Return which of several boxes is about where one is; None if none is."""
    shared = [_overlap(box, other) for other in boxes]
    if not shared or max(shared) < _SAME_BOX:
        return None
    return shared.index(max(shared))


def line_of(box: Box, like: Geometry) -> Geometry:
    """Return the line through the middle of a box that runs as another band does."""
    x0, y0, x1, y1 = box
    start, stop, low, high = (x0, x1, y0, y1) if like.axis == "horizontal" else (y0, y1, x0, x1)
    middle, slope = (start + stop - 1) / 2, like.slope()
    centre = ((low + high - 1) / 2 - slope * middle, slope)
    return Geometry(like.axis, float(start), float(stop - 1), centre, (high - low) / 2)


def _overlap(one: Box, other: Box) -> float:
    """Return the intersection over the union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (one, other)]
    return width * height / (sum(areas) - width * height)
