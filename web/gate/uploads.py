"""Uploads: held in memory, counted while they arrive, never written anywhere."""

import re
from io import BytesIO

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http.multipartparser import MAX_TOTAL_HEADER_SIZE
from rest_framework.parsers import BaseParser, MultiPartParser

# What a photo is called in the answer when the client gives no name.
UNNAMED = "photo"
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
# The fields of the service's forms that are files.
_FILE_FIELD = re.compile(
    rb'^content-disposition:[^\r\n]*;\s*name="?(?:photo|instrument)"?(?=[;\s])[^\r\n]*',
    re.IGNORECASE | re.MULTILINE,
)
_HEAD_END = b"\r\n\r\n"
_FILE_NAME = re.compile(rb';\s*filename\*?=\s*(?:"[^"]|[^"\s;])', re.IGNORECASE)


class UploadTooLarge(SuspiciousOperation):
    """The body of a request exceeds the bound on bytes."""


class BoundedMemoryHandler(FileUploadHandler):
    """Django's upload handler that keeps files in memory up to the service's bound on bytes.

    Django's own memory handler steps aside for large bodies and leaves them to one that writes to
    the disk; this one refuses them, by what arrives and not by what the client announces.
    """

    def __init__(self, request=None):
        super().__init__(request)
        self._received = 0
        self._content = BytesIO()

    def new_file(self, *args, **kwargs) -> None:
        """Begin a file; its name is kept for the answer and nothing else."""
        super().new_file(*args, **kwargs)
        self._content = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take a piece of the file."""
        self._received += len(raw_data)
        check_size(self._received)
        self._content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the whole file."""
        self._content.seek(0)
        return InMemoryUploadedFile(
            file=self._content,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )


class FormParser(MultiPartParser):
    """A form whose files need no file names: Django takes what has none for text."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return the form's fields and files."""
        body = stream.read(_max_bytes() + 1)
        check_size(len(body))
        boundary = _BOUNDARY.search(media_type or "")
        if boundary:
            body = _with_file_names(body, (boundary[1] or boundary[2]).encode())
        return super().parse(BytesIO(body), media_type, parser_context)


def _with_file_names(body: bytes, boundary: bytes) -> bytes:
    """Return a form in which every file that is not empty has a name."""
    edge = b"--" + boundary
    # Django counts the parts and refuses a form of more: those are not worth a look.
    parts = body.split(edge, _max_parts())
    named = parts[:1] + [_named(part) for part in parts[1:]]
    return body if named == parts else edge.join(named)


def _named(part: bytes) -> bytes:
    """Return one part of a form, with a file name if it is a file's and has none."""
    end = part.find(_HEAD_END, 0, MAX_TOTAL_HEADER_SIZE)
    start = end + len(_HEAD_END)
    if not part.startswith(b"\r\n") or end < 0 or part[start : start + 3] in (b"", b"\r\n"):
        return part
    line = _FILE_FIELD.search(part, 0, start)
    if line is None or _FILE_NAME.search(line[0]):
        return part
    return part[: line.end()] + b'; filename="%b"' % UNNAMED.encode() + part[line.end() :]


class RawPhotoParser(BaseParser):
    """A request whose body is the photo itself."""

    def parse(self, stream, media_type=None, parser_context=None) -> bytes:
        """Return the body."""
        data = stream.read(_max_bytes() + 1)
        check_size(len(data))
        return data


class ImageParser(RawPhotoParser):
    """A body with an image's content type."""

    media_type = "image/*"


class BinaryParser(RawPhotoParser):
    """A body of unnamed bytes."""

    media_type = "application/octet-stream"


def check_size(count: int) -> None:
    """Refuse more bytes than a request may have.

    Raises
    ------
    UploadTooLarge
        If `count` exceeds the bound.
    """
    if count > _max_bytes():
        raise UploadTooLarge(f"expected at most {_max_bytes():,} bytes a request")


def _max_parts() -> int:
    # Django allows two that are nothing, before and after the others.
    return 2 + settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + settings.DATA_UPLOAD_MAX_NUMBER_FILES


def _max_bytes() -> int:
    return settings.SERVICE.max_bytes
