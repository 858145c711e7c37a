import numpy as np
import pytest

from lib.images.reading import read_image
from lib.plots import training as plots
from lib.plots.crop_sheet import draw_crops
from lib.training.scores import metrics
from lib.training.scores.assessment import selective_curve

CLASSES = ("a", "b", "c")
HISTORY = [
    {
        "epoch": i,
        "step": 10 * i,
        "loss": 1 / i,
        "accuracy": 1 - 1 / (i + 1),
        "val_loss": 1.1 / i,
        "val_accuracy": 0.5,
    }
    for i in (1, 2, 3)
]


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_confusion_shows_every_count_with_the_truth_in_rows():
    figure = plots.confusion_figure(np.array([[5, 1, 0], [0, 7, 0], [0, 0, 0]]), CLASSES)
    (ax,) = figure.axes
    assert sorted(texts(figure)) == ["1", "5", "7"]
    one = next(text for text in ax.texts if text.get_text() == "1")
    assert one.get_position() == (1, 0)
    assert ax.get_ylabel() == "true" and ax.get_xlabel() == "predicted"
    assert [label.get_text() for label in ax.get_xticklabels()] == list(CLASSES)


def test_curves_run_over_steps_and_epochs():
    figure = plots.learning_curves(HISTORY)
    for ax, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        training, validation = ax.lines
        assert list(training.get_xdata()) == [10, 20, 30]
        assert list(training.get_ydata()) == [row[name] for row in HISTORY]
        assert list(validation.get_ydata()) == [row[f"val_{name}"] for row in HISTORY]
        (epochs,) = ax.child_axes
        assert ax.get_xlabel() == "step" and epochs.get_xlabel() == "epoch"


@pytest.fixture
def answers():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet((1, 1, 1), 200)
    return probabilities.argmax(axis=1) * (rng.random(200) < 0.8), probabilities


def test_reliability_draws_the_filled_bins(answers):
    bins = metrics.reliability(*answers)
    (ax,) = plots.reliability_figure(*bins).axes
    drawn = ax.collections[0].get_offsets()
    assert len(drawn) == np.count_nonzero(bins[2])


def test_coverage_marks_the_shipped_threshold(answers):
    labels, probabilities = answers
    right = probabilities.argmax(axis=1) == labels
    curve = selective_curve(probabilities.max(axis=1), right, np.empty(0))
    (ax,) = plots.coverage_figure(curve, shipped=(0.5, 0.9)).axes
    assert [line.get_xydata().tolist() for line in ax.lines[1:]] == [[[0.5, 0.9]]]
    nobody = plots.coverage_figure(curve, shipped=(0.0, None))
    assert len(nobody.axes[0].lines) == 1


def test_coverage_shows_how_many_unknown_lamps_are_refused():
    curve = selective_curve(np.array([0.9, 0.6]), np.array([True, False]), np.array([0.7, 0.1]))
    _, right = plots.coverage_figure(curve).axes
    assert right.lines[0].get_ydata().tolist() == [1.0, 0.5]


@pytest.mark.slow
def test_the_same_figure_gives_the_same_bytes_of_the_format_that_its_name_says(tmp_path):
    for suffix, begin in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")):
        paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
        for path in paths:
            plots.save_figure(plots.learning_curves(HISTORY), path)
        one, other = (path.read_bytes() for path in paths)
        assert one == other and one.startswith(begin)
    assert read_image(tmp_path / "a.png").shape == (480, 1200, 3)


def test_a_sheet_shows_every_crop_twice_as_high():
    images = np.random.default_rng(0).integers(100, 256, (5, 15, 480, 3), dtype=np.uint8)
    sheet = draw_crops(images, [f"crop {i}" for i in range(5)], columns=2)
    rows, columns = sheet.shape[0], sheet.shape[1]
    assert columns == 2 * 480 + 3 * 4
    for image in images:
        doubled = np.repeat(image, 2, axis=0)
        places = [
            (y, x)
            for y in range(rows - 29)
            for x in (4, 488)
            if (sheet[y : y + 30, x : x + 480] == doubled).all()
        ]
        assert len(places) == 1


def test_a_caption_stays_above_its_own_crop():
    images = np.zeros((2, 15, 480, 3), np.uint8)
    plain, long = (draw_crops(images, [text, ""]) for text in ("", "word " * 100))
    assert (plain[:, 488:] == long[:, 488:]).all() and (plain != long).any()
