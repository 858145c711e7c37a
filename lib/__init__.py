"""From a photo of a spectrum to its light source and its wavelengths.

Everyone may use the modules of this folder, ``images`` and ``plots``. The five wings are the
journeys of the data. They do not import one another, except that curation and measurement may use
recognition, and training simulation and recognition:

- ``simulation``: physics -> crops and photos with truth
- ``curation``: a heap of downloads -> labelled photos
- ``recognition``: a photo -> crop -> answer -> wavelength axis
- ``measurement``: lamp photos -> an instrument; its photos -> spectra
- ``training``: crops -> frozen model (the only importer of TensorFlow and Keras)
"""
