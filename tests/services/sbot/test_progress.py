"""The line that tells how far a file is."""

import io

from services.sbot.progress import Progress
from tests.services.sbot.terminal import Clock, Terminal, lines


def test_a_bar_grows_on_a_terminal() -> None:
    out, clock = Terminal(), Clock()
    with Progress(4_000, out, clock) as progress:
        for _ in range(4):
            clock.now += 1
            progress.add(1_000)
    drawn = lines(out)
    assert drawn[1] == f"[{'#' * 15}{'.' * 15}]  50%  2.0 kB of 4.0 kB  1.0 kB/s"
    assert drawn[-1] == f"[{'#' * 30}] 100%  4.0 kB of 4.0 kB  1.0 kB/s"
    assert out.getvalue().endswith("\n")


def test_without_a_total_there_are_bytes_and_a_rate() -> None:
    out, clock = Terminal(), Clock()
    with Progress(None, out, clock) as progress:
        clock.now = 2
        assert list(progress.of([b"abc", b"", b"d" * 3_000_000])) == [b"abc", b"", b"d" * 3_000_000]
        clock.now = 3
        progress.add(5_000_000_000)
    assert lines(out)[0] == "3 B  2 B/s"
    assert lines(out)[-1] == "5.0 GB  1.7 GB/s"


def test_it_is_drawn_ten_times_a_second_at_most() -> None:
    out, clock = Terminal(), Clock()
    with Progress(10_000, out, clock) as progress:
        for _ in range(1_000):
            clock.now += 0.001
            progress.add(10)
    assert 9 <= len(lines(out)) <= 12


def test_a_file_and_what_failed_at_once_get_no_line() -> None:
    plain, terminal = io.StringIO(), Terminal()
    with Progress(10, plain) as progress:
        progress.add(10)
    with Progress(10, terminal):
        pass
    assert plain.getvalue() == terminal.getvalue() == ""
