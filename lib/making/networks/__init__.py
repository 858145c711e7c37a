"""The networks that ship beside the classifier: their layers, losses, training and figures."""
