"""s4_train.py as the workers of the tests run it: with networks that train in a second.

With --cpus N first, this machine's processor counts as N devices.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from training_layer import tiny


def normalised(input_shape, classes):
    """Build such a network whose crops of a batch depend on one another."""
    from keras import Input, Model, layers

    from lib.training.networks.architectures import FEATURES_LAYER, GreyProfile

    image = Input(input_shape, name="x_img")
    x = layers.Conv1D(8, 9, strides=8, use_bias=False)(GreyProfile()(image))
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.5)(x))
    x = layers.Dense(16, activation="relu", name=FEATURES_LAYER)(layers.Flatten()(x))
    return Model(image, layers.Dense(classes, name="logits")(x), name="normalised")


def main(argv: list[str]) -> int:
    import s4_train
    from lib.training.networks.architectures import ARCHITECTURES

    if argv[0] == "--cpus":
        import tensorflow as tf

        devices = [tf.config.LogicalDeviceConfiguration()] * int(argv[1])
        (processor,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(processor, devices)
        argv = argv[2:]
    ARCHITECTURES.update(tiny=tiny, normalised=normalised)
    return s4_train.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
