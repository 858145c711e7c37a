import keras
import numpy as np
import pytest
from keras import layers

from lib.tables import CROP_SHAPE
from lib.training.networks.architectures import (
    ARCHITECTURES,
    FEATURES_LAYER,
    LOGITS_LAYER,
    GreyProfile,
    ProfileFeatures,
)


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).random((4, *CROP_SHAPE), dtype=np.float32)


@pytest.fixture(scope="module")
def networks():
    return {name: build(CROP_SHAPE, 7) for name, build in ARCHITECTURES.items()}


@pytest.mark.parametrize("name", ["compact", "nnsic_m4", "nnsic_lenet"])
def test_every_network_gives_logits_of_each_class(networks, crops, name):
    network = networks[name]
    assert network.name == name
    logits = np.asarray(network(crops))
    assert logits.shape == (4, 7)
    assert not np.allclose(logits.sum(axis=1), 1), "softmax belongs to the frozen model only"
    assert network.get_layer(FEATURES_LAYER).output.ndim == 2
    assert network.get_layer(LOGITS_LAYER).output is network.output


def test_compact_has_about_200000_parameters(networks):
    assert 150_000 < networks["compact"].count_params() < 300_000


def test_nnsic_m4_is_as_specified(networks):
    network = networks["nnsic_m4"]
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv1D)]
    assert [(layer.filters, *layer.kernel_size) for layer in convolutions] == [
        (32, 5),
        (64, 15),
        (64, 45),
        (96, 90),
        (96, 105),
    ]
    dense = [layer for layer in network.layers if isinstance(layer, layers.Dense)]
    assert [layer.units for layer in dense] == [1280, 640, 7]
    norms = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    assert len(norms) == 8 and {layer.momentum for layer in norms} == {0.9}
    assert network.get_layer("profile").output.shape == (None, 480, 1)
    weights = sum(int(np.prod(layer.kernel.shape)) for layer in [*convolutions, *dense])
    assert weights == 32_050_720


def test_nnsic_lenet_sees_the_colour_image(networks):
    first, second = (x for x in networks["nnsic_lenet"].layers if isinstance(x, layers.Conv2D))
    assert first.kernel.shape == (5, 5, 3, 9) and second.kernel.shape == (3, 3, 9, 18)


def test_grey_profile_is_the_mean_of_rows_and_colours(crops):
    profile = np.asarray(GreyProfile()(crops))
    assert profile.shape == (4, 480, 1)
    assert profile[..., 0] == pytest.approx(crops.mean(axis=(1, 3)), abs=1e-6)


def test_profile_features_are_views_of_the_rgb_profile(crops):
    views = np.asarray(ProfileFeatures()(crops))
    profile = crops.mean(axis=1)
    level = profile.max(axis=(1, 2), keepdims=True)
    assert views.shape == (4, 480, 10)
    assert views[..., :3] == pytest.approx(profile / level, abs=1e-6)
    assert views[..., 3:6] == pytest.approx(np.sqrt(profile / level), abs=1e-6)
    assert np.ptp(views[..., 9], axis=1) == pytest.approx(0) and views[0, 0, 9] == level[0]


def test_exposure_changes_only_the_level(crops):
    bright, dim = (np.asarray(ProfileFeatures()(crops * gain)) for gain in (1, 0.3))
    assert bright[..., :9] == pytest.approx(dim[..., :9], abs=1e-5)
    assert dim[..., 9] == pytest.approx(bright[..., 9] * 0.3)


def test_a_black_crop_gives_finite_features():
    assert np.isfinite(ProfileFeatures()(np.zeros((1, *CROP_SHAPE), np.float32))).all()


def test_a_network_survives_its_file(networks, crops, tmp_path):
    networks["compact"].save(tmp_path / "compact.keras")
    loaded = keras.models.load_model(tmp_path / "compact.keras")
    assert np.asarray(loaded(crops)) == pytest.approx(np.asarray(networks["compact"](crops)))
