"""What keeps a process from starting, told so that a person can mend it.

    StartError          the process cannot start until somebody mends something
     └─ SettingsError   a setting, or the file it stands in, is wrong
    NotNow              the process cannot go on now, and may when it is started again later

Each text is one line that names the file or the setting. `process.run` prints it and ends: with
`EXIT_FATAL`, which the launcher takes as the end of the whole suite, for starting again would not help;
with `EXIT_RETRY` for `NotNow`.
"""

EXIT_RETRY = 1
EXIT_FATAL = 2


class StartError(Exception):
    """The process cannot start: the text is one line for people."""


class SettingsError(StartError):
    """A setting or a settings file cannot be used."""


class NotNow(Exception):  # noqa: N818  reads as what is the matter
    """The process ends, to be started again after a while: the text is one line for people."""
