"""What a process that reads photos does with one: decoded once, within its share of memory."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from lib.images.picture import Picture
from lib.paths import DEFAULT_MODEL
from lib.recognition.result import Result
from web.readers import worker
from web.readers.pool import Pool
from web.readers.work import Job, Limits

LIMITS = Limits(max_bytes=2**25, max_pixels=64 * 10**6)


def jpeg(side, **options):
    buffer = io.BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def test_a_photo_that_is_measured_is_decoded_once(monkeypatch):
    decoded = []

    def read_picture(data, *, deep, **_):
        decoded.append(deep)
        return Picture(np.zeros((4, 4, 3), np.uint16))

    result = Result("no_band", "no spectrum", "no_spectrum", "1")
    monkeypatch.setattr(worker, "read_picture", read_picture)
    monkeypatch.setattr(worker, "instrument_from_json", lambda saved, name: saved)
    monkeypatch.setattr(worker, "_measure", lambda *_: None)
    monkeypatch.setattr(worker, "recognise", lambda *_, **__: result)
    job = Job(b"", "a.fits", calibration={"axis": {}}, extras=frozenset({"measurement"}))
    assert worker.work(job, None, LIMITS).answer == result.to_json("a.fits")
    assert decoded == [True]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process holds")
def test_what_no_header_tells_is_still_bounded_and_costs_no_reader(monkeypatch):
    # OpenBLAS keeps 32 MB and more for every thread.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    limits = Limits(LIMITS.max_bytes, LIMITS.max_pixels, memory_bytes=400 * 2**20)
    pool = Pool(DEFAULT_MODEL, 1, limits)
    pool.start()
    try:
        pool.wait_until_ready()
        # Its decoder holds all coefficients: six bytes a pixel more than that of any other JPEG.
        swelling = Job(jpeg(6000, progressive=True, subsampling=0), "big.jpg")
        assert pool.answer(swelling, "a").answer["reason"] == (
            "big.jpg: needs more memory to decode than is free"
        )
        assert pool.answer(Job(jpeg(200), "small.jpg"), "a").answer["status"] == "no_band"
    finally:
        pool.close()
