"""Django's settings, made from the service's options."""

from web.options import MAX_PHOTOS, ServiceOptions, is_loopback
from web.storage.database import database_settings

API_TITLE = "Spectrum identification"
API_VERSION = "1.0"
# A form field is a name or a number; no honest one comes near this.
_MAX_FIELD_BYTES = 2**16
_APPS = [
    "web.apps.WebConfig",
    "django.contrib.staticfiles",
    "rest_framework",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
_MIDDLEWARE = [
    "web.gate.middleware.log_requests",
    "web.gate.middleware.add_security_headers",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # A monitor asks by whatever name it knows, and asks often.
    "web.gate.middleware.answer_monitors",
    "corsheaders.middleware.CorsMiddleware",
    "web.gate.middleware.check_host",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]


def make_settings(options: ServiceOptions, secret_key: str) -> dict:
    """Return the settings for `django.conf.settings.configure`."""
    return {
        "DEBUG": False,
        "SECRET_KEY": secret_key,
        "SERVICE": options,
        "ALLOWED_HOSTS": allowed_hosts(options),
        "ROOT_URLCONF": "web.urls",
        "INSTALLED_APPS": _APPS,
        "MIDDLEWARE": _MIDDLEWARE,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": False,
        "APPEND_SLASH": False,
        # The log is set up before Django, for the readers' processes alike.
        "LOGGING_CONFIG": None,
        **_templates(),
        **database_settings(options),
        **_addresses(options),
        **_uploads(options),
        **_cookies(options),
        **_cors(options),
        **_api(options),
    }


def allowed_hosts(options: ServiceOptions) -> list[str]:
    """Return the host names that a request may address."""
    names = ["localhost", "127.0.0.1", "[::1]", *options.allowed_hosts]
    if not is_loopback(options.host) and options.host not in ("0.0.0.0", "::", ""):
        names.append(f"[{options.host}]" if ":" in options.host else options.host)
    return list(dict.fromkeys(names))


def _templates() -> dict:
    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.csrf"]},
    }
    return {"TEMPLATES": [engine]}


def _addresses(options: ServiceOptions) -> dict:
    below = options.url_prefix
    return {
        "FORCE_SCRIPT_NAME": below or None,
        "SESSION_COOKIE_PATH": f"{below}/",
        "CSRF_COOKIE_PATH": f"{below}/",
        "STATIC_URL": f"{below}/static/",
        # Served from where they lie: no collecting step, no second server.
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        # Browsers ask each time and get 304: files change with the program, not their names.
        "WHITENOISE_MAX_AGE": 0,
    }


def _uploads(options: ServiceOptions) -> dict:
    return {
        # The only handler: an upload is held in memory and never reaches the disk.
        "FILE_UPLOAD_HANDLERS": ["web.gate.uploads.BoundedMemoryHandler"],
        "DATA_UPLOAD_MAX_MEMORY_SIZE": _MAX_FIELD_BYTES,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 20,
        "DATA_UPLOAD_MAX_NUMBER_FILES": MAX_PHOTOS,
    }


def _cookies(options: ServiceOptions) -> dict:
    return {
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "SESSION_COOKIE_AGE": 30 * 24 * 3600,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Strict",
        "SESSION_COOKIE_SECURE": options.behind_proxy,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_SECURE": options.behind_proxy,
        "CSRF_FAILURE_VIEW": "web.gate.errors.csrf_failure",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
    }


def _cors(options: ServiceOptions) -> dict:
    return {
        "CORS_ALLOWED_ORIGINS": list(options.cors_origins),
        "CORS_URLS_REGEX": r"^/api/.*$",
        "CORS_ALLOW_METHODS": ["DELETE", "GET", "OPTIONS", "POST"],
        "CORS_EXPOSE_HEADERS": ["Retry-After"],
    }


def _api(options: ServiceOptions) -> dict:
    return {
        "REST_FRAMEWORK": {
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_AUTHENTICATION_CLASSES": ["web.gate.access.TokenAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["web.gate.access.IsKnown"],
            "DEFAULT_METADATA_CLASS": None,
            "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
            "EXCEPTION_HANDLER": "web.gate.errors.api_exception",
            "UNAUTHENTICATED_USER": None,
            "UNAUTHENTICATED_TOKEN": None,
        },
        "SPECTACULAR_SETTINGS": {
            "TITLE": API_TITLE,
            "VERSION": API_VERSION,
            # Pydantic's models are described in the JSON Schema of this version.
            "OAS_VERSION": "3.1.1",
            "DESCRIPTION": "A photo of a spectrum in; its light source and wavelengths out.",
            "SERVE_INCLUDE_SCHEMA": False,
            "SERVE_AUTHENTICATION": [],
            "SERVE_PERMISSIONS": [],
            # The schema's paths begin with it.
            "SERVERS": [{"url": options.url_prefix}] if options.url_prefix else [],
        },
    }
