"""The JSON API."""

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from web.gate.access import AddressThrottle, TokenThrottle
from web.gate.errors import Refused
from web.gate.uploads import UNNAMED, BinaryParser, FormParser, ImageParser
from web.models import SavedCalibration
from web.readers.asking import ask, pool
from web.readers.work import Job, Reply
from web.storage import instruments
from web.views import schema

# Room for every instrument of a school; a bound, as anyone with a token can add one.
MAX_CALIBRATIONS = 1000

REFUSALS = dict.fromkeys((400, 401, 403, 413, 415, 429, 503), schema.Error)
_RAW_BODY = OpenApiTypes.BINARY


class ServiceView(APIView):
    """What all views of the API share: an address's rate is checked before its token."""

    throttle_classes = (TokenThrottle,)

    def perform_authentication(self, request) -> None:
        """Count the request of this address, then find out who asks."""
        throttle = AddressThrottle()
        if not throttle.allow_request(request, self):
            self.throttled(request, throttle.wait())
        super().perform_authentication(request)
        if request.user:
            self.log(request, client=request.user.name)

    def log(self, request, **fields) -> None:
        """Add fields to the request's line in the log."""
        django_request = request._request
        django_request.log_fields = getattr(django_request, "log_fields", {}) | fields


class Identify(ServiceView):
    """Name the light source of photos."""

    parser_classes = (FormParser, ImageParser, BinaryParser)

    @extend_schema(
        operation_id="identify",
        summary="Name the light source of one or several photos and give their pixels wavelengths",
        description=(
            "Send photos as multipart form fields named `photo`, or one photo as the body. One "
            "photo is answered by its object, several by a list of objects in the same order."
        ),
        parameters=[schema.IdentifyOptions],
        request={
            "multipart/form-data": schema.PhotoUpload,
            "image/*": _RAW_BODY,
            "application/octet-stream": _RAW_BODY,
        },
        responses={
            200: schema.IdentifiedOneOrMany,
            422: schema.UnreadablePhoto,
            **REFUSALS,
        },
    )
    def post(self, request) -> Response:
        """Answer what identify.py says of each photo."""
        photos = photos_of(request)
        options = options_of(request)
        replies = [ask(_job(data, name, options), request.user.key) for name, data in photos]
        answers = [{**reply.answer, **reply.extras} for reply in replies]
        self.log(request, statuses=[answer["status"] for answer in answers])
        if len(answers) > 1:
            return Response(answers)
        return one_answer(answers[0])


class Calibrations(ServiceView):
    """The saved calibrations."""

    parser_classes = (FormParser,)

    @extend_schema(
        operation_id="list_calibrations",
        summary="List the saved calibrations",
        responses={200: schema.CalibrationRows, **REFUSALS},
    )
    def get(self, request) -> Response:
        """List all, newest first."""
        return Response(instruments.rows_for(request.user.token))

    @extend_schema(
        operation_id="save_calibration",
        summary="Keep the instrument that a lamp photo or a file shows, for its other photos",
        request={"multipart/form-data": schema.CalibrationUpload},
        responses={201: schema.Calibration, 422: schema.Error, **REFUSALS},
    )
    def post(self, request) -> Response:
        """Save the instrument that one lamp photo shows, or that a file describes."""
        form = schema.CalibrationUpload(data=request.data)
        form.is_valid(raise_exception=True)
        if SavedCalibration.objects.count() >= MAX_CALIBRATIONS:
            raise Refused(409, "too_many_calibrations", "Delete some of the saved calibrations.")
        document = _document(form.validated_data, request.user.key)
        saved = SavedCalibration.objects.create(
            name=form.validated_data["name"],
            owner=request.user.token.name if request.user.token else "",
            document=document,
        )
        return Response(_whole(request, saved), status=201)


class Calibration(ServiceView):
    """One saved calibration."""

    @extend_schema(
        operation_id="read_calibration",
        summary="Read a saved calibration",
        responses={200: schema.Calibration, 404: schema.Error, **REFUSALS},
    )
    def get(self, request, pk) -> Response:
        """Return it whole."""
        return Response(_whole(request, get_object_or_404(SavedCalibration, pk=pk)))

    @extend_schema(
        operation_id="delete_calibration",
        summary="Delete a saved calibration that is yours",
        responses={204: None, 404: schema.Error, **REFUSALS},
    )
    def delete(self, request, pk) -> Response:
        """Forget it, if it is the client's."""
        saved = get_object_or_404(SavedCalibration.objects.defer("document"), pk=pk)
        if not instruments.deletable_by(request.user.token)(saved.owner):
            raise Refused(403, "not_yours", f"This instrument belongs to {saved.owner!r}.")
        saved.delete()
        return Response(status=204)


class Model(ServiceView):
    """The model that answers."""

    @extend_schema(
        operation_id="model",
        summary="Version, classes and metrics of the model",
        responses={200: schema.Model, **REFUSALS},
    )
    def get(self, request) -> Response:
        """Return what model.json says."""
        return Response(model_facts())


def model_facts() -> dict:
    """Return the model's version, classes and metrics."""
    card = pool().info.card
    return {
        "version": card["version"],
        "architecture": card["architecture"],
        "classes": card["classes"],
        "unknown": card["unknown"],
        "metrics": card.get("test", {}),
    }


def photos_of(request) -> list[tuple[str, bytes]]:
    """Return name and content of each photo of a request.

    Raises
    ------
    Refused
        If there is none.
    """
    if isinstance(request.data, bytes):
        return [(request.query_params.get("name", UNNAMED)[:255], request.data)]
    files = request.FILES.getlist("photo")
    if not files:
        raise Refused(
            400, "photo_missing", "Expected a photo: a form field named photo, or the body itself."
        )
    return [(file.name, _taken(file)) for file in files]


def _taken(file) -> bytes:
    """Return the content of an upload, which holds no copy of it while the photo waits."""
    with file:
        return file.read()


def options_of(request) -> dict:
    """Return the checked options of a request, from its form or its query."""
    given = request.query_params.copy()
    if not isinstance(request.data, bytes):
        given.update(request.POST)
    form = schema.IdentifyOptions(data=given)
    form.is_valid(raise_exception=True)
    return form.validated_data


def one_answer(answer: dict) -> Response:
    """Return identify's object; an unreadable photo's with a code, a sentence and 422."""
    if answer["status"] != "error":
        return Response(answer)
    return Response(
        {"code": "unreadable_photo", "message": f"{answer['reason']}.", **answer}, status=422
    )


def _job(data: bytes, name: str, options: dict) -> Job:
    calibration = options.get("calibration")
    return Job(
        data=data,
        name=name,
        lamp=options.get("lamp"),
        min_precision=options.get("min_precision"),
        band=options.get("band"),
        calibration=calibration.document if calibration else None,
        tone=options.get("tone"),
        extras=frozenset(options.get("include", ())),
    )


def _document(given: dict, client: str) -> dict:
    if "instrument" in given:
        return _instrument_of(given["instrument"], client)
    photo = given["photo"]
    job = Job(
        data=photo.read(),
        name=photo.name,
        lamp=given.get("lamp"),
        band=given.get("band"),
        extras=frozenset({"calibration"}),
    )
    return _calibration_of(ask(job, client))


def _whole(request, saved: SavedCalibration) -> dict:
    """Return a saved instrument as the API answers it, with its document."""
    return instruments.row_of(saved, request.user.token) | {"document": saved.document}


def _instrument_of(file, client: str) -> dict:
    reply = ask(Job(data=file.read(), name=file.name, kind="instrument"), client)
    if "calibration" not in reply.extras:
        raise Refused(400, "no_instrument", f"{reply.answer['reason']}.")
    return reply.extras["calibration"]


def _calibration_of(reply: Reply) -> dict:
    if "calibration" not in reply.extras:
        raise Refused(
            422,
            "no_wavelength_axis",
            f"No calibration can be made of this photo: {reply.answer['reason']}.",
        )
    return reply.extras["calibration"]
