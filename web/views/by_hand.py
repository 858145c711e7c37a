"""Setting wavelengths by hand: the lines of lamps, and the instrument that points give."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from lib.lines import available_line_lists, line_list
from lib.measurement.points import points_in
from web.gate.errors import Refused
from web.gate.uploads import FormParser
from web.readers.asking import ask
from web.readers.work import Job
from web.views import schema
from web.views.api import REFUSALS, ServiceView


class Lines(ServiceView):
    """The lines of one lamp."""

    @extend_schema(
        operation_id="lines",
        summary="List the lines of a lamp, by rising wavelength",
        responses={200: schema.LampLineRows, 404: schema.Error, **REFUSALS},
    )
    def get(self, request, lamp: str) -> Response:
        """Return the lamp's list, as lib/data/ has it."""
        if lamp not in available_line_lists():
            raise Http404
        lines = line_list(lamp)
        rows = zip(lines.nm.tolist(), lines.intensity.tolist(), lines.names, strict=True)
        return Response([{"nm": nm, "intensity": flux, "name": name} for nm, flux, name in rows])


class Points(ServiceView):
    """The instrument of known points."""

    parser_classes = (FormParser,)

    @extend_schema(
        operation_id="instrument_of_points",
        summary="Make an instrument of known points along a band; nothing is saved",
        description=(
            "At least two points. `axis.lines` of the answer has their residuals. Save it as "
            "`instrument` of POST /api/v1/calibrations."
        ),
        request={"multipart/form-data": schema.PointsUpload},
        responses={200: schema.InstrumentDocument, 422: schema.Error, **REFUSALS},
    )
    def post(self, request) -> Response:
        """Answer the instrument's file."""
        form = schema.PointsUpload(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        photo = given.get("photo")
        job = Job(
            data=photo.read() if photo else b"",
            name=photo.name if photo else "points",
            kind="points",
            points=points_in(given["points"]),
            frame=given.get("frame"),
            band=given.get("band"),
        )
        reply = ask(job, request.user.key)
        if "calibration" not in reply.extras:
            raise Refused(422, "no_wavelength_axis", f"{reply.answer['reason']}.")
        return Response(reply.extras["calibration"])
