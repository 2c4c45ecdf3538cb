"""What can be wrong with messages and their text.

    ValueError
    +-- JsonError       a text that JSON.parse of V8 refuses: the sender's fault
    +-- TooLong         a value whose text passes the given limit: the sender's fault
    +-- RefusedContent  content that cannot become a message: the caller's fault

A message that arrives and isn't valid is no exception: `common.feed.validate` answers `Invalid`.
"""


class JsonError(ValueError):
    """A text is no JSON; says where."""


class TooLong(ValueError):  # noqa: N818  it is a limit that was reached, not a broken rule
    """The JSON text of a value is longer than the caller can use."""


class RefusedContent(ValueError):  # noqa: N818  named as callers speak of it
    """Content, timestamp or sequence from which no valid message can be made."""
