"""Errors that a stage catches, records per item and reports in one line."""


class DataError(ValueError):
    """A file or a value is not what was expected.

    The message names the file, quotes the bad value and says what was expected.
    """
