"""From a photo of a spectrum to its light source and its wavelengths.

The ground floor (``errors``, ``files``, ``paths``, ``taxonomy``, ``lines``, ``images``, ``plots``)
may be used by everyone. The four wings are the journeys of the data and do not import one
another, except that curation may use recognition:

- ``simulation``: physics -> crops and photos with truth
- ``curation``: a heap of downloads -> labelled photos
- ``recognition``: a photo -> crop -> answer -> wavelength axis
- ``training``: crops -> frozen model (the only importer of TensorFlow and Keras)
"""
