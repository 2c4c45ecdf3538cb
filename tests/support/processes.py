"""What a process and everything it started has used: CPU seconds and memory, read from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
            except (OSError, ValueError):
                continue
    found = [pid]
    for member in found:
        found.extend(parents.get(member, []))
    return found


def named(pid: int, module: str) -> int:
    """The one process of a family that runs this module."""
    found = []
    for member in family(pid):
        try:
            words = Path(f"/proc/{member}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if module.encode() in words:
            found.append(member)
    (one,) = found
    return one


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its living descendants."""
    total = 0
    for member in family(pid):
        try:
            fields = _fields(member)
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def cpu_by_name(pid: int) -> dict[str, float]:
    """CPU seconds of each member of a family, by the last part of its command line's module or program."""
    found: dict[str, float] = {}
    for member in family(pid):
        try:
            words = Path(f"/proc/{member}/cmdline").read_bytes().split(b"\0")
            fields = _fields(member)
        except OSError:
            continue
        named = [w for w in words if w.startswith(b"services.")] or [words[0]]
        name = named[0].decode().rsplit("/", 1)[-1]
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICKS
    return found


def anonymous(pid: int) -> int:
    """Bytes of memory of one process that no file stands behind."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError


def pss_mb(pid: int) -> float:
    """Proportional memory of a family, in MB: what others share with it counts only in part."""
    return _memory_mb(pid, "Pss:")


def rss_mb(pid: int) -> float:
    """Resident memory of a family, in MB: what its members share counts once for each."""
    return _memory_mb(pid, "Rss:")


def _memory_mb(pid: int, field: str) -> float:
    total = 0
    for member in family(pid):
        try:
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith(field))
    return total / 1024
