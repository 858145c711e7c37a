"""What training minimises."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("spectra")
def class_or_none(targets, logits):
    """Return the cross-entropy with one more class, "none of these", whose logit is held at zero.

    An unknown lamp (targets all zero) is right where every logit is low, and a lamp of a class
    where its own is high: the largest logit then says how much there is to name, which the softmax
    over the classes cannot. Against the uniform target of outlier exposure (Hendrycks et al. 2019,
    https://arxiv.org/abs/1812.04606) it refused 74 % instead of 61 % of lamps never met, at 95 %
    of the known named and the same accuracy (benchmarks/score_unknowns.py methods). Without
    outliers it is the ordinary cross-entropy but for a constant pull on the logits.

    Parameters
    ----------
    targets : float tensor of shape (n, n_classes)
        One at the class of a known lamp; all zero for an unknown one.
    logits : float tensor of shape (n, n_classes)

    Returns
    -------
    float tensor of shape (n,)
    """
    none = 1 - ops.sum(targets, axis=-1, keepdims=True)
    return keras.losses.categorical_crossentropy(
        ops.concatenate([targets, none], axis=-1),
        ops.concatenate([logits, ops.zeros_like(none)], axis=-1),
        from_logits=True,
    )
