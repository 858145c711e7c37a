"""A photo that hangs, crashes or swells its reader costs one reader and no other photo."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lib.errors import DataError
from web.readers.pool import Busy, Pool, WorkFailed
from web.readers.work import Job, JobFailed, Limits, ModelInfo, Reply, StartFailed

LIMITS = Limits(max_bytes=1000, max_pixels=1000, time_s=1.0, wait_s=20.0)
EMPTY = {"photo": "", "status": "error", "reason": "", "band": None}


def fake_reader(connection, model, limits):
    """Stand in for a reader: the job's content says what goes wrong."""
    if model.name == "broken":
        connection.send(StartFailed("model.json: expected classes"))
        return
    connection.send(ModelInfo({"version": "test"}, (), EMPTY))
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        if job.data == b"hang":
            time.sleep(3600)
        if job.data == b"half":
            # The length of a message of which nothing follows.
            os.write(connection.fileno(), bytes((0, 1, 0, 0)))
            time.sleep(3600)
        if job.data == b"crash":
            os._exit(139)
        if job.data == b"bug":
            connection.send(JobFailed())
            continue
        if job.data == b"slow":
            time.sleep(0.4)
        connection.send(Reply({"photo": job.name, "pid": os.getpid()}))


@pytest.fixture
def make_pool():
    pools = []

    def make(size=1, model="model", **limits):
        pool = Pool(Path(model), size, replace(LIMITS, **limits), target=fake_reader)
        pools.append(pool)
        pool.start()
        pool.wait_until_ready()
        return pool

    yield make
    for pool in pools:
        pool.close()


def answer(pool, content=b"", name="a.jpg", client="a"):
    return pool.answer(Job(content, name), client).answer


def answers_at_once(pool, *asked):
    """Ask each (content, client), a moment after the one before; return what each gave, in time."""
    ended = []

    def ask(content, client):
        try:
            ended.append((client, answer(pool, content, client=client)))
        except Busy:
            ended.append((client, Busy))

    threads = [threading.Thread(target=ask, args=each) for each in asked]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    return ended


@pytest.mark.slow
def test_a_photo_that_hangs_its_reader_is_given_up_in_time(make_pool):
    pool = make_pool()
    first = answer(pool)["pid"]
    start = time.monotonic()
    refused = answer(pool, b"hang")
    assert 0.9 < time.monotonic() - start < 3
    assert refused["status"] == "error" and "a.jpg: takes too long" in refused["reason"]
    assert not psutil.pid_exists(first)
    assert answer(pool)["pid"] != first


def test_a_photo_that_crashes_its_reader_is_refused_and_the_next_one_read(make_pool):
    pool = make_pool()
    refused = answer(pool, b"crash", "evil.tif")
    assert refused == EMPTY | {"photo": "evil.tif", "reason": refused["reason"]}
    assert "evil.tif: cannot be read" in refused["reason"]
    assert answer(pool)["photo"] == "a.jpg"


def test_a_fault_of_the_program_is_not_blamed_on_the_photo(make_pool):
    pool = make_pool()
    with pytest.raises(WorkFailed):
        answer(pool, b"bug")
    assert answer(pool)["photo"] == "a.jpg"


def test_a_reader_that_ended_while_idle_is_replaced_without_blame(make_pool):
    pool = make_pool()
    psutil.Process(answer(pool)["pid"]).kill()
    time.sleep(0.1)
    assert "reason" not in answer(pool)


@pytest.mark.slow
def test_readers_are_added_only_when_all_are_busy(make_pool):
    pool = make_pool(size=3)
    assert len({answer(pool)["pid"] for _ in range(5)}) == 1
    seen = set()
    threads = [
        threading.Thread(target=lambda: seen.add(answer(pool, b"slow")["pid"])) for _ in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 <= len(seen) <= 3


def test_who_waits_too_long_is_asked_to_come_back(make_pool):
    pool = make_pool(wait_s=0.2)
    ended = answers_at_once(pool, (b"slow", "a"), (b"", "a"))
    assert ended[0] == ("a", Busy) and ended[1][1]["photo"] == "a.jpg"


@pytest.mark.slow
def test_one_clients_slow_photos_do_not_shut_another_out(make_pool):
    pool = make_pool(size=2)
    slow, quick = [(b"hang", "greedy")] * 4, [(b"", "other")] * 5
    ended = answers_at_once(pool, *slow, *quick)
    assert all(result is not Busy for _, result in ended)
    # The first two of the four are given up after a second; then it is the other's turn.
    assert "other" in [client for client, _ in ended][:3]


def test_clients_take_turns_at_a_reader(make_pool):
    pool = make_pool()
    ended = answers_at_once(
        pool, (b"slow", "a"), (b"", "a"), (b"", "a"), (b"", "a"), (b"", "b"), (b"", "b")
    )
    assert [client for client, _ in ended] == ["a", "b", "a", "b", "a", "a"]


def test_where_too_many_wait_the_client_with_most_gives_way(make_pool, monkeypatch):
    monkeypatch.setattr("web.readers.pool.MAX_WAITING", 3)
    pool = make_pool()
    ended = answers_at_once(pool, (b"slow", "a"), *[(b"", "a")] * 3, (b"", "b"), (b"", "a"))
    assert [client for client, result in ended if result is Busy] == ["a", "a"]
    assert ("b", Busy) not in ended


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signal stops a process here")
def test_a_reader_that_takes_nothing_is_given_up_in_time(make_pool):
    pool = make_pool()
    psutil.Process(answer(pool)["pid"]).suspend()
    start = time.monotonic()
    # More than a pipe holds.
    refused = answer(pool, bytes(10_000_000))
    assert time.monotonic() - start < 3 and "takes too long" in refused["reason"]
    assert answer(pool)["photo"] == "a.jpg"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a pipe of Windows takes whole messages")
def test_a_reader_that_ends_within_its_answer_is_given_up_in_time(make_pool):
    pool = make_pool()
    assert "takes too long" in answer(pool, b"half")["reason"]
    assert answer(pool)["photo"] == "a.jpg"


def test_a_model_that_does_not_load_stops_the_start_with_its_reason(make_pool):
    with pytest.raises(DataError, match=r"model\.json: expected classes"):
        make_pool(model="broken")


def test_closing_ends_every_reader(make_pool):
    pool = make_pool()
    pid = answer(pool)["pid"]
    pool.close()
    assert not psutil.pid_exists(pid)
