"""A frozen network taken up again says what it said, in use and in training."""

import numpy as np
import pytest

from lib.errors import DataError
from lib.litert import open_network
from lib.paths import MODELS
from lib.training.freezing.agreement import outputs_of
from lib.training.freezing.thawing import thaw
from lib.training.networks import band, reader, trace

# Band and trace are kept in single precision, the reader in half; convolutions with a dilation keep
# their scale and shift apart; the reader has two outputs, a dense layer, and drops some input.
NETWORKS = {module.NETWORK.build().name: module.NETWORK for module in (band, trace, reader)}


def noise(count, shape):
    return np.random.default_rng(0).random((count, *shape), np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_shipped_network_goes_on_as_it_was_frozen(name):
    network = NETWORKS[name].build()
    examples = noise(24, network.input_shape[1:])
    before = outputs_of(network)(examples, training=False)
    thaw(network, open_network(MODELS / name), examples)
    # That it says the same as the frozen one is checked by thaw itself; here, that training begins
    # there too, where normalisations take means and variances of the batch.
    after = outputs_of(network)(examples, training=False)
    training = outputs_of(network)(examples, training=True)
    for output, said in after.items():
        said = np.asarray(said)
        assert np.abs(said - before[output]).max() > 0.1
        # What is dropped in training changes the names of lamps.
        if output != "lamp":
            assert np.asarray(training[output]) == pytest.approx(
                said, abs=0.02 * float(np.abs(said).max())
            )


def test_another_network_is_refused_by_name():
    network = trace.build_trace_network(384, 11)
    with pytest.raises(DataError, match=r"trace\.tflite: expected a network of convolutions"):
        thaw(network, open_network(MODELS / "trace"), noise(2, (384, 11)))
