import numpy as np
import pytest

from lib.simulation.instrument import camera
from lib.simulation.instrument.sensors import draw_sensor


@pytest.fixture
def line():
    image = np.zeros((2, 3, 101, 3), np.float32)
    image[:, :, 50] = 1
    return image


def test_spreading_keeps_the_light_and_widens_each_image_by_its_own_width(line):
    blurred = camera.spread(line, sigma_px=np.array([1.0, 4.0]))
    assert blurred.sum(axis=2) == pytest.approx(1, rel=5e-3)
    offset = np.arange(101)[:, None] - 50
    widths = np.sqrt((blurred[:, 0] * offset**2).sum(axis=1))
    assert widths[0] == pytest.approx(1, rel=0.02) and widths[1] == pytest.approx(4, rel=0.02)


def test_only_charge_beyond_full_blooms(line):
    assert (camera.bloom(line, share=0.5) == line).all()
    bloomed = camera.bloom(4 * line, share=0.5)
    assert (bloomed[:, :, 45] > 0).all() and (bloomed[:, :, 0] == 0).all()


def test_a_clipped_line_turns_white():
    image = np.full((1, 1, 3), [9.0, 3.0, 2.0], np.float32)
    assert (camera.clip_full(image) == 1).all()


def test_colour_matrices_keep_grey_and_purify_colours():
    grey = np.full((2, 2, 3), 0.4, np.float32)
    for matrix in camera.draw_colour_matrix(np.random.default_rng(0), 4):
        assert camera.apply_colour_matrix(grey, matrix) == pytest.approx(0.4, abs=1e-5)


@pytest.mark.parametrize("grain_px", [0.0, 0.5, 1.0])
def test_noise_of_any_grain_grows_with_light_as_shot_noise_does_up_to_the_rim(grain_px):
    rng = np.random.default_rng(0)
    for level in (0.0, 0.1, 0.4):
        flat = np.full((300, 300, 3), level, np.float32)
        noise = camera.add_noise(rng, flat, full_well=1000, read=0.005, grain_px=grain_px) - flat
        deviation = np.sqrt(level / 1000 + 0.005**2)
        assert noise.mean() == pytest.approx(0, abs=0.02 * deviation)
        assert noise.std(axis=(0, 1)) == pytest.approx(deviation, rel=0.03)
        assert noise[[0, -1]].std() == pytest.approx(deviation, rel=0.1)
        # Normal: 4.6 % beyond two deviations, and a kurtosis of 3.
        assert (np.abs(noise) > 2 * deviation).mean() == pytest.approx(0.0455, abs=0.003)
        assert (noise**4).mean() / noise.var() ** 2 == pytest.approx(3, abs=0.1)


def test_grain_ties_neighbours_together_and_nothing_else():
    rng, flat = np.random.default_rng(0), np.zeros((400, 400, 3), np.float32)
    noise = camera.add_noise(rng, flat, full_well=1000, read=1.0, grain_px=0.5)

    def together(one, other):
        return np.corrcoef(one.ravel(), other.ravel())[0, 1]

    # Weights 1/2, 1, 1/2: neighbours share (1/2 + 1/2) / (1/4 + 1 + 1/4) of their variance.
    assert together(noise[1:], noise[:-1]) == pytest.approx(2 / 3, abs=0.02)
    assert together(noise[:, 1:], noise[:, :-1]) == pytest.approx(2 / 3, abs=0.02)
    assert together(noise[:, 3:], noise[:, :-3]) == pytest.approx(0, abs=0.02)
    assert together(noise[..., 0], noise[..., 1]) == pytest.approx(0, abs=0.02)


def test_the_tone_curve_keeps_black_and_white_and_lifts_shadows():
    ramp = np.linspace(0, 1, 11, dtype=np.float32)[None, :, None].repeat(3, axis=2)
    out = camera.tone(ramp, gamma=2.2, contrast=0.5)
    assert out[0, 0] == pytest.approx(0) and out[0, -1] == pytest.approx(1)
    assert (np.diff(out[0, :, 0]) > 0).all() and out[0, 2, 0] > 0.2


@pytest.mark.parametrize("gamma", [0.8, 1.0, 2.2, 2.6])
@pytest.mark.parametrize("contrast", [0.0, 0.8])
def test_the_table_follows_the_tone_curve_within_half_a_grey_level(gamma, contrast):
    light = np.concatenate([[0], np.geomspace(1e-7, 1, 5000), np.linspace(0, 1, 5000)])
    image = light.astype(np.float32)[None, :, None].repeat(3, axis=2)
    shown = light ** (1 / gamma)
    shown *= 1 - contrast + contrast * shown * (3 - 2 * shown)
    # At twice the saturation greys stay grey.
    out = camera.tone(image, gamma=gamma, contrast=contrast, saturation=2.0)
    assert 255 * out[0] == pytest.approx(255 * shown[:, None].repeat(3, axis=1), abs=0.5)


def test_saturation_spreads_channels_about_their_mean_and_black_lifts_each():
    image = np.float32([[[0.2, 0.3, 0.4], [0.0, 0.0, 1.0]]])
    black = np.array([0.1, 0.0, 0.05])
    out = camera.tone(image, gamma=1.0, saturation=2.0, black=black)
    spread = np.array([[0.1, 0.3, 0.5], [0.0, 0.0, 1.0]])
    assert out[0] == pytest.approx((1 - black) * spread + black, abs=1e-3)


def test_jpeg_hardly_changes_a_smooth_picture():
    ramp = np.linspace(0, 250, 480).astype(np.uint8)[None, :, None]
    image = np.broadcast_to(ramp, (15, 480, 3)) // np.uint8([1, 2, 4])
    stored = camera.jpeg(image, 95)
    assert stored.shape == image.shape
    assert np.abs(stored.astype(int) - image).max() < 8


def test_sensors_see_blue_green_and_red_in_order():
    response = draw_sensor(np.random.default_rng(0), 50).response(np.tile([455, 535, 610], (50, 1)))
    colour = ~draw_sensor(np.random.default_rng(0), 50).monochrome
    assert (response[colour].argmax(axis=2) == [2, 1, 0]).mean() > 0.97


def test_monochrome_sensors_give_equal_channels():
    sensor = draw_sensor(np.random.default_rng(0), 300)
    response = sensor.response(np.tile(np.linspace(400, 700, 9), (300, 1)))
    assert sensor.monochrome.any()
    assert np.ptp(response[sensor.monochrome], axis=2) == pytest.approx(0, abs=1e-6)


def test_sensors_without_dyes_have_no_gaps_between_their_colours():
    sensor = draw_sensor(np.random.default_rng(0), 300)
    bare = sensor.monochrome & sensor.bare.are_bare
    assert bare.any() and (sensor.monochrome & ~bare).any()
    seen = sensor.response(np.tile(np.linspace(470, 640, 18), (300, 1)))[bare, :, 0]
    assert (seen.min(axis=1) > 0.4 * seen.max(axis=1)).all()
