import numpy as np
import pytest

from lib.simulation.crops.crops import simulate_crops
from lib.simulation.crops.strips import STRIPS
from lib.simulation.instrument.camera import EFFECT_NAMES, Effects
from lib.simulation.lamps.catalogue import LAMPS
from lib.taxonomy import CLASSES


def all_images(batches):
    return np.concatenate([batch.images for batch in batches])


def test_crops_have_the_contract_s_shape_and_true_labels():
    (batch,) = simulate_crops(100, 3)
    assert batch.images.shape == (100, 15, 480, 3) and batch.images.dtype == np.uint8
    assert batch.labels.dtype == np.int64 and batch.column_nm.shape == (100, 480)
    for label, lamp in zip(batch.labels, batch.lamps, strict=True):
        assert CLASSES[label] == LAMPS[lamp].class_name
    assert set(batch.labels) == set(range(7))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_processes():
    alone = all_images(simulate_crops(300, 11))
    assert (alone == all_images(simulate_crops(300, 11, jobs=2))).all()
    assert (alone != all_images(simulate_crops(300, 12))).any()


def test_asking_for_fewer_crops_gives_the_first_of_them():
    (few,) = simulate_crops(5, 11)
    assert (few.images == all_images(simulate_crops(140, 11))[:5]).all()


def test_lines_lie_where_the_truth_says():
    quiet = Effects(**dict.fromkeys(EFFECT_NAMES, False))
    (batch,) = simulate_crops(20, 2, lamps=["laser"], effects=quiet)
    (bright,) = simulate_crops(20, 2, lamps=["helium"], effects=quiet)
    assert set(batch.labels) == {-1}
    profile = bright.images.mean(axis=(1, 3))
    peak_nm = np.take_along_axis(bright.column_nm, profile.argmax(axis=1)[:, None], 1)[:, 0]
    strong = np.array([447.148, 501.568, 587.562, 667.815])
    assert (np.abs(peak_nm[:, None] - strong).min(axis=1) < 1.0).all()


def test_wavelength_grows_to_the_right_unless_flipped():
    (batch,) = simulate_crops(128, 1, effects=Effects(flip=False))
    assert (np.diff(batch.column_nm, axis=1) > 0).all()
    (flipped,) = simulate_crops(128, 1)
    share = (np.diff(flipped.column_nm, axis=1) < 0).all(axis=1).mean()
    assert 0 < share < 0.15


@pytest.fixture(scope="module")
def whole():
    """Crops with every effect."""
    return all_images(simulate_crops(128, 4))


@pytest.mark.parametrize("name", EFFECT_NAMES)
def test_every_effect_changes_crops_when_left_out(whole, name):
    without = all_images(simulate_crops(128, 4, effects=Effects(**{name: False})))
    assert (whole != without).any()


@pytest.mark.slow
def test_unknown_lamps_join_by_their_share_and_held_out_kinds_never_do():
    batches = list(simulate_crops(512, 0, unknown_share=0.25))
    labels = np.concatenate([batch.labels for batch in batches])
    assert (labels == -1).mean() == pytest.approx(0.25, abs=0.08)
    assert not any((LAMPS | STRIPS)[lamp].held_out for batch in batches for lamp in batch.lamps)
