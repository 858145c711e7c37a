"""The networks: builders from an input shape and a number of classes to a Keras model.

Each takes crops ``x_img`` as float32 (n, 15, 480, 3), RGB in [0, 1], and returns logits; what it
makes of the crop (a profile, grey values) is part of the network, so that every frozen format
computes it alike. The layer named ``features`` feeds the last, linear one.

To add a network: one builder here and its entry in `ARCHITECTURES`.
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from lib.model_card import INPUT_NAME

FEATURES_LAYER = "features"
LOGITS_LAYER = "logits"


@keras.saving.register_keras_serializable("spectra")
class ProfileFeatures(layers.Layer):
    """Crops (n, 15, 480, 3) to views of their RGB profile, (n, 480, 10).

    Three channels of the row mean over its maximum (where the light is), three of its square root
    (weak lines), three of its local contrast (lines apart from what they stand on) and one of
    its maximum (how dark the crop is).
    """

    # Half of a narrow band, twice an arc line's width in a typical crop.
    contrast_window_px = 31
    # One grey level: below it a profile is noise and is not blown up.
    floor = 1 / 255

    def call(self, image):
        """Return the views of the profiles of `image`."""
        profile = ops.mean(image, axis=1)
        level = ops.max(profile, axis=(1, 2), keepdims=True)
        relative = profile / ops.maximum(level, self.floor)
        background = ops.average_pool(relative, self.contrast_window_px, strides=1, padding="same")
        return ops.concatenate(
            [
                relative,
                ops.sqrt(relative),
                relative - background,
                level * ops.ones_like(relative[:, :, :1]),
            ],
            axis=-1,
        )

    def compute_output_shape(self, input_shape):
        """Return the shape of the views."""
        return (input_shape[0], input_shape[2], 10)


@keras.saving.register_keras_serializable("spectra")
class GreyProfile(layers.Layer):
    """Crops (n, 15, 480, 3) to their grey mean profile, (n, 480, 1), as nnSIC makes it."""

    def call(self, image):
        """Return the mean of `image` over rows and colours."""
        return ops.expand_dims(ops.mean(image, axis=(1, 3)), -1)

    def compute_output_shape(self, input_shape):
        """Return the shape of the profiles."""
        return (input_shape[0], input_shape[2], 1)


def compact(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Return the default: a 1-D residual network of about 200,000 parameters on RGB profiles.

    A short ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385) along the dispersion.
    """
    image = keras.Input(input_shape, name=INPUT_NAME)
    x = ProfileFeatures(name="profile")(image)
    x = _convolution(x, filters=32, width=7, strides=2)
    for filters, strides in ((32, 2), (48, 2), (64, 2), (128, 1)):
        x = _residual(x, filters=filters, width=5, strides=strides)
    x = layers.GlobalAveragePooling1D(name=FEATURES_LAYER)(x)
    x = layers.Dropout(0.2)(x)
    logits = layers.Dense(classes, name=LOGITS_LAYER)(x)
    return keras.Model(image, logits, name="compact")


def nnsic_m4(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Return nnSIC's best network, M4: 32 million parameters on the grey mean profile.

    Layers, initial weights and batch normalisation are those of ``ClassifierM4`` in
    https://github.com/lcrobert/nnSIC/blob/master/CnnModelClass.py with the sizes that it was
    trained with (32 kernels, 1280 neurons, dropout 0.5). Its softmax ahead of the softmax
    cross-entropy is a mistake and is not repeated.
    """
    image = keras.Input(input_shape, name=INPUT_NAME)
    x = GreyProfile(name="profile")(image)
    for filters, width in ((32, 5), (64, 15), (64, 45), (96, 90), (96, 105)):
        x = _nnsic_layer(x, layers.Conv1D(filters, width, padding="same", **_nnsic_weights()))
    x = layers.MaxPooling1D(2)(x)
    return _nnsic_head(image, x, neurons=1280, classes=classes, name="nnsic_m4")


def nnsic_lenet(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Return nnSIC's first network, M1: two convolutions over the colour image, like LeNet-5.

    ``Classifier`` in the same file, with 9 kernels and 128 neurons.
    """
    image = keras.Input(input_shape, name=INPUT_NAME)
    x = _nnsic_layer(image, layers.Conv2D(9, 5, padding="same", **_nnsic_weights()))
    x = layers.AveragePooling2D(2, padding="same")(x)
    x = _nnsic_layer(x, layers.Conv2D(18, 3, padding="same", **_nnsic_weights()))
    x = layers.MaxPooling2D(2, padding="same")(x)
    return _nnsic_head(image, x, neurons=128, classes=classes, name="nnsic_lenet")


Builder = Callable[[tuple[int, int, int], int], keras.Model]

ARCHITECTURES: dict[str, Builder] = {
    builder.__name__: builder for builder in (compact, nnsic_m4, nnsic_lenet)
}


def _convolution(x, *, filters: int, width: int, strides: int = 1, activation: str | None = "relu"):
    x = layers.Conv1D(
        filters,
        width,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation(activation)(x) if activation else x


def _residual(x, *, filters: int, width: int, strides: int):
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        shortcut = _convolution(x, filters=filters, width=1, strides=strides, activation=None)
    x = _convolution(x, filters=filters, width=width, strides=strides)
    x = _convolution(x, filters=filters, width=width, activation=None)
    return layers.Activation("relu")(layers.Add()([x, shortcut]))


def _nnsic_weights() -> dict:
    return {"use_bias": False, "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.1)}


def _nnsic_layer(x, layer: layers.Layer):
    x = layers.BatchNormalization(momentum=0.9)(layer(x))
    return layers.Activation("relu")(x)


def _nnsic_head(image, x, *, neurons: int, classes: int, name: str) -> keras.Model:
    x = layers.Flatten()(x)
    x = _nnsic_layer(x, layers.Dense(neurons, **_nnsic_weights()))
    x = layers.Dense(neurons // 2, **_nnsic_weights())(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Activation("relu", name=FEATURES_LAYER)(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(classes, **_nnsic_weights())(x)
    logits = layers.BatchNormalization(momentum=0.9, name=LOGITS_LAYER)(x)
    return keras.Model(image, logits, name=name)
