"""Where a run lies, and where it is trained until it may take that place."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.errors import DataError
from lib.files import only_writer, read_json, require_absent, scratch_folder, write_errors
from lib.model_card import RECORD_NAME
from lib.paths import real_path


class RunFolder:
    """The folder of a run, and one beside it in which it is trained if an older run has its place.

    Parameters
    ----------
    run_dir : Path
        Where the run lies when it is finished.
    scratch : Path or None
        Folder to train in, on another disk, say.

    Raises
    ------
    DataError
        If the scratch lies in the run's folder.
    """

    def __init__(self, run_dir: Path, scratch: Path | None):
        self.run_dir, self._place = run_dir, real_path(run_dir)
        self._has_scratch = scratch is not None
        workshop = real_path(scratch or self._place.parent)
        if workshop.is_relative_to(self._place):
            raise DataError(f"{scratch}: lies in the run's folder; expected the scratch elsewhere")
        # Runs of one name that go to different places may share a scratch.
        name = re.sub(r"\W+", "-", str(self._place)) if scratch else self._place.name
        self.beside = workshop / f".{name}-new"
        self._lock = workshop / f".{name}.lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out; put in place what a killed one had finished.

        Raises
        ------
        DataError
            If another process trains into it.
        """
        with only_writer(self.run_dir, self._lock):
            if _is_finished(self.beside):
                _put_in_place(self.beside, self._place)
            yield

    def require_free(self, *, resume: bool, overwrite: bool) -> None:
        """Refuse to begin where a run lies, and to resume where none was begun.

        Raises
        ------
        DataError
            Which says whether the run that lies there can be resumed.
        """
        begun = self._begun()
        if resume and begun is None and not _is_finished(self.run_dir):
            raise DataError(f"{self.run_dir}: no training was begun here; leave out --resume")
        if resume or overwrite:
            return
        if begun is not None:
            raise DataError(
                f"{self.run_dir}: a training was interrupted here; go on with it by --resume, or "
                "begin again with --overwrite"
            )
        require_absent(self.run_dir, overwrite=False)

    def _begun(self) -> Path | None:
        """Return the folder of a run that was begun and is not finished."""
        for folder in (self.beside, self.run_dir):
            if (folder / RECORD_NAME).is_file() and not _is_finished(folder):
                return folder
        return None

    def to_resume(self) -> Path:
        """Return the folder of the run that was begun."""
        return self.beside if self.beside.exists() else self.run_dir

    def to_begin(self) -> Path:
        """Return the folder to train in, not there yet; a finished run stays until `finish`.

        Raises
        ------
        DataError
            If what is there is no run.
        """
        apart = self._has_scratch or _is_finished(self.run_dir)
        folder = self.beside if apart else self.run_dir
        _require_run_folder(self.run_dir)
        for older in {self.beside, folder}:
            _clear(older)
        return folder

    def finish(self, folder: Path) -> None:
        """Give the run that was trained in `folder` its place."""
        if folder == self.beside:
            _put_in_place(self.beside, self._place)


def _is_finished(folder: Path) -> bool:
    path = folder / RECORD_NAME
    return path.is_file() and bool(read_json(path).get("finished"))


def _put_in_place(new: Path, place: Path) -> None:
    """Replace the run at `place`, if there is one, by the run `new`, of any disk."""
    _require_run_folder(place)
    if new.parent == place.parent:
        _rename(new, place)
        return
    with scratch_folder(place.parent) as folder:
        copy = folder / place.name
        with write_errors(copy):
            shutil.copytree(new, copy)
        _rename(copy, place)
    _clear(new)


def _rename(new: Path, place: Path) -> None:
    old = place.with_name(f".{place.name}-old")
    with write_errors(place):
        if place.exists():
            _clear(old)
            place.rename(old)
        new.rename(place)
    _clear(old)


def _clear(run_dir: Path) -> None:
    """Remove an older run, and nothing that is not one."""
    _require_run_folder(run_dir)
    if run_dir.exists():
        with write_errors(run_dir):
            shutil.rmtree(run_dir)


def _require_run_folder(run_dir: Path) -> None:
    """Refuse to replace what is there and no run."""
    if not run_dir.exists():
        return
    if not run_dir.is_dir() or (any(run_dir.iterdir()) and not (run_dir / RECORD_NAME).is_file()):
        raise DataError(
            f"{run_dir}: not replaced, as it is no run folder (it has no {RECORD_NAME})"
        )
