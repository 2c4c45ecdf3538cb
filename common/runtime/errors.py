"""What keeps a process from starting, told so that a person can mend it.

    StartError          the process cannot start until somebody mends something
     └─ SettingsError   a setting, or the file it stands in, is wrong

Each text is one line that names the file or the setting. `process.run` prints it and ends with
`EXIT_FATAL`, which the launcher takes as the end of the whole suite: starting again would not help.
"""

EXIT_FATAL = 2


class StartError(Exception):
    """The process cannot start: the text is one line for people."""


class SettingsError(StartError):
    """A setting or a settings file cannot be used."""
