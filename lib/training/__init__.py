"""From examples to frozen networks; the only importer of TensorFlow and Keras."""
