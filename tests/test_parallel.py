"""Work over many items: in order, with flat memory, and whatever dies on the way."""

import json
import operator
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from parallel_work import LONG_S, doubled, first_byte, killed_at, refused_at_3, whose

import evaluate
import identify
import lib.cluster
import s0_simulate
import s1_label_images
import s2_preprocess
from lib.errors import DataError
from lib.images.png import write_png
from lib.parallel import TASKS_PER_PROCESS, map_in_order
from lib.paths import ROOT
from lib.simulation.photos.photos import simulate_photo


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs):
    assert list(map_in_order(doubled, iter(range(40)), jobs=jobs, per_task=3)) == [*range(0, 80, 2)]


def test_items_are_taken_only_as_they_are_needed():
    taken = []
    items = (taken.append(number) or number for number in range(1000))
    results = map_in_order(doubled, items, jobs=2, per_task=2)
    for _ in range(10):
        next(results)
    assert len(taken) <= 10 + 2 * (2 * TASKS_PER_PROCESS + 1)
    results.close()


def test_few_items_start_no_process():
    assert set(map_in_order(whose, range(3), jobs=2, few=4)) == {os.getpid()}
    assert os.getpid() not in set(map_in_order(whose, range(4), jobs=2, few=4))


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_work_is_raised_in_its_place_and_names_the_item(jobs):
    results = map_in_order(refused_at_3, range(8), jobs=jobs, per_task=2)
    assert [next(results) for _ in range(2)] == [0, 1]
    with pytest.raises(DataError, match="expected another number") as caught:
        list(results)
    assert caught.value.__notes__ == ["while working on 3"]


# Loky tells of it too.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_process_that_is_killed_costs_only_time(tmp_path):
    work = partial(killed_at, tmp_path, 1)
    assert list(map_in_order(work, range(30), jobs=2)) == [*range(30)]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_an_item_that_kills_every_process_is_named(tmp_path):
    with pytest.raises(DataError, match=r"^5: the process that worked on it died 3 times"):
        list(map_in_order(partial(killed_at, tmp_path, 99), range(30), jobs=2))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_an_item_that_was_in_flight_beside_the_one_that_kills_is_not_blamed(tmp_path):
    work = partial(killed_at, tmp_path, 99, slow=4)
    results = map_in_order(work, range(8), jobs=2, reads=lambda number: [Path(f"/{number}.png")])
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match=r"^/5\.png: the process that worked on it died 3 times"):
        next(results)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["while processes start", "while the work goes on"])
def test_ctrl_c_ends_what_is_worked_on_and_without_a_word(when):
    code = """
import sys
from lib.parallel import map_in_order
sys.path.insert(0, sys.argv[1])
from parallel_work import long_from_2
try:
    print("begun", flush=True)
    for _ in map_in_order(long_from_2, range(100), jobs=2):
        print("first", flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""
    command = [sys.executable, "-c", code, str(ROOT / "tests")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes) as run:
        assert run.stdout.readline() == "begun\n"
        if when == "while processes start":
            time.sleep(0.3)
        else:
            assert run.stdout.readline() == "first\n"
        # As a terminal does: to each process of the group.
        os.killpg(run.pid, signal.SIGINT)
        # Less than one task takes, for processes that first finish their start on a busy machine.
        output, errors = run.communicate(timeout=0.8 * LONG_S)
    assert output.splitlines()[-1] == "interrupted" and errors == ""


@pytest.mark.slow
def test_a_map_that_is_left_early_stops_whatever_is_in_the_pipes():
    items = (np.zeros(1_000_000, np.uint8) for _ in range(1000))
    results = map_in_order(np.copy, items, jobs=2)
    next(results)
    # What is larger than a pipe's buffer is never handed over whole if nobody reads it.
    results.close()
    assert list(map_in_order(doubled, range(4), jobs=2)) == [0, 2, 4, 6]


@pytest.mark.slow
def test_processes_end_with_the_one_that_started_them(tmp_path):
    code = """
import os, sys, time
from lib.parallel import map_in_order
sys.path.insert(0, sys.argv[1])
from parallel_work import whose
print(*set(map_in_order(whose, range(4), jobs=2)), flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", code, str(ROOT / "tests")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        workers = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    assert workers
    deadline = time.monotonic() + 30
    while any(map(psutil.pid_exists, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(psutil.pid_exists, workers))


@pytest.fixture(scope="module")
def cluster():
    """A scheduler with two worker processes that are started again when they are killed."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as local:
        yield local


@pytest.fixture
def address(cluster):
    return cluster.scheduler_address


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two labelled folders of small photos, one of which cannot be read."""
    labelled = tmp_path_factory.mktemp("heap") / "Image_Labeled"
    for number, (raw_id, lamp) in enumerate((("5", "neon"), ("5", "neon"), ("4", "mercury"))):
        image = simulate_photo(np.random.default_rng([8, number]), lamp, quality=0).image
        write_png(labelled / raw_id / f"{number}.png", image)
    (labelled / "4" / "broken.png").write_bytes(b"no image")
    return labelled


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


@pytest.mark.slow
def test_every_stage_gives_the_same_bytes_in_one_process_in_two_and_on_a_cluster(
    address, folders, tmp_path, capsys
):
    ways = {
        "one": ("--jobs", "1"),
        "two": ("--jobs", "2"),
        "cluster": ("--backend", "dask", "--scheduler", address),
    }
    answers = {}
    for name, flags in ways.items():
        output = tmp_path / name
        heap = output / "heap"
        shutil.copytree(folders, heap / "Image_Labeled")
        photos = ["photos", "--count", "6", "--seed", "2", "--output", str(output / "s0")]
        crops = ["crops", "--count", "260", "--output", str(output / "s0" / "crops.tfrecord")]
        cuts = ["cuts", "--count", "3", "--output", str(output / "s0" / "cuts.tfrecord")]
        for argv in (photos, crops, cuts):
            assert s0_simulate.main([*argv, *flags]) == 0
        assert s2_preprocess.main(["--input", str(folders), "--output", str(output), *flags]) == 0
        report = ("--json", str(output / "report.json"))
        assert evaluate.main(["--photos", str(folders), *report, *flags]) == 0
        capsys.readouterr()
        assert identify.main([str(folders), "--json", *flags]) == 0
        answers[name] = capsys.readouterr().out
        survey = s1_label_images.parse_args(["--input", str(heap), *flags])
        s1_label_images.survey(survey)
    trees = [tree(tmp_path / name) for name in ways]
    assert len(trees[0]) > 20
    assert trees[0] == trees[1] == trees[2]
    assert answers["one"] == answers["two"] == answers["cluster"]
    assert len(answers["one"].splitlines()) == 4


def test_a_worker_killed_in_mid_run_costs_only_time(cluster, address):
    results = map_in_order(whose, range(60), cluster=address)
    first = [next(results) for _ in range(4)]
    os.kill(first[0], signal.SIGKILL)
    rest = list(results)
    assert len(rest) == 56 and len({*first, *rest}) >= 2
    assert os.getpid() not in rest


def test_a_cluster_gets_items_only_as_they_are_needed_and_in_order(address):
    taken = []
    items = (taken.append(number) or number for number in range(1000))
    results = map_in_order(doubled, items, cluster=address, per_task=2)
    assert [next(results) for _ in range(10)] == [*range(0, 20, 2)]
    assert len(taken) <= 10 + 2 * (2 * TASKS_PER_PROCESS + 1)
    results.close()


@pytest.mark.slow
def test_an_item_that_kills_every_worker_is_named(tmp_path):
    dask, distributed = map(pytest.importorskip, ("dask", "distributed"))
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as one,
        pytest.raises(DataError, match=r"^5: killed the workers that took it, the last tcp"),
    ):
        list(map_in_order(partial(killed_at, tmp_path, 99), [4, 5], cluster=one.scheduler_address))


def test_a_path_that_a_worker_cannot_read_is_named_with_the_worker(address, tmp_path, monkeypatch):
    here = tmp_path / "photo.png"
    here.write_bytes(b"photo")
    work = partial(map_in_order, first_byte, cluster=address)
    assert list(work([here], reads=lambda path: [path])) == [ord("p")]
    # As if it lay on a disk of the client alone.
    monkeypatch.setattr("lib.cluster._sizes", lambda paths: {"/on/another/disk.png": 5})
    with pytest.raises(DataError, match=r"worker tcp://.*: cannot read /on/another/disk\.png"):
        list(work([here], reads=lambda path: [path]))
    monkeypatch.setattr("lib.cluster._sizes", lambda paths: {str(here): 6})
    with pytest.raises(DataError, match=r"worker tcp://.*: finds another file at .*photo\.png"):
        list(work([here], reads=lambda path: [path]))


def test_a_photo_that_nobody_can_read_is_its_own_error(address, tmp_path):
    with pytest.raises(FileNotFoundError):
        list(
            map_in_order(first_byte, [tmp_path / "gone"], cluster=address, reads=lambda one: [one])
        )


@pytest.mark.slow
def test_a_worker_of_another_version_is_refused_before_any_work(tmp_path):
    distributed = pytest.importorskip("distributed")
    shutil.copytree(ROOT / "lib", tmp_path / "lib")
    with (tmp_path / "lib" / "files.py").open("a") as stream:
        stream.write("\n")
    with distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp", dashboard_address=":0"
    ) as local:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", local.scheduler_address]
        worker = subprocess.Popen(
            [*command, "--no-nanny", "--no-dashboard", "--nthreads", "1"],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
        )
        try:
            with pytest.raises(DataError, match=r"worker tcp://.*: has another version of the pro"):
                list(map_in_order(operator.neg, range(3), cluster=local.scheduler_address))
        finally:
            worker.kill()
            worker.wait()


@pytest.mark.parametrize(
    "changed", ["lib/lines.py", "lib/data/neon.csv", "models/band/band.tflite"]
)
def test_a_version_is_that_of_code_tables_and_networks(changed, tmp_path, monkeypatch):
    for name in ("lib", "models"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.setattr("lib.cluster.ROOT", tmp_path)
    monkeypatch.setattr("lib.cluster.MODELS", tmp_path / "models")
    hash_now = lib.cluster._program_hash.__wrapped__
    before = hash_now()
    (tmp_path / "models" / "default" / "model.json").write_text("{}")
    assert hash_now() == before
    with (tmp_path / changed).open("ab") as stream:
        stream.write(b"\n")
    assert hash_now() != before


def test_a_version_is_that_of_the_model_that_was_asked_for(tmp_path, shipped_model):
    other = shutil.copytree(shipped_model, tmp_path / "other")
    card = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps({**card, "version": "another"}))
    names = [str(shipped_model), str(other)]
    ours, theirs = (set(lib.cluster.versions((name,)).values()) for name in names)
    assert ours - theirs and theirs - ours


def test_an_address_without_a_cluster_is_one_clear_line(folders, capsys, monkeypatch):
    monkeypatch.setattr("lib.cluster._CONNECT_TIMEOUT_S", 1)
    flags = ("--backend", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert identify.main([str(folders), "--json", *flags]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: scheduler tcp://127.0.0.1:9: no Dask cluster answers")


def test_a_cluster_without_a_worker_is_one_clear_line(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("lib.cluster._CONNECT_TIMEOUT_S", 1)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, protocol="tcp", dashboard_address=":0"
        ) as local,
        pytest.raises(DataError, match="it has no worker"),
    ):
        list(map_in_order(doubled, range(3), cluster=local.scheduler_address))


@pytest.mark.parametrize("flags", [("--backend", "dask"), ("--scheduler", "tcp://127.0.0.1:9")])
def test_backend_and_scheduler_need_each_other(flags, capsys):
    with pytest.raises(SystemExit, match="2"):
        identify.parse_args(["photo.png", *flags])
    with pytest.raises(SystemExit, match="2"):
        s0_simulate.parse_args(["photos", *flags])
    assert "--backend dask and --scheduler need each other" in capsys.readouterr().err
