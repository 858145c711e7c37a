"""The service as people start it: tokens from a shell, bounds on the wire, ends and restarts."""

import json
import re
import signal
import socket
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
import requests
from PIL import Image

import s6_serve
from lib.files import only_writer
from lib.paths import ROOT
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise_file
from lib.simulation.photos.photos import simulate_photo, simulate_scene
from tests.support.running_service import create_token, run_command, running_service, started
from web.readers.work import Limits
from web.views.examples import FOLDER as EXAMPLES_FOLDER

# Nearly every test here starts a server.
pytestmark = pytest.mark.slow
IDENTIFY = "/api/v1/identify"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Simulated photos: a few lamps, one that is none of the seven, a scene without a spectrum."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(11)
    paths = []
    for lamp in ("triphosphor", "neon", "helium", "sodium_low", None):
        image = simulate_photo(rng, lamp, large=False).image if lamp else simulate_scene(rng).image
        paths.append(folder / f"{lamp or 'scene'}.png")
        Image.fromarray(image).save(paths[-1])
    (folder / "text.jpg").write_text("no photo at all")
    return [*paths, folder / "text.jpg"]


def ask(service, data, name="photo.png", **options):
    return requests.post(
        service.url + IDENTIFY,
        files={"photo": (name, data)},
        headers=service.headers,
        timeout=60,
        **options,
    )


def scene():
    """A photo without a spectrum, as a PNG file."""
    buffer = BytesIO()
    Image.fromarray(simulate_scene(np.random.default_rng(2)).image).save(buffer, "PNG")
    return buffer.getvalue()


def png_header(width, height):
    """A PNG that announces a size and holds next to nothing."""
    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", ihdr), (b"IDAT", zlib.compress(bytes(3_000_000), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def identify_says(path, shipped_model, name):
    """What identify.py prints for a photo given under this name."""
    answer = recognise_file(path, Classifier(shipped_model)).to_json(name)
    if answer["reason"]:
        answer["reason"] = answer["reason"].replace(str(path), name)
    return json.loads(json.dumps(answer))


def test_the_api_says_what_identify_says(service, shipped_model, photos):
    for path in photos:
        answer = ask(service, path.read_bytes(), path.name)
        expected = identify_says(path, shipped_model, path.name)
        received = {key: answer.json()[key] for key in expected}
        assert received == expected
        assert answer.status_code == (422 if expected["status"] == "error" else 200)
    files = [("photo", (path.name, path.read_bytes())) for path in photos]
    rows = requests.post(
        service.url + IDENTIFY, files=files, headers=service.headers, timeout=60
    ).json()
    assert rows == [identify_says(path, shipped_model, path.name) for path in photos]


@pytest.mark.thorough
def test_the_api_says_what_identify_says_of_real_photos(service, shipped_model, real_data):
    classifier = Classifier(shipped_model)
    paths = [path for path in sorted((real_data / "photos").rglob("*")) if path.is_file()]
    assert len(paths) > 40
    for path in paths:
        expected = recognise_file(path, classifier).to_json(path.name)
        received = ask(service, path.read_bytes(), path.name).json()
        assert received == json.loads(json.dumps(expected)), path


def test_a_calibration_saved_from_a_lamp_gives_its_axis_to_another_photo(service):
    lamp = (EXAMPLES_FOLDER / "fluorescent.jpg").read_bytes()
    own = ask(service, lamp).json()
    saved = requests.post(
        service.url + "/api/v1/calibrations",
        files={"photo": ("lamp.jpg", lamp)},
        data={"name": "Bench 2"},
        headers=service.headers,
        timeout=60,
    )
    assert saved.status_code == 201, saved.json()
    again = ask(service, lamp, params={"calibration": saved.json()["id"]}).json()
    assert again["wavelength"]["source"].startswith("lamp.jpg")
    assert again["wavelength"]["shift_px"] == 0
    px = np.linspace(*own["wavelength"]["range_px"], 9)
    coefficients = [answer["wavelength"]["coefficients"] for answer in (own, again)]
    nm = [np.polynomial.polynomial.polyval(px, one) for one in coefficients]
    assert np.abs(nm[0] - nm[1]).max() < 0.3
    other = ask(service, scene(), params={"calibration": saved.json()["id"]}).json()
    # What falls on the instrument's band is measured there, unless its colours contradict.
    assert other["status"] != "ok"
    if other["wavelength"] is None:
        assert other["reason_code"] == "light_contradicts"
    else:
        assert other["wavelength"]["source"] == again["wavelength"]["source"]


def test_a_picture_bomb_is_refused_at_once(service):
    bomb = png_header(50_000, 50_000)
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        answer = ask(service, bomb)
        seconds.append(time.perf_counter() - start)
    # The best, as other work on the machine delays the others.
    assert min(seconds) < 0.1
    assert answer.status_code == 422 and "too many pixels" in answer.json()["message"]


def test_the_server_starts_small_and_without_tensorflow(tmp_path):
    # One of its own: what others have asked of the shared one stays in its readers' memory.
    with running_service(tmp_path / "state") as service:
        assert service.resident_bytes() < 250e6
        for process in service.processes():
            assert not any("tensorflow" in file.path for file in process.memory_maps())


def test_a_body_beyond_all_bounds_is_cut_off_with_json(service):
    address = urlsplit(service.url)
    for framing in (
        b"Content-Length: 9999999999",
        b"Transfer-Encoding: gzip",
        b"Content-Length: x",
    ):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(
                b"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n"
            )
            head, _, body = receive_all(connection).partition(b"\r\n\r\n")
        assert head.split()[1] in (b"413", b"400", b"501"), head
        assert set(json.loads(body)) == {"code", "message"}


def test_an_endless_chunked_body_is_cut_off_and_the_server_ends_when_asked(tmp_path, shipped_model):
    with running_service(
        tmp_path / "state", "--max-megabytes", "1", model=shipped_model
    ) as service:
        address = urlsplit(service.url)
        sent = 0
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(
                b"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n"
                + f"Authorization: Token {service.token}\r\n\r\n".encode()
            )
            try:
                while sent < 64 * 2**20:
                    connection.sendall(b"10000\r\n" + bytes(2**16) + b"\r\n")
                    sent += 2**16
            except OSError:
                pass
        assert sent < 16 * 2**20
        chunked = requests.post(
            service.url + IDENTIFY,
            data=iter([b"x" * 700_000, b"y" * 700_000]),
            headers=service.headers | {"Content-Type": "image/png"},
            timeout=30,
        )
        assert chunked.status_code == 413 and chunked.json()["code"] == "too_large"
        processes = service.processes()
        service.process.terminate()
        assert service.process.wait(15) == 0
        assert not psutil.wait_procs(processes, timeout=10)[1]


def receive_all(connection):
    pieces = []
    while piece := connection.recv(2**16):
        pieces.append(piece)
    return b"".join(pieces)


def test_killed_in_the_middle_of_a_request_nothing_else_is_lost(tmp_path, shipped_model, photos):
    state = tmp_path / "state"
    token = create_token(state, "survivor")
    with started(state, token, model=shipped_model) as service:
        before = ask(service, photos[0].read_bytes()).json()
        address = urlsplit(service.url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(
                b"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 99999\r\n\r\n12"
            )
            readers = service.process.children(recursive=True)
            service.process.send_signal(signal.SIGKILL)
            service.process.wait(10)
        assert not psutil.wait_procs(readers, timeout=10)[1], "readers outlive their server"
    with started(state, token, model=shipped_model) as service:
        assert ask(service, photos[0].read_bytes()).json() == before
    assert {path.name for path in state.iterdir()} >= {"secret_key", "service.sqlite3"}


def test_the_log_is_json_lines(service):
    requests.get(service.url + "/healthz", timeout=10)
    time.sleep(0.2)
    event = [event for event in service.events() if event.get("path") == "/healthz"][-1]
    assert event["status"] == 200 and event["ms"] >= 0 and event["address"] == "127.0.0.1"


def test_tokens_are_made_listed_and_revoked_from_the_shell(tmp_path):
    state = ["--state", str(tmp_path / "state")]
    made = run_command("create-token", "physics lab", *state)
    assert made.returncode == 0 and len(made.stdout.splitlines()[-1]) == 43
    again = run_command("create-token", "physics lab", *state)
    assert again.returncode == 1 and again.stderr.startswith("error: ")
    assert again.stderr.count("\n") == 1
    assert run_command("revoke-token", "physics lab", *state).returncode == 0
    assert run_command("revoke-token", "physics lab", *state).returncode == 1
    listed = run_command("list-tokens", *state)
    assert "physics lab\trevoked" in listed.stdout
    assert made.stdout.splitlines()[-1] not in listed.stdout


def test_many_starts_at_once_on_a_new_state_folder_all_come_up(tmp_path):
    names = [f"token {number}" for number in range(6)]
    with ThreadPoolExecutor(len(names)) as starts:
        made = list(
            starts.map(
                lambda name: run_command("create-token", name, "--state", str(tmp_path / "state")),
                names,
            )
        )
    assert [done.stderr for done in made] == [""] * len(names)
    listed = run_command("list-tokens", "--state", str(tmp_path / "state")).stdout
    assert sorted(line.split("\t")[0] for line in listed.splitlines()) == names


def test_a_start_waits_for_another_on_the_same_state_folder(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    with ThreadPoolExecutor(1) as starts:
        with only_writer(state, state / "lock"):
            made = starts.submit(run_command, "create-token", "late", "--state", str(state))
            time.sleep(4)
            assert not made.done() and not (state / "secret_key").exists()
        assert made.result().returncode == 0


def test_a_missing_model_is_one_line(tmp_path):
    done = run_command("--port", "0", "--model", str(tmp_path), "--state", str(tmp_path / "state"))
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if not line.startswith("{")] == [
        f"error: {tmp_path}: holds no frozen model (no model.json)"
    ]


def test_a_port_in_use_is_one_line(service, tmp_path, shipped_model):
    port = str(urlsplit(service.url).port)
    done = run_command(
        "--port", port, "--model", str(shipped_model), "--state", str(tmp_path / "state")
    )
    assert done.returncode == 1 and f"error: 127.0.0.1:{port}: cannot listen" in done.stderr


def test_the_guide_names_flags_and_codes_that_exist():
    guide = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    known = set(re.findall(r"--[a-z-]+", run_command("--help").stdout))
    others = {"--data-binary", "--json", "--instrument", "--seconds", "--pwprompt", "--owner"}
    others |= {"--points", "--tone", "--band"}
    assert set(re.findall(r"--[a-z][a-z-]+", guide)) - others <= known
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "web").rglob("*.py"))
    refusals = guide[guide.index("A refusal is JSON") : guide.index("If one of several photos")]
    for code in set(re.findall(r"`([a-z_]+)`", refusals)) - {"code", "message"}:
        assert f'"{code}"' in sources, code


def test_the_guides_unit_has_room_for_its_readers_and_the_server():
    guide = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    unit = guide[guide.index("[Service]") :]
    readers = int(re.search(r"--threads (\d+)", unit)[1])
    memory = int(re.search(r"MemoryMax=(\d+)M", unit)[1])
    of_reader, of_server = map(int, re.search(r"most (\d+) MB.*up to (\d+) MB", unit).groups())
    assert of_reader * 2**20 == Limits(1, 1).memory_bytes
    assert readers * of_reader + of_server <= memory


@pytest.mark.parametrize("flags", [["--threads", "0"], ["--port", "high"], ["revoke-token"]])
def test_wrong_flags_are_usage_errors(flags, capsys):
    with pytest.raises(SystemExit) as stopped:
        s6_serve.main(flags)
    assert stopped.value.code == 2
    assert "error: " in capsys.readouterr().err
