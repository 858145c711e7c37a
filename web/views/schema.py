"""The API's requests, which are checked here, and its answers, as the OpenAPI schema shows them."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.plumbing import ResolvedComponent, build_bearer_security_scheme_object
from pydantic import RootModel, TypeAdapter
from rest_framework import serializers

from lib.errors import DataError
from lib.images.tone import told
from lib.measurement.measured import MeasuredLight
from lib.measurement.points import points_in
from lib.recognition.find.choice import Choice, parse_choice
from lib.recognition.identified import IdentifiedLight
from lib.recognition.instrument_model import InstrumentFile
from lib.shapes import Answer
from lib.taxonomy import lamps_named
from web.models import SavedCalibration
from web.readers.asking import pool

EXTRAS = ("spectrum", "preview", "measurement")
LAMP_HELP = (
    "The light source, where you know it: a class, or a lamp with known lines; or several, a+b."
)
BAND_HELP = (
    "Which of several spectra in each photo: its number in reading order, as `bands` of the answer "
    "lists them, or a box x0,y0,x1,y1 around it, in pixels."
)
# Axis, lines and response of an instrument fill a twentieth of this.
_MAX_INSTRUMENT_BYTES = 2**20
# Lists and objects of a frame: three are needed.
_MAX_NESTED = 16
# Two thousand points, as many as an instrument may have.
_MAX_POINTS_TEXT = 60_000
# Ten times what the two parts fill.
_MAX_FRAME_TEXT = 10_000


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema describes the API's tokens."""

    target_class = "web.gate.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema) -> dict:
        """Return the description of the header."""
        return build_bearer_security_scheme_object(
            header_name="Authorization", token_prefix="Token"
        )


def check_lamp(name: str) -> None:
    """Refuse a lamp without a class or a line list.

    Raises
    ------
    rest_framework.serializers.ValidationError
        If nobody knows the lamp, or there are too many.
    """
    known = pool().info.lamps
    try:
        names = lamps_named(name)
    except DataError as error:
        raise serializers.ValidationError(f"{error}.") from error
    if not set(names) <= set(known):
        raise serializers.ValidationError(f"expected one of {', '.join(known)}.")


def check_tone(words: str) -> None:
    """Refuse what is no tone curve.

    Raises
    ------
    rest_framework.serializers.ValidationError
        If the text names no tone curve.
    """
    try:
        told(words)
    except DataError as error:
        raise serializers.ValidationError(f"{error}.") from error


class BandField(serializers.CharField):
    """Which of several spectra."""

    def to_internal_value(self, data) -> Choice:
        """Return a number or a box."""
        try:
            return parse_choice(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(f"{error}.") from error


class IdentifyOptions(serializers.Serializer):
    """What a request may say beside its photos, as form fields or in the query."""

    lamp = serializers.CharField(required=False, validators=[check_lamp], help_text=LAMP_HELP)
    band = BandField(required=False, help_text=BAND_HELP)
    min_precision = serializers.FloatField(
        required=False,
        min_value=1e-3,
        max_value=1,
        help_text="Refuse until this share of the named is right (default: as the model was set).",
    )
    calibration = serializers.PrimaryKeyRelatedField(
        queryset=SavedCalibration.objects.all(),
        required=False,
        pk_field=serializers.UUIDField(),
        help_text="Use the saved axis with this id in place of the photo's own lines.",
    )
    tone = serializers.CharField(
        required=False,
        validators=[check_tone],
        help_text="Tone curve that measuring undoes: linear, srgb or an exponent such as 2.2 "
        "(default: what the file states).",
    )
    include = serializers.MultipleChoiceField(
        choices=EXTRAS,
        required=False,
        help_text=(
            "Add the spectrum, a small JPEG of the photo, or, with a calibration, what measure.py "
            "says."
        ),
    )


class PhotoUpload(IdentifyOptions):
    """The form of a request to identify."""

    photo = serializers.ListField(child=serializers.FileField(), allow_empty=False)


class CalibrationUpload(serializers.Serializer):
    """The form of a request to save a calibration."""

    photo = serializers.FileField(required=False, help_text="A photo of a lamp with known lines.")
    instrument = serializers.FileField(
        required=False,
        help_text="In place of a photo: an instrument.json, as calibrate.py writes it.",
    )
    name = serializers.CharField(max_length=100, help_text="What people call the instrument.")
    lamp = serializers.CharField(required=False, validators=[check_lamp], help_text=LAMP_HELP)
    band = BandField(required=False, help_text=BAND_HELP)

    def validate_instrument(self, file):
        """Refuse what is larger than any instrument."""
        if file.size > _MAX_INSTRUMENT_BYTES:
            raise serializers.ValidationError(f"expected at most {_MAX_INSTRUMENT_BYTES:,} bytes.")
        return file

    def validate(self, given: dict) -> dict:
        """Refuse all but one file."""
        if ("photo" in given) == ("instrument" in given):
            raise serializers.ValidationError("expected a photo, or an instrument's file.")
        return given


class PointsUpload(serializers.Serializer):
    """The form of a request for the instrument of known points."""

    points = serializers.CharField(
        max_length=_MAX_POINTS_TEXT,
        help_text="Photo pixels along the band and wavelengths in nm, in air: 31=388.9,616=632.8",
    )
    photo = serializers.FileField(required=False, help_text="The photo, whose band is looked for.")
    band = BandField(required=False, help_text=BAND_HELP)
    frame = serializers.CharField(
        required=False,
        max_length=_MAX_FRAME_TEXT,
        help_text="In place of a photo: JSON with the parts `photo` and `band` of an instrument's "
        "file.",
    )

    def validate_points(self, text: str) -> str:
        """Refuse what is not pairs of numbers."""
        try:
            points_in(text)
        except DataError as error:
            raise serializers.ValidationError(f"{error}.") from error
        return text

    def validate_frame(self, text: str) -> dict:
        """Return the object that the text stands for; refuse what stands for none."""
        try:
            # What nests deeper could not be handed on to a reader.
            frame = json.loads(text) if text.count("[") + text.count("{") <= _MAX_NESTED else None
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            raise serializers.ValidationError("expected JSON with the parts photo and band.")
        return {part: frame[part] for part in ("photo", "band") if part in frame}

    def validate(self, given: dict) -> dict:
        """Refuse both and neither."""
        if ("photo" in given) == ("frame" in given):
            raise serializers.ValidationError("expected a photo, or a frame.")
        return given


@dataclass(frozen=True)
class LampLine(Answer):
    """A spectral line of a lamp."""

    nm: float
    """wavelength in air"""
    intensity: float
    """relative flux, an estimate; only to rank lines"""
    name: str
    """emitter"""


class LampLineRows(RootModel[list[LampLine]]):
    """The lines of a lamp, by rising wavelength."""


class InstrumentDocument(RootModel[InstrumentFile]):
    """An instrument's file."""


@dataclass(frozen=True)
class Preview(Answer):
    """The upright photo made small."""

    width: int
    """width of the photo itself, pixels"""
    height: int
    """height of the photo itself, pixels"""
    jpeg: str
    """a JPEG file in base64"""


@dataclass(frozen=True)
class IdentifiedPhoto(IdentifiedLight):
    """What `identify.py --json` prints for a photo, and what `include` asks for beside it."""

    preview: Preview | None = None
    measurement: MeasuredLight | None = None
    """what measure.py says, where a calibration is given"""


class IdentifiedOneOrMany(RootModel[IdentifiedPhoto | list[IdentifiedPhoto]]):
    """One photo is answered by its object, several by a list."""


@dataclass(frozen=True)
class Error(Answer):
    """Why a request was refused."""

    code: str
    """one of a fixed list of words, for programs"""
    message: str
    """one sentence, for people"""


@dataclass(frozen=True, kw_only=True)
class UnreadablePhoto(IdentifiedPhoto):
    """A single photo that cannot be used: identify's object, with a code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class CalibrationRow(Answer):
    """A saved instrument in a list."""

    id: UUID
    name: str
    created: datetime
    owner: str | None
    """the name of the token that saved it; null if it belongs to nobody"""
    deletable: bool
    """whether you may delete it"""


class CalibrationRows(RootModel[list[CalibrationRow]]):
    """The saved instruments, newest first."""


@dataclass(frozen=True)
class Calibration(CalibrationRow):
    """A saved instrument."""

    document: InstrumentFile
    """the file that measure.py --instrument takes"""


@dataclass(frozen=True)
class Model(Answer):
    """The model that answers."""

    version: str
    architecture: str
    classes: list[str]
    unknown: dict
    metrics: dict


class AnswerExtension(OpenApiSerializerExtension):
    """How the schema describes our answers: as pydantic does."""

    target_class = Answer
    match_subclasses = True

    def get_name(self, auto_schema, direction) -> str:
        """Return what the schema calls the answer."""
        return self.target.__name__

    def map_serializer(self, auto_schema, direction) -> dict:
        """Return the answer's JSON schema, its parts beside it."""
        schema = TypeAdapter(self.target).json_schema(
            ref_template="#/components/schemas/{model}", mode="serialization"
        )
        for name, part in schema.pop("$defs", {}).items():
            kind = ResolvedComponent.SCHEMA
            auto_schema.registry.register_on_missing(
                ResolvedComponent(name=name, type=kind, object=name, schema=part)
            )
        return schema
