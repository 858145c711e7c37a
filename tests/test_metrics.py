import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    log_loss,
    multilabel_confusion_matrix,
    precision_score,
    recall_score,
)

from lib.training.scores import metrics

CLASSES = ("a", "b", "c", "d")


@pytest.fixture
def answers():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 300)
    logits = rng.normal(size=(300, 4)) * 2
    logits[np.arange(300), labels] += 2
    return labels, softmax(logits, axis=1)


def test_report_equals_scikit_learn(answers):
    labels, probabilities = answers
    predicted = probabilities.argmax(axis=1)
    report = metrics.report(labels, probabilities, CLASSES)
    theirs = classification_report(labels, predicted, target_names=CLASSES, output_dict=True)
    assert report["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert report["weighted_precision"] == pytest.approx(theirs["weighted avg"]["precision"])
    assert report["weighted_recall"] == pytest.approx(theirs["weighted avg"]["recall"])
    assert report["weighted_f1"] == pytest.approx(theirs["weighted avg"]["f1-score"])
    assert report["nll"] == pytest.approx(log_loss(labels, probabilities))
    assert report["confusion"] == confusion_matrix(labels, predicted).tolist()
    for name in CLASSES:
        ours = report["per_class"][name]
        assert ours["precision"] == pytest.approx(theirs[name]["precision"])
        assert ours["recall"] == pytest.approx(theirs[name]["recall"])
        assert ours["f1"] == pytest.approx(theirs[name]["f1-score"])
        assert ours["support"] == theirs[name]["support"]


def test_specificity_is_the_recall_of_the_rest(answers):
    labels, probabilities = answers
    predicted = probabilities.argmax(axis=1)
    table = metrics.per_class(labels, predicted, CLASSES)
    for name, ((tn, fp), _) in zip(
        CLASSES, multilabel_confusion_matrix(labels, predicted), strict=True
    ):
        assert table[name]["specificity"] == pytest.approx(tn / (tn + fp))


def test_a_class_that_is_absent_and_never_predicted_counts_zero():
    labels = np.array([0, 0, 1])
    probabilities = np.eye(4)[[0, 1, 1]]
    report = metrics.report(labels, probabilities, CLASSES)
    assert report["per_class"]["d"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "specificity": 1.0,
        "support": 0,
    }
    assert report["weighted_precision"] == pytest.approx(
        precision_score(labels, [0, 1, 1], average="weighted")
    )
    assert report["weighted_recall"] == pytest.approx(
        recall_score(labels, [0, 1, 1], average="weighted")
    )


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (85, 87), (173, 175)])
def test_wilson_interval_equals_scipy(right, n):
    theirs = binomtest(right, n).proportion_ci(method="wilson")
    assert metrics.wilson_interval(right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nothing_tested_says_nothing():
    assert metrics.wilson_interval(0, 0) == (0.0, 1.0)


def test_reliability_equals_scikit_learn(answers):
    labels, probabilities = answers
    confidence, accuracy, count = metrics.reliability(labels, probabilities, bins=15)
    right = probabilities.argmax(axis=1) == labels
    true, predicted = calibration_curve(right, probabilities.max(axis=1), n_bins=15)
    assert confidence[count > 0] == pytest.approx(predicted)
    assert accuracy[count > 0] == pytest.approx(true)
    expected = np.sum(np.abs(true - predicted) * count[count > 0]) / len(labels)
    assert metrics.expected_calibration_error(labels, probabilities) == pytest.approx(expected)


def test_certain_and_right_is_calibrated():
    assert metrics.expected_calibration_error(np.array([1, 0]), np.eye(4)[[1, 0]]) == 0


def test_temperature_undoes_a_scaling_of_honest_logits():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20000, 4)) * 2
    labels = np.array([rng.choice(4, p=p) for p in softmax(logits, axis=1)])
    assert metrics.fit_temperature(labels, logits * 3) == pytest.approx(3, rel=0.05)


def test_temperature_makes_no_faultless_validation_certain():
    labels = np.arange(200) % 4
    logits = 5 * np.eye(4)[labels]
    temperature = metrics.fit_temperature(labels, logits)
    assert 0.9 < softmax(logits / temperature, axis=1).max() < 0.9999


def test_coverage_curve_counts_what_each_threshold_names():
    rng = np.random.default_rng(2)
    score = rng.integers(0, 20, 200) / 20
    right = rng.random(200) < score
    thresholds, coverage, precision = metrics.coverage_curve(score, right)
    assert len(thresholds) == len(set(score)) and coverage[-1] == 1
    for threshold, share, hits in zip(thresholds, coverage, precision, strict=True):
        named = score >= threshold
        assert share == pytest.approx(named.mean())
        assert hits == pytest.approx(right[named].mean())


def test_coverage_threshold_names_at_least_what_was_asked():
    score = np.linspace(0, 1, 101)
    threshold = metrics.coverage_threshold(score, 0.95)
    assert (score >= threshold).mean() >= 0.95 > (score > threshold).mean()


def test_thinned_curve_keeps_both_ends():
    score = np.linspace(0, 1, 5000)
    points = metrics.thinned_curve(*metrics.coverage_curve(score, score > 0.2))
    assert len(points) <= 101
    assert points[0]["threshold"] == 1 and points[-1]["coverage"] == 1


def test_report_counts_the_named_only_where_told_who_they_are(answers):
    labels, probabilities = answers
    named = probabilities.max(axis=1) > 0.8
    report = metrics.report(labels, probabilities, CLASSES, named=named)
    right = probabilities.argmax(axis=1) == labels
    assert report["coverage"] == pytest.approx(named.mean())
    assert report["selective_precision"] == pytest.approx(right[named].mean())
    nobody = metrics.report(labels, probabilities, CLASSES, named=np.zeros(300, bool))
    assert nobody["coverage"] == 0 and nobody["selective_precision"] is None
    assert "coverage" not in metrics.report(labels, probabilities, CLASSES)


def test_report_reads_as_a_table(answers):
    report = metrics.report(*answers, CLASSES, named=np.ones(300, bool))
    text = metrics.report_text(report)
    assert all(name in text for name in CLASSES)
    assert f"{report['accuracy']:.4f}" in text and "1.0000 named" in text
