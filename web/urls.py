"""Addresses."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from web.views import api, by_hand, page

urlpatterns = [
    path("", page.home, name="home"),
    path("live", page.live, name="live"),
    path("login", page.login, name="login"),
    path("logout", page.logout, name="logout"),
    path("page/identify", page.PageIdentify.as_view(), name="page-identify"),
    path("page/calibrations", page.PageCalibrations.as_view(), name="page-calibrations"),
    path("page/calibrations/<uuid:pk>", page.PageCalibration.as_view(), name="page-calibration"),
    path("page/lines/<slug:lamp>", page.PageLines.as_view(), name="page-lines"),
    path("page/points", page.PagePoints.as_view(), name="page-points"),
    path("api/", page.api_page, name="api"),
    path("api/v1/schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("api/v1/identify", api.Identify.as_view(), name="identify"),
    path("api/v1/calibrations", api.Calibrations.as_view(), name="calibrations"),
    path("api/v1/calibrations/<uuid:pk>", api.Calibration.as_view(), name="calibration"),
    path("api/v1/lines/<slug:lamp>", by_hand.Lines.as_view(), name="lines"),
    path("api/v1/points", by_hand.Points.as_view(), name="points"),
    path("api/v1/model", api.Model.as_view(), name="model"),
]

handler400 = "web.gate.errors.bad_request"
handler403 = "web.gate.errors.forbidden"
handler404 = "web.gate.errors.not_found"
handler500 = "web.gate.errors.server_error"
