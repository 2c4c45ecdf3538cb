from common.runtime.clock import RisingClock, wall_ms


def test_a_rising_clock_never_tells_a_time_twice() -> None:
    times = iter([5.0, 5.0, 5.0, 7.0, 1.0])
    clock = RisingClock(lambda: next(times), last=4.0)
    assert [clock() for _ in range(5)] == [5.0, 5.001, 5.002, 7.0, 7.001]


def test_wall_time_is_milliseconds() -> None:
    assert wall_ms() > 1.6e12
