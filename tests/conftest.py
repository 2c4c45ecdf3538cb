"""What holds for every test: slow is not wrong, and who hangs says in the end where each of its tasks waits."""

import asyncio
from collections.abc import Generator, Iterator
from inspect import iscoroutinefunction
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Generator[None, None, None]:
    """Adds the stacks of its tasks to the report of a test that hung: its own shows the event loop alone."""
    try:
        return (yield)
    except pytest.fail.Exception as error:
        if str(error).startswith("Timeout") and iscoroutinefunction(item.obj):
            loop = asyncio.get_event_loop_policy().get_event_loop()
            stacks = ("\n".join(_stack(task)) for task in asyncio.all_tasks(loop))
            item.add_report_section("call", "tasks", "\n\n".join(stacks))
        raise


def _stack(task: asyncio.Task[Any]) -> Iterator[str]:
    """A line for each coroutine that waits for the next one."""
    yield task.get_name()
    waits: Any = task.get_coro()
    while (frame := getattr(waits, "cr_frame", None)) is not None:
        yield f"  {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
        waits = waits.cr_await
