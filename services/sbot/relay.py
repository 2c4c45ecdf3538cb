"""Passes on what the services print, without ever letting a reader that sleeps stop them.

Knows two file descriptors. Called by `start`: supervisord opens its standard error anew for each
service, which a pipe allows and a socket (what Node gives its children) does not.
"""

import asyncio
import os
import select

CHUNK = 4096  # PIPE_BUF: a pipe that polls writable takes this much without blocking


class Relay:
    """A pipe whose contents go to another file descriptor, or are dropped where that one is full."""

    def __init__(self, target: int) -> None:
        self._source, self.entry = os.pipe()
        self._target = target
        os.set_blocking(self._source, False)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass on from now on."""
        loop.add_reader(self._source, self.drain)

    def drain(self) -> None:
        """Pass on what is there."""
        try:
            while data := os.read(self._source, CHUNK):
                if select.select([], [self._target], [], 0)[1]:
                    os.write(self._target, data)
        except OSError:
            return  # nothing more is there, or nobody reads us any more

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass on the rest and close the pipe."""
        loop.remove_reader(self._source)
        self.drain()
        os.close(self._source)
        os.close(self.entry)
