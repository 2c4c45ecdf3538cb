"""Logging: one JSON object a line on standard error, from the standard library's loggers.

Knows how a line looks and what the levels of ssb-config mean; nothing about who logs. Called by `process`
and by the launcher of `--compact`.
Fields: `at` (ms since 1970), `level`, `service`, `logger`, `message`, whatever `extra={"fields": {...}}`
carries, and `error` (the traceback) where there is one.
"""

import json
import logging
import select
import sys
from contextvars import ContextVar
from typing import TextIO

LEVELS = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "notice": logging.WARNING - 5,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}


actor: ContextVar[str] = ContextVar("actor", default="")
"""Which service the running task belongs to, where a process has several."""


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Make the line; a value that JSON cannot hold stands as its text."""
        line = {
            "at": int(record.created * 1000),
            "level": record.levelname.lower(),
            "service": actor.get() or self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line |= fields
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class Unwaiting(logging.StreamHandler[TextIO]):
    """Drops what a pipe has no room for: where all services are one process, none waits for a reader."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line if it can be written now."""
        if select.select([], [self.stream], [], 0)[1]:
            super().emit(record)


def set_up(service: str, level: str, *, waits: bool = True) -> None:
    """Send all logging of this process to standard error, from the given level of ssb-config on.

    With `waits` a line waits until it is read on, which supervisord does at once.
    """
    logging.addLevelName(LEVELS["notice"], "NOTICE")
    handler = logging.StreamHandler(sys.stderr) if waits else Unwaiting(sys.stderr)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
