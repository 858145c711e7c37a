"""Default places, anchored at the root of the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RAW_DATA = ROOT / "RawData"
RAW_IMAGES = RAW_DATA / "Image"
RAW_TABLES = RAW_DATA / "DataTable"
LABELED_IMAGES = RAW_DATA / "Image_Labeled"
REJECTED_IMAGES = RAW_DATA / "Image_Rejected"

INPUT_DATA = ROOT / "InputData"
MODELS = ROOT / "models"
DEFAULT_MODEL = MODELS / "default"
