"""The shapes of the API's requests and answers, for checking and for the OpenAPI schema."""

from datetime import datetime
from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from pydantic import RootModel
from rest_framework import serializers

from lib.recognition.advice import ADVICE
from lib.recognition.instrument_model import InstrumentFile
from lib.shapes import Shape
from lib.taxonomy import CLASSES
from web.models import SavedCalibration
from web.readers.asking import pool

EXTRAS = ("spectrum", "preview", "measurement")
LAMP_HELP = (
    "The light source, where you know it: a class, or a lamp with known lines; or several, a+b."
)
# Axis, lines and response of an instrument fill a twentieth of this.
_MAX_INSTRUMENT_BYTES = 2**20
_STATUSES = ("ok", "unknown", "no_band", "error")


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
        If nobody knows the lamp.
    """
    known = pool().info.lamps
    if not set(name.split("+")) <= set(known):
        raise serializers.ValidationError(f"expected one of {', '.join(known)}.")


class IdentifyOptions(serializers.Serializer):
    """What a request may say beside its photos, as form fields or in the query."""

    lamp = serializers.CharField(required=False, validators=[check_lamp], help_text=LAMP_HELP)
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


class Band(serializers.Serializer):
    """Where the spectrum lies, in pixels of the upright photo."""

    x0 = serializers.IntegerField()
    y0 = serializers.IntegerField()
    x1 = serializers.IntegerField()
    y1 = serializers.IntegerField()
    axis = serializers.ChoiceField(("horizontal", "vertical"))
    blue_end = serializers.ChoiceField(("left", "right", "top", "bottom", "none"))
    angle_deg = serializers.FloatField()


class Line(serializers.Serializer):
    """A spectral line found in the photo."""

    nm = serializers.FloatField()
    px = serializers.FloatField()
    name = serializers.CharField()


class StatedError(serializers.Serializer):
    """The standard error of the wavelength at one place, nm."""

    px = serializers.FloatField()
    nm = serializers.FloatField()
    error = serializers.FloatField()


class Wavelength(serializers.Serializer):
    """Wavelength in air as a polynomial of the photo's x or y along the band's centre line."""

    coefficients = serializers.ListField(
        child=serializers.FloatField(), help_text="Ascending powers of the pixel coordinate."
    )
    axis = serializers.ChoiceField(("x", "y"))
    rms_nm = serializers.FloatField()
    uncertainty_nm = serializers.FloatField()
    range_px = serializers.ListField(
        child=serializers.FloatField(), help_text="Between these the stated error holds."
    )
    range_nm = serializers.ListField(child=serializers.FloatField())
    error_nm = StatedError(many=True)
    lines = Line(many=True)
    model = serializers.CharField()
    lamp = serializers.CharField()
    source = serializers.CharField(help_text="own lines, or whose calibration it is")
    shift_px = serializers.FloatField(
        allow_null=True,
        help_text="By how much the calibration was moved to fit; null where no line tells.",
    )


class Spectrum(serializers.Serializer):
    """The light along the band, blue first: only with include=spectrum."""

    px = serializers.ListField(child=serializers.FloatField())
    nm = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    error_nm = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        allow_null=True,
        help_text="Null where the axis claims nothing.",
    )
    rgb = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    clipped = serializers.ListField(child=serializers.BooleanField())


class Preview(serializers.Serializer):
    """The upright photo made small: only with include=preview."""

    width = serializers.IntegerField(help_text="Width of the photo itself, pixels.")
    height = serializers.IntegerField(help_text="Height of the photo itself, pixels.")
    jpeg = serializers.CharField(help_text="A JPEG file in base64.")


class Emitter(serializers.Serializer):
    """What a peak may be a line of."""

    name = serializers.CharField()
    lamp = serializers.CharField(help_text="The line list that it stands in.")
    nm = serializers.FloatField()
    probability = serializers.FloatField()
    resolved = serializers.BooleanField(help_text="Whether one line alone lies there.")


class Peak(serializers.Serializer):
    """A line or a broad band of a measured spectrum."""

    nm = serializers.FloatField()
    error_nm = serializers.FloatField()
    fwhm_nm = serializers.FloatField()
    height = serializers.FloatField()
    centroid_nm = serializers.FloatField()
    broad = serializers.BooleanField()
    clipped = serializers.BooleanField()
    emitters = Emitter(many=True)


class MeasuredWavelengths(serializers.Serializer):
    """Where a measurement's wavelengths are from."""

    source = serializers.CharField()
    by_instrument = serializers.BooleanField(help_text="False: the instrument did not fit.")
    shift_px = serializers.FloatField(allow_null=True)
    range_nm = serializers.ListField(child=serializers.FloatField())
    uncertainty_nm = serializers.FloatField()


class Curve(serializers.Serializer):
    """A measured spectrum by rising wavelength; null where nothing is known."""

    nm = serializers.ListField(child=serializers.FloatField())
    error_nm = serializers.ListField(child=serializers.FloatField(allow_null=True))
    intensity = serializers.ListField(child=serializers.FloatField(allow_null=True))
    noise = serializers.ListField(child=serializers.FloatField(allow_null=True))
    clipped = serializers.ListField(child=serializers.BooleanField())
    rgb = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    px = serializers.ListField(child=serializers.FloatField())


class Measurement(serializers.Serializer):
    """What measure.py prints, and the curve: only with a calibration and include=measurement."""

    photo = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    source = serializers.CharField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    wavelengths = MeasuredWavelengths()
    quantity = serializers.CharField(help_text="camera response, or relative power")
    tone = serializers.CharField()
    background = serializers.CharField()
    frames = serializers.IntegerField()
    left_out = serializers.ListField(child=serializers.CharField())
    saturated_nm = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField())
    )
    peaks = Peak(many=True)
    emitters = serializers.DictField(child=serializers.FloatField())
    colour = serializers.DictField(child=serializers.FloatField(allow_null=True), allow_null=True)
    curve = Curve()


class Identified(serializers.Serializer):
    """The answer for one photo, as `identify.py --json` prints it."""

    photo = serializers.CharField()
    status = serializers.ChoiceField(_STATUSES)
    reason = serializers.CharField(allow_null=True, help_text="In words, for people.")
    reason_code = serializers.ChoiceField(
        tuple(ADVICE), allow_null=True, help_text="The same, for programs."
    )
    advice = serializers.ListField(
        child=serializers.CharField(), help_text="What a person can do about it."
    )
    source = serializers.CharField(
        allow_null=True, help_text=f"One of {', '.join(CLASSES)}, or the lamp that you named."
    )
    class_id = serializers.IntegerField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    probabilities = serializers.DictField(child=serializers.FloatField())
    band = Band(allow_null=True)
    saturated = serializers.BooleanField(allow_null=True)
    wavelength = Wavelength(allow_null=True)
    model_version = serializers.CharField()
    spectrum = Spectrum(required=False)
    preview = Preview(required=False)
    measurement = Measurement(required=False)


class Error(serializers.Serializer):
    """Why a request was refused."""

    code = serializers.CharField(help_text="One of a fixed list of words, for programs.")
    message = serializers.CharField(help_text="One sentence, for people.")


class UnreadablePhoto(Identified):
    """A single photo that cannot be used: identify's object, with a code and a sentence."""

    code = serializers.CharField()
    message = serializers.CharField()


class CalibrationRow(Shape):
    """A saved instrument in a list."""

    id: UUID
    name: str
    created: datetime
    owner: str | None
    """The name of the token that saved it; null if it belongs to nobody."""
    deletable: bool
    """Whether you may delete it."""


class CalibrationRows(RootModel[list[CalibrationRow]]):
    """The saved instruments, newest first."""


class Calibration(CalibrationRow):
    """A saved instrument."""

    document: InstrumentFile
    """The file that measure.py --instrument takes."""


class Model(serializers.Serializer):
    """The model that answers."""

    version = serializers.CharField()
    architecture = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    unknown = serializers.DictField()
    metrics = serializers.DictField()
