"""The API's requests and answers: uploads in memory, bounds, refusals as code and sentence."""

import json
import secrets
import tempfile
import time
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from web.readers.pool import Busy, WorkFailed
from web.readers.work import Reply

IDENTIFY = "/api/v1/identify"
CALIBRATIONS = "/api/v1/calibrations"
POINTS = "/api/v1/points"
NO_SUCH_ID = "00000000-0000-4000-8000-000000000000"
HOSTILE_NAME = "../../../../tmp/evil\x00 <b>; rm -rf ~.php"


@pytest.fixture
def ask(client, token, pool):
    """Post to the API with a token."""

    def post(data=None, path=IDENTIFY, **options):
        return client.post(path, data, headers={"Authorization": f"Token {token}"}, **options)

    return post


def header(token) -> dict:
    return {"Authorization": f"Token {token}"}


def photo(content=b"content", name="lamp.jpg"):
    file = BytesIO(content)
    file.name = name
    return file


def test_one_photo_is_answered_by_an_object(ask):
    assert ask({"photo": photo()}).json() == {
        "photo": "lamp.jpg",
        "status": "no_band",
        "reason": "nothing",
    }


def test_a_photo_waits_in_the_turn_of_its_token(client, pool):
    from web.storage.tokens import create_token

    one, other = (create_token(f"turns {secrets.token_hex(8)}") for _ in range(2))
    for token in (one, other, one):
        headers = {"Authorization": f"Token {token}"}
        client.post(IDENTIFY, {"photo": photo()}, headers=headers)
    first, second, third = pool.clients
    assert first == third != second


def test_several_photos_are_answered_in_their_order(ask):
    answer = ask({"photo": [photo(name=f"{count}.png") for count in range(5)]})
    assert [row["photo"] for row in answer.json()] == [f"{count}.png" for count in range(5)]


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/heic", "application/octet-stream"])
def test_a_photo_may_be_the_body_itself(ask, pool, content_type):
    answer = ask(b"bytes", content_type=content_type, query_params={"name": "neon.jpg"})
    assert answer.json()["photo"] == "neon.jpg"
    assert pool.jobs[0].data == b"bytes"


def test_options_reach_the_recogniser_from_form_and_query(ask, pool):
    form = {"photo": photo(), "lamp": "neon", "tone": "2.2", "band": "2"}
    form["include"] = ["spectrum", "preview"]
    ask(form, query_params={"min_precision": "0.99"})
    job = pool.jobs[0]
    assert (job.lamp, job.min_precision) == ("neon", 0.99)
    assert (job.tone, job.band) == ("2.2", 2)
    assert job.extras == {"spectrum", "preview"}


@pytest.mark.parametrize(
    "option",
    [
        {"lamp": "candle"},
        {"min_precision": "1.5"},
        {"min_precision": "nan"},
        {"tone": "film"},
        {"band": "0"},
        {"band": "1,2,3"},
        {"include": "everything"},
        {"calibration": "no-uuid"},
        {"calibration": NO_SUCH_ID},
    ],
)
def test_a_wrong_option_is_refused_by_name(ask, option):
    answer = ask({"photo": photo(), **option})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid" and next(iter(option)) in answer.json()["message"]


def test_an_unreadable_photo_is_422_alone_and_a_row_among_others(ask, pool):
    pool.reply = Reply({"status": "error", "reason": "lamp.jpg: not a readable image"})
    alone = ask({"photo": photo()})
    assert alone.status_code == 422
    assert alone.json() == {
        "code": "unreadable_photo",
        "message": "lamp.jpg: not a readable image.",
        "photo": "lamp.jpg",
        **pool.reply.answer,
    }
    among = ask({"photo": [photo(), photo()]})
    assert among.status_code == 200 and among.json()[0]["status"] == "error"


@pytest.mark.parametrize(
    ("reply", "status", "code"), [(Busy(), 503, "busy"), (WorkFailed(), 500, "internal_error")]
)
def test_failures_of_the_server_say_nothing_of_its_inside(ask, pool, reply, status, code):
    pool.reply = reply
    answer = ask({"photo": photo()})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "Traceback" not in answer.content.decode()


CONTENT = b"\xff\xd8\x00 filename=\r\n\r\n--y\r\n\xfe"


@pytest.mark.parametrize(
    "field",
    [
        b'Content-Disposition: form-data; name="photo"',
        b"content-disposition: form-data; name=photo",
        b'Content-Disposition: form-data; name="photo"; filename=""',
        b'Content-Type: image/jpeg\r\nContent-Disposition: form-data; name="photo"',
    ],
)
def test_a_photo_needs_no_file_name(ask, pool, field):
    lamp = b'\r\n--x\r\nContent-Disposition: form-data; name="lamp"\r\n\r\nneon'
    body = b"--x\r\n" + field + b"\r\n\r\n" + CONTENT + lamp + b"\r\n--x--\r\n"
    answer = ask(body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200 and answer.json()["photo"] == "photo"
    assert pool.jobs[0].data == CONTENT and pool.jobs[0].lamp == "neon"


@pytest.mark.parametrize("name", [b'filename="a b.jpg"', b"filename=a.jpg", b"filename*=UTF-8''a"])
def test_a_file_name_that_is_given_stays(ask, name):
    field = b'Content-Disposition: form-data; name="photo"; ' + name
    body = b"--x\r\n" + field + b"\r\n\r\nbytes\r\n--x--\r\n"
    answer = ask(body, content_type='multipart/form-data; boundary="x"')
    assert answer.json()["photo"].startswith("a")


def test_a_request_without_a_photo_is_refused(ask):
    for answer in (ask({}), ask({"picture": photo()}), ask(b"", content_type="image/png")):
        assert answer.status_code == 400 and answer.json()["code"] == "photo_missing"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "nonsense"])
def test_other_content_types_are_415(ask, content_type):
    answer = ask(b"{}", content_type=content_type)
    assert answer.status_code == 415 and answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/nothing", 404, "not_found"),
        ("get", IDENTIFY, 405, "method_not_allowed"),
        ("delete", "/api/v1/model", 405, "method_not_allowed"),
        ("get", f"{CALIBRATIONS}/{NO_SUCH_ID}", 404, "not_found"),
        ("get", f"{CALIBRATIONS}/../../etc/passwd", 404, "not_found"),
    ],
)
def test_wrong_addresses_and_methods_are_json_too(client, token, pool, method, path, status, code):
    answer = getattr(client, method)(path, headers={"Authorization": f"Token {token}"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"].endswith(".")


def test_a_person_gets_a_page_for_a_wrong_address(client, pool):
    answer = client.get("/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404 and "text/html" in answer.headers["Content-Type"]


def test_a_broken_multipart_body_is_refused(ask):
    for body in (b"", b"--x", b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\n'):
        answer = ask(body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 400, body
    assert ask(b"--x", content_type="multipart/form-data").status_code == 400


@pytest.mark.parametrize(
    "piece",
    [
        b"--x\r\n",
        b"--x\r\nA: b\r\n\r\n",
        b"--x\r\nA: b\r\n",
        b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\n\r\n',
        b'--x\r\nContent-Disposition: form-data; name="photo"; a',
        b"x\r\n",
    ],
)
def test_the_time_for_a_form_grows_with_its_size_alone(ask, piece):
    start = time.perf_counter()
    for count in (1, 1000, 300_000 // len(piece)):
        answer = ask(piece * count + b"--x--\r\n", content_type="multipart/form-data; boundary=x")
        assert answer.status_code in (400, 422)
    # A pattern over the whole body once took a minute for 160 kB.
    assert time.perf_counter() - start < 5


def test_many_photos_without_names_are_all_photos(ask, pool):
    piece = b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\nbytes\r\n'
    field = b'--x\r\nContent-Disposition: form-data; name="include"\r\n\r\npreview\r\n'
    body = field * 20 + piece * 20 + b"--x--\r\n"
    answer = ask(body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200 and [job.data for job in pool.jobs] == [b"bytes"] * 20


def test_too_many_photos_are_refused(ask, pool):
    answer = ask({"photo": [photo(name=f"{count}") for count in range(21)]})
    assert answer.status_code == 413 and answer.json()["code"] == "too_many_photos"
    assert not pool.jobs


@pytest.mark.parametrize("form", ["multipart", "raw"])
def test_the_bound_on_bytes_holds_whatever_the_client_announces(ask, options, pool, form):
    options(max_megabytes=1)
    content = b"x" * (2**20 + 1)
    for announced in (None, "10"):
        extra = {} if announced is None else {"CONTENT_LENGTH": announced}
        if form == "raw":
            answer = ask(content, content_type="image/png", **extra)
        else:
            answer = ask({"photo": photo(content)}, **extra)
        # Announced too short, the body ends early and is broken or short; it is never too long.
        assert answer.status_code in ((413,) if announced is None else (200, 400))
    assert all(len(job.data) <= 10 for job in pool.jobs)


def test_many_small_files_count_together(ask, options, pool):
    options(max_megabytes=1)
    answer = ask({"photo": [photo(b"x" * 300_000) for _ in range(4)]})
    assert answer.status_code == 413 and answer.json()["code"] == "too_large"
    assert not pool.jobs


def test_nothing_of_an_upload_touches_the_disk(ask, pool, monkeypatch, tmp_path):
    # nnSIC stored the upload under the user's file name before it was checked.
    opened = []
    real_open = Path.open

    def no_files(*args, **kwargs):
        opened.append(args)
        raise AssertionError(f"a file was made: {args}")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", no_files)
    monkeypatch.setattr(tempfile, "TemporaryFile", no_files)
    monkeypatch.setattr(tempfile, "mkstemp", no_files)
    monkeypatch.setattr(Path, "open", lambda *a, **k: opened.append(a) or real_open(*a, **k))
    monkeypatch.chdir(tmp_path)
    # Five times the size at which Django's own handlers spill to a file.
    answer = ask({"photo": photo(b"x" * (5 * 2_621_440), name=HOSTILE_NAME)})
    assert answer.status_code == 200
    assert not opened and not list(tmp_path.rglob("*"))
    assert len(pool.jobs[0].data) == 5 * 2_621_440


def test_a_hostile_file_name_is_only_ever_a_name(ask, pool):
    assert "/" not in ask({"photo": photo(name=HOSTILE_NAME)}).json()["photo"]
    answer = ask(b"x", content_type="image/png", query_params={"name": "n" * 5000})
    assert len(answer.json()["photo"]) == 255


def test_a_calibration_is_saved_listed_used_and_deleted(ask, client, token, pool):
    headers = {"Authorization": f"Token {token}"}
    document = {"format": "spectrum wavelength calibration", "axis": [1.5]}
    pool.reply = Reply({"status": "ok", "reason": None}, {"calibration": document})
    saved = ask({"photo": photo(), "name": "Bench 2", "lamp": "neon"}, CALIBRATIONS)
    assert saved.status_code == 201 and saved.json()["document"] == document
    assert pool.jobs[-1].extras == {"calibration"} and pool.jobs[-1].lamp == "neon"
    pk = saved.json()["id"]
    assert pk in [row["id"] for row in client.get(CALIBRATIONS, headers=headers).json()]
    pool.reply = Reply({"status": "unknown", "reason": "between led and neon"})
    ask({"photo": photo(), "calibration": pk})
    assert pool.jobs[-1].calibration == document
    path = f"{CALIBRATIONS}/{pk}"
    assert client.get(path, headers=headers).json()["document"] == document
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


def test_an_instrument_is_saved_from_its_file(ask, pool):
    pool.reply = Reply({"status": "ok"}, {"calibration": {"version": 2}})
    form = {"instrument": photo(b"{}", "instrument.json"), "name": "Bench 3"}
    assert ask(form, CALIBRATIONS).json()["document"] == {"version": 2}
    assert (pool.jobs[-1].kind, pool.jobs[-1].data) == ("instrument", b"{}")
    pool.reply = Reply(
        {"status": "error", "reason": "instrument.json: not whole: 'axis' is missing"}
    )
    form = {"instrument": photo(b"{}", "instrument.json"), "name": "Bench 3"}
    answer = ask(form, CALIBRATIONS)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_instrument")


def test_an_instrument_is_a_photo_or_a_file_of_bounded_size(ask):
    both = {"photo": photo(), "instrument": photo(b"{}"), "name": "Bench"}
    large = {"instrument": photo(bytes(2**20 + 1), "instrument.json"), "name": "Bench"}
    for form, word in (({"name": "Bench"}, "photo"), (both, "photo"), (large, "1,048,576")):
        answer = ask(form, CALIBRATIONS)
        assert answer.status_code == 400 and word in answer.json()["message"]


@pytest.fixture
def reader(pool, monkeypatch):
    """Readers that do their work, in this process, but for photos."""
    from web.readers.work import Limits
    from web.readers.worker import work

    model = SimpleNamespace(card={"version": "1"})
    monkeypatch.setattr(pool, "answer", lambda job, client: work(job, model, Limits(2**20, 10**6)))


INSTRUMENT = {
    "format": "spectrum instrument",
    "version": 2,
    "source": "lamp.jpg",
    "axis": {"coefficients": [380.0, 0.5], "range_px": [0, 600]},
}


def with_axis(**changes) -> str:
    return json.dumps(INSTRUMENT | {"axis": INSTRUMENT["axis"] | changes})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        with_axis().replace("380.0", "3" * 5000),
        with_axis(range_px=[0, 10**400]),
        with_axis(range_px=[0, 1e300]),
        with_axis(covariance=[[-0.04]]),
        with_axis(lamp=["neon"]),
        with_axis(coefficients=[float("nan"), 0.5]),
        json.dumps(INSTRUMENT | {"source": "\ud800"}),
        json.dumps(INSTRUMENT | {"source": "\0"}),
        json.dumps(
            INSTRUMENT
            | {"response": {"nm": [400, 700]} | dict.fromkeys(("red", "green", "blue"), [None] * 2)}
        ),
    ],
    ids=range(10),
)
def test_a_hostile_instrument_is_refused_in_one_line_and_not_kept(ask, client, token, reader, text):
    from web.models import SavedCalibration

    before = SavedCalibration.objects.count()
    answer = ask({"instrument": photo(text.encode(), "evil.json"), "name": "Evil"}, CALIBRATIONS)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_instrument")
    message = answer.json()["message"]
    assert message.startswith("evil.json: ") and len(message) < 300 and message.isprintable()
    assert SavedCalibration.objects.count() == before
    assert client.get(CALIBRATIONS, headers=header(token)).status_code == 200


def test_an_instrument_that_is_one_is_kept_as_this_version_writes_it(ask, reader):
    form = {"instrument": photo(with_axis().encode(), "maker.json"), "name": "Maker"}
    saved = ask(form, CALIBRATIONS)
    assert saved.status_code == 201
    assert saved.json()["document"]["axis"]["covariance"] == [[4.0]]


def test_a_list_and_a_deletion_read_no_document(ask, client, token, pool):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from web.models import SavedCalibration

    pool.reply = Reply({"status": "ok"}, {"calibration": INSTRUMENT})
    pk = ask({"photo": photo(), "name": "Bench"}, CALIBRATIONS).json()["id"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(CALIBRATIONS, headers=header(token))
        client.delete(f"{CALIBRATIONS}/{pk}", headers=header(token))
    assert queries.captured_queries
    assert not [query for query in queries.captured_queries if "document" in query["sql"]]
    # Nor are documents read over on the way to the columns behind them.
    listed = SavedCalibration.objects.values("id", "name", "owner", "created")
    assert "COVERING INDEX" in listed.explain()


def test_an_instrument_belongs_to_the_token_that_saved_it(ask, client, token, pool):
    from web.storage.tokens import create_token, revoke_token

    pool.reply = Reply({"status": "ok"}, {"calibration": INSTRUMENT})
    saved = ask({"photo": photo(), "name": "Mine"}, CALIBRATIONS).json()
    assert saved["deletable"] and saved["owner"].startswith("test ")
    path, other = f"{CALIBRATIONS}/{saved['id']}", create_token(f"other {saved['id'][:8]}")
    (row,) = (
        row
        for row in client.get(CALIBRATIONS, headers=header(other)).json()
        if row["id"] == saved["id"]
    )
    assert row["owner"] == saved["owner"] and not row["deletable"]
    assert client.get(path, headers=header(other)).json()["document"] == INSTRUMENT
    refused = client.delete(path, headers=header(other))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    assert saved["owner"] in refused.json()["message"]
    # A new token of the same name is the same client.
    revoke_token(saved["owner"])
    again = create_token(saved["owner"])
    assert client.delete(path, headers=header(other)).status_code == 403
    assert client.delete(path, headers=header(again)).status_code == 204


def test_what_belongs_to_nobody_living_anyone_may_delete(ask, client, token, pool):
    from web.models import SavedCalibration
    from web.storage.instruments import deletable_by
    from web.storage.tokens import create_token, revoke_token

    pool.reply = Reply({"status": "ok"}, {"calibration": INSTRUMENT})
    left = ask({"photo": photo(), "name": "Left"}, CALIBRATIONS).json()
    old = SavedCalibration.objects.create(name="of 0.9.0", document=INSTRUMENT)
    revoke_token(left["owner"])
    other = create_token(f"other {left['id'][:8]}")
    for pk in (left["id"], old.pk):
        answer = client.delete(f"{CALIBRATIONS}/{pk}", headers=header(other))
        assert answer.status_code == 204
    # Who sits at the machine itself could as well delete the database.
    assert deletable_by(None)(other)


def test_calibrations_of_earlier_versions_become_instruments(django_service):
    from django.apps import apps

    from web.models import SavedCalibration

    fields = {
        "format": "spectrum wavelength calibration",
        "version": 1,
        "photo": {"width": 640, "height": 480},
        "band": {"x0": 20, "y0": 200, "x1": 620, "y1": 260, "axis": "horizontal", "angle_deg": 0},
        "axis": {"coefficients": [380.0, 0.5], "axis": "x", "covariance": [[0.01]]},
    }
    old, broken = (
        SavedCalibration.objects.create(name="old", document=document)
        for document in (fields, {"format": "what?"})
    )
    import_module("web.migrations.0002_instruments").renew(apps, None)
    for saved in (old, broken):
        saved.refresh_from_db()
    assert (old.document["format"], old.document["version"]) == ("spectrum instrument", 2)
    assert old.document["band"]["centre"][0] == pytest.approx(229.5)
    assert broken.document == {"format": "what?"}


def test_a_photo_without_an_axis_makes_no_calibration(ask, pool):
    pool.reply = Reply({"status": "ok", "reason": "no wavelength axis: 1 line(s) seen"})
    answer = ask({"photo": photo(), "name": "Bench 2"}, CALIBRATIONS)
    assert answer.status_code == 422 and answer.json()["code"] == "no_wavelength_axis"
    assert "1 line(s) seen" in answer.json()["message"]


def test_a_calibration_needs_a_name_of_bounded_length(ask):
    for name in ("", "n" * 101):
        answer = ask({"photo": photo(), "name": name}, CALIBRATIONS)
        assert answer.status_code == 400 and "name" in answer.json()["message"]


def test_the_number_of_calibrations_is_bounded(ask, pool, monkeypatch):
    monkeypatch.setattr("web.views.api.MAX_CALIBRATIONS", 0)
    answer = ask({"photo": photo(), "name": "one more"}, CALIBRATIONS)
    assert answer.status_code == 409 and answer.json()["code"] == "too_many_calibrations"


def test_the_log_says_who_and_what_but_nothing_of_the_photo(ask, pool, caplog):
    with caplog.at_level("INFO", logger="web.request"):
        ask({"photo": photo(b"secret content", name="private holiday.jpg")})
    from web.log import JsonFormatter

    line = JsonFormatter().format(caplog.records[-1])
    fields = json.loads(line)
    assert fields["path"] == IDENTIFY and fields["status"] == 200
    assert fields["statuses"] == ["no_band"] and fields["client"]
    assert "secret" not in line and "holiday" not in line


def test_points_reach_the_reader_with_their_frame(ask, pool):
    pool.reply = Reply({"status": "ok"}, {"calibration": {"format": "spectrum instrument"}})
    frame = {"photo": {"width": 640, "height": 480}, "band": {}}
    answer = ask({"points": "31=388.9,616=632.8", "frame": json.dumps(frame)}, POINTS)
    assert (answer.status_code, answer.json()) == (200, {"format": "spectrum instrument"})
    job = pool.jobs[0]
    assert (job.kind, job.points, job.frame) == ("points", ((31, 388.9), (616, 632.8)), frame)
    ask({"points": "31=388.9,616=632.8", "photo": photo()}, POINTS)
    assert (pool.jobs[1].data, pool.jobs[1].frame) == (b"content", None)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"points": "1=2,3=4"}, "frame"),
        ({"points": "1=2,3=4", "frame": "[]"}, "frame"),
        ({"points": "1=2,3=4", "frame": "[" * 9000}, "frame"),
        ({"points": "1=2,3=4", "frame": json.dumps({"photo": "x" * 11_000})}, "frame"),
        ({"points": "/etc/passwd", "frame": "{}"}, "points"),
        ({"points": "1=red", "frame": "{}"}, "points"),
        ({"frame": "{}"}, "points"),
    ],
)
def test_points_that_are_none_are_refused_by_name(ask, pool, form, word):
    answer = ask(form, POINTS)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert word in answer.json()["message"] and not pool.jobs


def test_points_without_an_axis_are_refused_with_the_reason(ask, pool):
    pool.reply = Reply({"status": "error", "reason": "1 known point; expected at least 2"})
    answer = ask({"points": "1=2", "frame": "{}"}, POINTS)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_wavelength_axis")
    assert answer.json()["message"] == "1 known point; expected at least 2."


def test_a_lamp_s_lines_are_listed(client, token):
    rows = client.get("/api/v1/lines/mercury", headers=header(token)).json()
    assert {"nm": 546.074, "intensity": 90.0, "name": "Hg I"} in rows
    assert [row["nm"] for row in rows] == sorted(row["nm"] for row in rows)
    assert client.get("/api/v1/lines/candle", headers=header(token)).status_code == 404


def test_the_schema_is_valid_and_covers_the_api(client, pool):
    from drf_spectacular.validation import validate_schema

    schema = client.get("/api/v1/schema").json()
    validate_schema(schema)
    assert set(schema["paths"]) == {
        IDENTIFY,
        CALIBRATIONS,
        f"{CALIBRATIONS}/{{id}}",
        "/api/v1/lines/{lamp}",
        "/api/v1/model",
        "/api/v1/points",
    }
    assert "/page/" not in json.dumps(schema)
