"""What a review needs to know of each photo, worked out once and kept by content.

One small file per photo, written whole or not at all: a run that is killed loses the photos in
hand and no more, and the next goes on where it stopped. The folder may be deleted at any time.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from lib.curation.fingerprints import WAVES, fingerprint
from lib.errors import DataError
from lib.files import json_text, sha256, write_bytes
from lib.images.reading import read_image
from lib.parallel import map_in_order
from lib.paths import ROOT, real_path
from lib.recognition.band import cut_crop
from lib.recognition.find.finder import BandNotFound, find_band

# Shows a band and its surroundings on a review card, at about 5 kB.
THUMBNAIL_SIDE_PX = 256
_THUMBNAIL_QUALITY = 75
# Half a second of work: little to lose, and much more than handing it out costs.
_PHOTOS_PER_TASK = 4
# Starting a process costs more than analysing so few.
_FEW_PHOTOS = 16

OK = "ok"
NO_BAND = "no_band"
ERROR = "error"

# Packages that decide what is found in a photo.
_DECODERS = (
    *("numpy", "scipy", "pillow", "pillow-heif", "opencv-python-headless"),
    "ai-edge-litert",
)
# Fields that hold bytes: encoded pictures, and float16 numbers.
_BYTES = ("crop", "thumbnail", "canvas", "frame_waves", "axis_waves")


@dataclass(frozen=True)
class Analysis:
    """One photo's content, measured.

    Attributes
    ----------
    sha256 : str
    status : str
        "ok", "no_band" (readable, but no usable spectrum) or "error" (no readable image).
    reason : str
        Why it is not "ok".
    width, height : int
        Of the upright photo, pixels; 0 if unreadable.
    band : dict
        x0, y0, x1, y1, axis, blue_end, angle_deg, as in crops.csv; empty without a band.
    quality : dict
        Fields of `lib.recognition.quality.Quality`; empty without a band.
    crop : bytes
        PNG of the (15, 480, 3) strip; empty without a band.
    thumbnail : bytes
        WebP of the upright photo; empty if unreadable.
    canvas : bytes
        PNG of its fingerprint's canvas; empty if unreadable.
    frame_waves, axis_waves : bytes
        float16, little-endian, of its fingerprint; empty if unreadable.
    """

    sha256: str
    status: str
    reason: str = ""
    width: int = 0
    height: int = 0
    band: dict = field(default_factory=dict)
    quality: dict = field(default_factory=dict)
    crop: bytes = b""
    thumbnail: bytes = b""
    canvas: bytes = b""
    frame_waves: bytes = b""
    axis_waves: bytes = b""

    def crop_pixels(self) -> np.ndarray:
        """Return the crop, uint8 of shape (15, 480, 3)."""
        return _decode(self.crop)

    def canvas_pixels(self) -> np.ndarray:
        """Return the fingerprint's canvas, uint8 of shape (64, 64, 3)."""
        return _decode(self.canvas)

    def waves(self) -> np.ndarray:
        """Return the fingerprint's waves, of the frame and along the axis, float16 (2, 12, 12)."""
        return np.frombuffer(self.frame_waves + self.axis_waves, "<f2").reshape(2, WAVES, WAVES)


def analyse(photo: Path, digest: str) -> Analysis:
    """Read a photo and measure it; for a bad photo, return the reason."""
    try:
        image = read_image(photo, name=photo.name)
    except DataError as error:
        return Analysis(digest, ERROR, str(error))
    height, width = image.shape[:2]
    mark = fingerprint(image)
    seen = {
        "width": width,
        "height": height,
        "thumbnail": _thumbnail(image),
        "canvas": _encode(".png", mark.canvas),
        "frame_waves": mark.frame_waves.astype("<f2").tobytes(),
        "axis_waves": mark.axis_waves.astype("<f2").tobytes(),
    }
    try:
        band = find_band(image)
    except BandNotFound as error:
        return Analysis(digest, NO_BAND, str(error), **seen)
    return Analysis(
        digest,
        OK,
        **seen,
        band=band.as_dict(),
        quality=band.quality.as_dict(),
        crop=_encode(".png", cut_crop(band)),
    )


class AnalysisStore:
    """A folder of analyses, one file a content; those made by other code do not count.

    Parameters
    ----------
    folder : Path
        Created when the first analysis is written.
    """

    def __init__(self, folder: Path):
        self.folder = real_path(folder) / code_version()

    def holds(self, digest: str) -> bool:
        """Return whether there is an analysis of a content."""
        return self._path(digest).exists()

    def read(self, digest: str) -> Analysis:
        """Return the analysis of a content.

        Raises
        ------
        DataError
            If the store does not hold it, or what it holds is damaged.
        """
        path = self._path(digest)
        try:
            record = json.loads(path.read_bytes())
            for name in _BYTES:
                record[name] = base64.b64decode(record[name])
            return Analysis(**record)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path}: no analysis ({error}); delete it and run again") from error

    def write(self, analysis: Analysis) -> None:
        """Keep an analysis."""
        record = asdict(analysis)
        for name in _BYTES:
            record[name] = base64.b64encode(record[name]).decode()
        write_bytes(self._path(analysis.sha256), json_text(record).encode())

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.json"


def analyse_all(
    photos: Mapping[str, Path],
    store: AnalysisStore,
    *,
    jobs: int = 1,
    cluster: str | None = None,
) -> int:
    """Analyse every photo that `store` does not hold; return how many those were.

    Parameters
    ----------
    photos : mapping of str to Path
        Content hash to a file with that content.
    store : AnalysisStore
    jobs, cluster
        As of `lib.parallel.map_in_order`.
    """
    todo = [(path.absolute(), digest) for digest, path in photos.items() if not store.holds(digest)]
    analyses = map_in_order(
        _analyse_one,
        todo,
        jobs=jobs,
        cluster=cluster,
        per_task=_PHOTOS_PER_TASK,
        few=_FEW_PHOTOS,
        reads=lambda item: item[:1],
    )
    for analysis in tqdm(analyses, total=len(todo), desc="analysing", unit="photo", disable=None):
        store.write(analysis)
    return len(todo)


def _analyse_one(photo: tuple[Path, str]) -> Analysis:
    return analyse(*photo)


@cache
def code_version(root: Path = ROOT) -> str:
    """Return a short hash of all that decides an analysis: code, networks and decoders.

    A network is known by its card, which holds the hash of its weights: a loader checks it.
    """
    lib = root / "lib"
    sources = [*sorted((lib / "images").glob("*.py")), lib / "litert.py"]
    sources += [lib / "curation" / name for name in ("analysis.py", "fingerprints.py")]
    sources += sorted((lib / "recognition").rglob("*.py"))
    # The classifier names what was found, later; its card has another name than its folder.
    cards = (root / "models").glob("*/*.json")
    sources += sorted(card for card in cards if card.stem == card.parent.name)
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.relative_to(root).as_posix()} {sha256(source)}\n".encode())
    for package in _DECODERS:
        digest.update(f"{package} {version(package)}\n".encode())
    return digest.hexdigest()[:16]


def _thumbnail(image: np.ndarray) -> bytes:
    height, width = image.shape[:2]
    scale = min(1.0, THUMBNAIL_SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return _encode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, _THUMBNAIL_QUALITY])


def _encode(suffix: str, image: np.ndarray, options: list[int] | None = None) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, bgr, options or [])[1].tobytes()


def _decode(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
