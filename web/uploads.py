"""Uploads: held in memory, counted while they arrive, never written anywhere."""

from io import BytesIO

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from rest_framework.parsers import BaseParser

# What a photo is called in the answer when the client gives no name.
UNNAMED = "photo"


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


def _max_bytes() -> int:
    return settings.SERVICE.max_bytes
