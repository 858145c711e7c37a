"""The page, its login, and the requests that it makes."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from drf_spectacular.utils import extend_schema

from lib.lines import available_line_lists
from lib.taxonomy import LAMP_CLASSES
from web.gate.access import SESSION_KEY, AddressThrottle, PageAuthentication, page_client
from web.gate.middleware import permissions
from web.options import MAX_PHOTOS
from web.readers.asking import pool
from web.storage.tokens import UnknownToken, find_token
from web.views import api, by_hand, examples

# What people call a lamp, and a few words about it.
_TITLES = {one.name: [one.title, one.text] for one in LAMP_CLASSES} | {
    "cfl": ["Fluorescent lamp", ""],
    "fraunhofer": ["Sunlight, by its Fraunhofer lines", ""],
}


@require_safe
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    """Show the page, or ask for a login."""
    asked = request.META.get("REQUEST_URI", "").partition("?")[0]
    if asked and asked == request.META["SCRIPT_NAME"]:
        # Cookies and scripts need an address that ends in a slash: /spectra/, not /spectra.
        return HttpResponseRedirect(reverse("home"))
    client = page_client(request)
    if client is None:
        return HttpResponseRedirect(reverse("login"))
    context = {
        "client": client,
        "examples": examples.EXAMPLES,
        "max_bytes": settings.SERVICE.max_bytes,
        "max_megabytes": settings.SERVICE.max_megabytes,
        "max_photos": MAX_PHOTOS,
        "model": api.model_facts(),
        "lamps": pool().info.lamps,
        "titles": _TITLES,
        "line_lists": available_line_lists(),
    }
    return render(request, "web/home.html", context)


@require_safe
@ensure_csrf_cookie
def live(request: HttpRequest) -> HttpResponse:
    """Show the live view, the one page that may ask for the camera."""
    client = page_client(request)
    if client is None:
        return HttpResponseRedirect(reverse("login"))
    context = {
        "client": client,
        "lamps": pool().info.lamps,
        "titles": _TITLES,
        "line_lists": available_line_lists(),
    }
    response = render(request, "web/live.html", context)
    response.headers["Permissions-Policy"] = permissions(camera="(self)")
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
def login(request: HttpRequest) -> HttpResponse:
    """Take a token and remember its number in a signed cookie."""
    if request.method != "POST":
        return render(request, "web/login.html")
    throttle = AddressThrottle()
    if not throttle.allow_request(request, None):
        context = {"problem": "Too many attempts. Wait a minute, then try again."}
        return render(request, "web/login.html", context, status=429)
    try:
        token = find_token(request.POST.get("token", "").strip())
    except UnknownToken as error:
        problem = f"{str(error).capitalize()}. Check that all of it was copied."
        return render(request, "web/login.html", {"problem": problem}, status=403)
    request.session.flush()
    request.session[SESSION_KEY] = token.pk
    return HttpResponseRedirect(reverse("home"))


@require_POST
@csrf_protect
def logout(request: HttpRequest) -> HttpResponse:
    """Forget the token."""
    request.session.flush()
    return HttpResponseRedirect(reverse("home"))


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """Show the API's documentation, to be tried out with a token."""
    return render(request, "web/api.html")


@extend_schema(exclude=True)
class PageIdentify(api.Identify):
    """The API's answer, for the page."""

    authentication_classes = (PageAuthentication,)


@extend_schema(exclude=True)
class PageCalibrations(api.Calibrations):
    """The saved calibrations, for the page."""

    authentication_classes = (PageAuthentication,)


@extend_schema(exclude=True)
class PageCalibration(api.Calibration):
    """One saved calibration, for the page."""

    authentication_classes = (PageAuthentication,)


@extend_schema(exclude=True)
class PageLines(by_hand.Lines):
    """The lines of one lamp, for the page."""

    authentication_classes = (PageAuthentication,)


@extend_schema(exclude=True)
class PagePoints(by_hand.Points):
    """The instrument of known points, for the page."""

    authentication_classes = (PageAuthentication,)
