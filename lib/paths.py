"""Default places, anchored at the root of the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RAW_DATA = ROOT / "RawData"
LABELED_IMAGES = RAW_DATA / "Image_Labeled"

INPUT_DATA = ROOT / "InputData"
MODELS = ROOT / "models"
DEFAULT_MODEL = MODELS / "default"
