"""Several servers on one PostgreSQL database are one service."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from lib.errors import DataError
from tests.support.postgresql import find_programs, running_postgresql
from tests.support.running_service import create_token, run_command, started
from web.options import ServiceOptions
from web.storage.database import VARIABLE, database_settings
from web.views.examples import FOLDER as EXAMPLES_FOLDER

IDENTIFY, MODEL, CALIBRATIONS = "/api/v1/identify", "/api/v1/model", "/api/v1/calibrations"
TOKEN_RATE = 6
MACHINES = 6
LAMP = EXAMPLES_FOLDER / "fluorescent.jpg"


@pytest.fixture(scope="module")
def database():
    """The environment that names a new PostgreSQL database, or a skip where there is none."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here: apt install postgresql (as root, with its account)")
    for package in ("dj_database_url", "psycopg", "psycopg_pool"):
        pytest.importorskip(package)
    with running_postgresql(programs) as url:
        yield {VARIABLE: url}


@pytest.fixture(scope="module")
def machines(database, tmp_path_factory):
    """State folders and tokens made by several machines at once, on a database new to all of them.

    The key of the first is then copied to the others, as the guide says.
    """
    states = [tmp_path_factory.mktemp("machine") / "state" for _ in range(MACHINES)]
    names = [f"of machine {number}" for number in range(MACHINES)]
    with ThreadPoolExecutor(MACHINES) as starts:
        tokens = list(starts.map(create_token, states, names, [database] * MACHINES))
    for state in states[1:]:
        shutil.copy(states[0] / "secret_key", state)
    return dict(zip(states, tokens, strict=True))


@pytest.fixture(scope="module")
def servers(database, machines, shipped_model):
    """Two servers behind a proxy, each on its own machine's folder."""
    flags = ("--behind-proxy", "--address-rate", "0", "--token-rate", str(TOKEN_RATE))
    with ExitStack() as stack:
        yield [
            stack.enter_context(started(state, "", flags, shipped_model, database))
            for state in list(machines)[:2]
        ]


@pytest.fixture(scope="module")
def unused(machines):
    """The tokens, to be used by one test each."""
    return iter(machines.values())


@pytest.fixture
def token(unused):
    """The header of a token that no test has used."""
    return bearer(next(unused))


def bearer(token):
    return {"Authorization": f"Token {token}"}


def visitor(**cookies):
    """What a proxy adds to a request of a browser, with its cookies: these are for HTTPS alone."""
    pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "localhost",
        "Referer": "https://localhost/login",
        "Cookie": pairs,
    }


@pytest.mark.slow
def test_servers_that_start_at_once_on_a_new_database_all_come_up(machines):
    assert [len(token) for token in machines.values()] == [43] * MACHINES
    assert not [state for state in machines if (state / "service.sqlite3").exists()]


@pytest.mark.slow
def test_a_token_of_any_server_holds_at_all_until_one_revokes_it(
    database, machines, servers, token
):
    def codes():
        return [requests.get(one.url + MODEL, headers=token, timeout=60) for one in servers]

    assert [answer.status_code for answer in codes()] == [200, 200]
    name = f"of machine {[bearer(text) for text in machines.values()].index(token)}"
    revoke = ["revoke-token", name, "--state", str(list(machines)[-1])]
    assert run_command(*revoke, environment=database).returncode == 0
    assert [answer.status_code for answer in codes()] == [401, 401]


@pytest.mark.slow
def test_a_client_that_asks_both_servers_at_once_is_counted_once(servers, token):
    def ask(number):
        return requests.get(servers[number % 2].url + MODEL, headers=token, timeout=60).status_code

    with ThreadPoolExecutor(24) as clients:
        codes = list(clients.map(ask, range(48)))
    assert sorted(set(codes)) == [200, 429]
    assert codes.count(200) == TOKEN_RATE
    assert [ask(0), ask(1)] == [429, 429]


@pytest.mark.slow
def test_a_calibration_of_one_server_measures_on_the_other(servers, token):
    first, second = servers
    saved = requests.post(
        first.url + CALIBRATIONS,
        files={"photo": ("lamp.jpg", LAMP.read_bytes())},
        data={"name": "Bench 2"},
        headers=token,
        timeout=60,
    )
    assert saved.status_code == 201, saved.text
    listed = requests.get(second.url + CALIBRATIONS, headers=token, timeout=60).json()
    assert saved.json()["id"] in {row["id"] for row in listed}
    answers = [
        requests.post(
            one.url + IDENTIFY,
            files={"photo": ("lamp.jpg", LAMP.read_bytes())},
            data={"calibration": saved.json()["id"]},
            headers=token,
            timeout=60,
        ).json()
        for one in servers
    ]
    assert answers[0] == answers[1]
    assert answers[1]["wavelength"]["source"].startswith("lamp.jpg")
    assert answers[1]["wavelength"]["shift_px"] == 0
    gone = requests.delete(
        f"{second.url}{CALIBRATIONS}/{saved.json()['id']}", headers=token, timeout=60
    )
    assert gone.status_code == 204
    again = requests.get(
        f"{first.url}{CALIBRATIONS}/{saved.json()['id']}", headers=token, timeout=60
    )
    assert again.status_code == 404


@pytest.mark.slow
def test_who_logs_in_at_one_server_is_logged_in_at_the_other(servers, token):
    first, second = servers
    page = requests.get(first.url + "/login", headers=visitor(), timeout=60)
    csrf = page.cookies["csrftoken"]
    form = {"token": token["Authorization"].split()[1], "csrfmiddlewaretoken": csrf}
    # The form of one server is sent to the other.
    logged_in = requests.post(
        second.url + "/login",
        form,
        headers=visitor(csrftoken=csrf),
        allow_redirects=False,
        timeout=60,
    )
    assert logged_in.status_code == 302, logged_in.text
    cookies = {"csrftoken": csrf, "sessionid": logged_in.cookies["sessionid"]}
    for one in servers:
        home = requests.get(
            one.url + "/", headers=visitor(**cookies), allow_redirects=False, timeout=60
        )
        assert home.status_code == 200
        stranger = requests.get(one.url + "/", headers=visitor(), allow_redirects=False, timeout=60)
        assert stranger.headers["Location"] == "/login"


@pytest.mark.slow
@pytest.mark.thorough
def test_many_requests_share_a_few_connections_that_may_break(database, servers):
    import psycopg

    def connections():
        with psycopg.connect(database[VARIABLE]) as own:
            query = "FROM pg_stat_activity WHERE usename IS NOT NULL AND pid <> pg_backend_pid()"
            count = own.execute(f"SELECT count(*) {query} AND backend_type = 'client backend'")
            held = count.fetchone()[0]
            own.execute(f"SELECT pg_terminate_backend(pid, 60000) {query}")
            return held

    def ask(number):
        one = servers[number % 2]
        return requests.get(one.url + MODEL, headers=bearer("unknown"), timeout=60).status_code

    with ThreadPoolExecutor(40) as clients:
        codes = list(clients.map(ask, range(200)))
    assert set(codes) == {401}
    assert 2 <= connections() <= 2 * 8
    # The pool finds out one broken connection after the other.
    deadline = time.monotonic() + 120
    while [ask(0), ask(1)] != [401, 401]:
        assert time.monotonic() < deadline


@pytest.mark.slow
def test_what_the_database_cannot_hold_is_refused(servers, token):
    document = instrument_document(servers[0], token)
    document["source"] = "a zero byte \0"
    answer = requests.post(
        servers[0].url + CALIBRATIONS,
        files={"instrument": ("instrument.json", json.dumps(document).encode())},
        data={"name": "odd"},
        headers=token,
        timeout=60,
    )
    assert answer.status_code == 400 and answer.json()["code"] == "no_instrument"


def instrument_document(server, token):
    saved = requests.post(
        server.url + CALIBRATIONS,
        files={"photo": ("lamp.jpg", LAMP.read_bytes())},
        data={"name": "to be changed"},
        headers=token,
        timeout=60,
    )
    return saved.json()["document"]


@pytest.mark.parametrize(
    ("url", "received"),
    [
        ("mysql://me:secret@host/spectra", "one of 'mysql'"),
        ("sqlite:///secret", "one of 'sqlite'"),
        ("secret", "something else"),
        ("postgresql://me:secret@host", "without a NAME"),
        ("postgresql://me:sec]ret@[host/spectra", "not percent-encoded"),
    ],
)
def test_a_wrong_database_url_is_refused_without_repeating_it(url, received):
    with pytest.raises(DataError, match=f"{VARIABLE}: expected postgresql://") as refused:
        database_settings(ServiceOptions(database=url))
    assert received in str(refused.value) and "sec" not in str(refused.value)
    assert "sec" not in repr(ServiceOptions(database=url))


def test_a_database_that_cannot_be_reached_is_one_line(tmp_path):
    pytest.importorskip("psycopg_pool")
    url = {VARIABLE: "postgresql://me:secret@127.0.0.1:1/spectra"}
    done = run_command("list-tokens", "--state", str(tmp_path / "state"), environment=url)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {VARIABLE} (127.0.0.1, spectra): not usable")
    assert "secret" not in done.stderr


def test_a_database_that_goes_away_is_a_refusal_that_says_when_to_come_back(
    pool, client, token_here
):
    from django.db import OperationalError

    pool.reply = OperationalError("connection refused")
    with LAMP.open("rb") as photo:
        answer = client.post(IDENTIFY, {"photo": photo}, headers=bearer(token_here))
    assert answer.status_code == 503 and answer.json()["code"] == "database_away"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def token_here(django_service):
    """A token of the service in this process."""
    from web.storage.tokens import create_token

    return create_token(f"here {time.time_ns()}")
