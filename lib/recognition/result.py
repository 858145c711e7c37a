"""What one photo was recognised as, with what it was read from."""

from dataclasses import dataclass

import numpy as np

from lib import taxonomy
from lib.recognition.advice import UNREADABLE, advice_on
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.band import Band, BandProfile
from lib.recognition.identified import (
    BandBox,
    BandSpectrum,
    FoundBand,
    Identified,
    NamedLamp,
    Remark,
    overexposed,
    several,
    shifted,
    wavelength_of,
)


@dataclass(frozen=True)
class Result:
    """The answer for one photo, with what it was read from.

    Attributes
    ----------
    status : str
        "ok", "unknown" (a band, but no source can be named), "no_band" or "error" (unreadable).
    reason : str or None
        In words: why there is no source, or why there is no wavelength axis.
    reason_code : str or None
        The same for programs: of `lib.recognition.advice.ADVICE`.
    source : str or None
        Class name (or the lamp that the user named), only when the status is "ok".
    probabilities : dict of str to float
        Of every class; empty without a band.
    certainty, threshold : float or None
        How surely the best guess is right, and what that must reach for a name (infinite where
        nothing does); None without a band, and where the user named the lamp.
    band : Band or None
        Where the spectrum lies, with its light.
    crop : uint8 array of shape (15, 480, 3) or None
        What the classifier read of it.
    axis : WavelengthAxis or None
        Wavelengths of the band's pixels, where the lines allow one.
    lamp : NamedLamp or None
        The lamp by name, where it is surely one, also of no class.
    between : tuple of str
        The two classes that share the light, where no more can be said.
    remarks : tuple of Remark
        Doubts about what is said all the same, and what its file leaves in doubt.
    lamp_told, band_chosen : bool
        Whether the user named the lamp, and said which of several spectra to use.
    """

    status: str
    reason: str | None
    reason_code: str | None
    model_version: str
    source: str | None = None
    probabilities: dict[str, float] | None = None
    certainty: float | None = None
    threshold: float | None = None
    band: Band | None = None
    crop: np.ndarray | None = None
    axis: WavelengthAxis | None = None
    lamp: NamedLamp | None = None
    between: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    lamp_told: bool = False
    band_chosen: bool = False

    @classmethod
    def unreadable(cls, reason: str, model_version: str) -> "Result":
        """Return the answer for what cannot be read as a photo."""
        return cls("error", reason, UNREADABLE, model_version)

    @property
    def profile(self) -> BandProfile | None:
        """The light along the band; None without one."""
        return self.band.profile if self.band else None

    @property
    def probability(self) -> float | None:
        """Probability of the named source; of the best guess where none is named.

        None without a band, and for a lamp that the user named and the model does not know.
        """
        if not self.probabilities:
            return None
        best = max(self.probabilities, key=self.probabilities.get)
        return self.probabilities.get(self.source or best)

    @property
    def advice(self) -> tuple[str, ...]:
        """Return what to do about the reason; nothing where a lamp of no class has its axis."""
        if self.reason_code == "other_lamp" and self.axis is not None:
            return ()
        return self._advice()

    @property
    def advice_to_calibrate(self) -> tuple[str, ...]:
        """The same of a photo that was to make an instrument."""
        return self._advice(calibrating=True)

    def _advice(self, **options: bool) -> tuple[str, ...]:
        clipped = self.profile is not None and bool(self.profile.clipped.any())
        return advice_on(self.reason_code, clipped=clipped, told=self.lamp_told, **options)

    def to_json(self, photo: str) -> dict:
        """Return the JSON object that identify prints and the service answers."""
        return self.answer(photo).to_json()

    def answer(self, photo: str) -> Identified:
        """Return the answer that this stands for; `photo` is what it calls the photo."""
        source, band = self.source, self.band
        # Clipped lines keep their places: a lamp with its wavelengths lacks nothing.
        lacking = self.axis is None or not (source or self.lamp)
        remarks = overexposed(band) if band is not None and lacking else ()
        if band is not None and not self.band_chosen:
            remarks += several(band)
        return Identified.of(
            self,
            photo=photo,
            remarks=self.remarks + remarks + (shifted(self.axis) if self.axis else ()),
            class_id=taxonomy.class_id(source) if source in taxonomy.CLASSES else None,
            probabilities=self.probabilities or {},
            band=FoundBand.of(band) if band else None,
            bands=tuple(BandBox(*box) for box in band.among) if band else (),
            saturated=band.saturated if band else None,
            wavelength=wavelength_of(self.axis) if self.axis else None,
        )

    def spectrum(self) -> BandSpectrum | None:
        """Return the light along the band, with its wavelengths where there are any."""
        if self.profile is None:
            return None
        px, nm, error = self.profile.position, None, None
        if self.axis is not None:
            nm = self.axis.nm_at(px)
            error = np.where(self.axis.claims(px), self.axis.standard_error_nm(px), np.nan)
        return BandSpectrum.of(self.profile, px=px, nm=nm, error_nm=error)
