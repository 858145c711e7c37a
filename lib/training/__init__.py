"""From crops to a frozen model; the only importer of TensorFlow and Keras."""
