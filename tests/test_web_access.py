"""Who may use the service: tokens, logins, the local machine, other origins, how often."""

import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace

import pytest
from PIL import Image

from lib.errors import DataError
from web.storage.state import read_secret_key

pytestmark = pytest.mark.usefixtures("pool")
IDENTIFY, MODEL = "/api/v1/identify", "/api/v1/model"


def bearer(token):
    return {"Authorization": f"Token {token}"}


def photo():
    buffer = BytesIO()
    Image.new("RGB", (32, 24)).save(buffer, "PNG")
    buffer.seek(0)
    buffer.name = "photo.png"
    return {"photo": buffer}


def test_the_api_asks_for_a_token_even_on_the_local_machine(client):
    for answer in (client.get(MODEL), client.post(IDENTIFY, photo())):
        assert answer.status_code == 401
        assert answer.json()["code"] == "token_missing"
        assert answer.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("words", ["wrong", "", "a b", "\xff", "a\tb"])
def test_a_wrong_token_is_refused(client, words):
    answer = client.get(MODEL, headers={"Authorization": f"Token {words}"})
    assert answer.status_code == 401 and answer.json()["code"] == "token_refused"


def test_another_scheme_counts_as_no_token(client):
    assert (
        client.get(MODEL, headers={"Authorization": "Basic YTpi"}).json()["code"] == "token_missing"
    )


def test_a_token_works_until_it_is_revoked(client, token):
    from web.storage.tokens import find_token, revoke_token

    assert client.get(MODEL, headers=bearer(token)).status_code == 200
    assert client.post(IDENTIFY, photo(), headers=bearer(token)).status_code == 200
    revoke_token(find_token(token).name)
    answer = client.get(MODEL, headers=bearer(token))
    assert answer.status_code == 401 and "revoked" in answer.json()["message"]


def test_tokens_are_kept_as_digests_only(django_service, token):
    database = django_service.state / "service.sqlite3"
    stored = b"".join(path.read_bytes() for path in database.parent.glob("service.sqlite3*"))
    assert token.encode() not in stored
    assert database.stat().st_mode & 0o077 == 0
    assert (django_service.state / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"\xff\xfe" * 40, b"short"])
def test_a_key_of_other_bytes_is_one_line(tmp_path, content):
    (tmp_path / "secret_key").write_bytes(content)
    with pytest.raises(DataError, match=r"secret_key: .*remove it"):
        read_secret_key(tmp_path)


def test_the_page_needs_no_login_on_the_local_machine(client):
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "request_from",
    [
        {"REMOTE_ADDR": "192.168.1.7"},
        {"headers": {"X-Forwarded-For": "192.168.1.7"}},
        {"headers": {"Forwarded": "for=192.168.1.7"}},
        {"headers": {"Via": "1.1 proxy"}},
    ],
)
def test_the_page_asks_for_a_login_from_elsewhere(client, request_from):
    answer = client.get("/", **request_from)
    assert answer.status_code == 302 and answer.headers["Location"] == "/login"


@pytest.mark.parametrize("change", [{"host": "0.0.0.0"}, {"behind_proxy": True}])
def test_the_page_asks_for_a_login_when_the_server_listens_elsewhere(client, options, change):
    options(**change)
    assert client.get("/").status_code == 302
    page = client.get("/login")
    answer = client.post("/page/identify", photo(), headers={"X-CSRFToken": csrf_of(page)})
    assert answer.status_code == 401


def test_a_token_logs_in_and_its_revocation_logs_out(client, options, token):
    from web.storage.tokens import find_token, revoke_token

    options(host="0.0.0.0")
    page = client.get("/login")
    form = {"token": token, "csrfmiddlewaretoken": csrf_of(page)}
    assert client.post("/login", form | {"token": "wrong"}).status_code == 403
    assert client.post("/login", form).status_code == 302
    assert client.get("/").status_code == 200
    revoke_token(find_token(token).name)
    assert client.get("/").status_code == 302


def test_a_login_can_be_ended(client, options, token):
    options(host="0.0.0.0")
    page = client.get("/login")
    client.post("/login", {"token": token, "csrfmiddlewaretoken": csrf_of(page)})
    home = client.get("/")
    client.post("/logout", {"csrfmiddlewaretoken": csrf_of(home)})
    assert client.get("/").status_code == 302


def test_another_sites_script_cannot_use_the_page(client):
    for headers in ({}, {"X-CSRFToken": "x" * 64}):
        answer = client.post("/page/identify", photo(), headers=headers)
        assert answer.status_code == 403 and answer.json()["code"] == "csrf_failed"


def test_the_page_sends_its_csrf_token(client):
    page = client.get("/")
    answer = client.post("/page/identify", photo(), headers={"X-CSRFToken": csrf_of(page)})
    assert answer.status_code == 200


def test_an_unknown_host_name_is_refused_with_the_way_to_allow_it(client):
    answer = client.get("/login", headers={"Host": "evil.example.com"})
    assert answer.status_code == 400 and "--allowed-host" in answer.json()["message"]
    assert client.get("/login", headers={"Host": "spectra.example.org"}).status_code == 200


def test_only_allowed_origins_may_call_the_api_from_a_browser(client):
    def preflight(origin, path=IDENTIFY):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        return client.options(path, headers=headers).headers

    allowed = preflight("https://lab.example.org")
    assert allowed["Access-Control-Allow-Origin"] == "https://lab.example.org"
    assert "authorization" in allowed["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in preflight("https://evil.example.com")
    assert "Access-Control-Allow-Origin" not in preflight("https://lab.example.org", "/")


def test_a_token_that_asks_too_often_is_slowed_down(client, options, token):
    from web.storage.tokens import create_token

    options(token_rate=3)
    codes = [client.get(MODEL, headers=bearer(token)).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    answer = client.get(MODEL, headers=bearer(token))
    assert answer.json()["code"] == "too_many_requests"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    other = create_token("somebody else in the same lab")
    assert client.get(MODEL, headers=bearer(other)).status_code == 200


def test_an_address_is_slowed_down_before_its_token_is_looked_at(client, options):
    options(address_rate=2)
    codes = [client.get(MODEL, headers=bearer("guess")).status_code for _ in range(4)]
    assert codes == [401, 401, 429, 429]
    assert client.get(MODEL, REMOTE_ADDR="10.0.0.9").status_code == 401


def test_guessing_tokens_at_the_login_is_slowed_down(client, options):
    options(host="0.0.0.0", address_rate=2)
    form = {"token": "guess", "csrfmiddlewaretoken": csrf_of(client.get("/login"))}
    assert [client.post("/login", form).status_code for _ in range(3)] == [403, 403, 429]


def test_ipv6_addresses_of_one_customer_share_their_limit(client, options):
    options(address_rate=1)
    codes = [
        client.get(MODEL, REMOTE_ADDR=address).status_code
        for address in ("2001:db8:1:2::1", "2001:db8:1:2::9", "2001:db8:1:3::1")
    ]
    assert codes == [401, 429, 401]


@pytest.mark.parametrize("back_s", [3, 7200])
def test_a_clock_that_is_set_back_shuts_nobody_out(client, options, token, monkeypatch, back_s):
    from web.gate import access

    options(token_rate=2, address_rate=3)
    now = time.time()
    clock = SimpleNamespace(now=now)
    monkeypatch.setattr(access._Throttle, "timer", staticmethod(lambda: clock.now))
    codes = [client.get(MODEL, headers=bearer(token)).status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]
    clock.now = now - back_s
    answer = client.get(MODEL, headers=bearer(token))
    if answer.status_code == 429:
        assert int(answer.headers["Retry-After"]) <= 60 + back_s < 120
        clock.now += 61 + back_s
        answer = client.get(MODEL, headers=bearer(token))
    assert answer.status_code == 200


def test_requests_that_come_at_once_are_counted_one_by_one(options, monkeypatch):
    from django.core.cache import cache
    from django.test import RequestFactory

    from web.gate.access import AddressThrottle

    def slow_get(key, default=None):
        history = cache.get(key, default)
        time.sleep(0.05)
        return history

    def ask(_):
        return AddressThrottle().allow_request(RequestFactory().get("/"), None)

    options(address_rate=3)
    monkeypatch.setattr(AddressThrottle, "cache", SimpleNamespace(get=slow_get, set=cache.set))
    with ThreadPoolExecutor(8) as clients:
        allowed = list(clients.map(ask, range(8)))
    assert sum(allowed) == 3


@pytest.mark.parametrize("name", ["localhost", "evil.example.com", "192.0.2.7:8000", "[::1"])
def test_a_monitor_needs_no_token_and_no_name(client, name):
    answer = client.get("/healthz", headers={"Host": name})
    assert (answer.status_code, answer.content) == (200, b"alive\n")
    assert client.post("/healthz", headers={"Host": name}).status_code == 405


@pytest.mark.parametrize("path", ["/", "/login", "/api/", "/healthz", MODEL, "/nothing"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def csrf_of(page):
    from django.template.context_processors import csrf

    return str(csrf(page.wsgi_request)["csrf_token"])
