"""In what state the log is, in words for who asks: what is the matter, and why.

Knows the troubles and which of them matters most. Pure. Called by the handler of `health`.
"""

__all__ = ["condition"]

MAX_CLOCK_LAG_MS = 60_000  # a correction of the clock; more than that was a jump


def condition(
    trouble: str | None, locked: str | None, lag_ms: float, forked: bool = False
) -> dict[str, str]:
    """Tell `state` and, unless that is `ok`, `why`.

    `trouble` is why nothing can be written, `locked` why nothing can be published (`forked` if for that), `lag_ms`
    how far the clock is behind the newest message.
    """
    if trouble is not None:
        return {"state": "disk full", "why": trouble}
    if locked is not None:
        return {"state": "own feed forked" if forked else "own feed incomplete", "why": locked}
    if lag_ms > MAX_CLOCK_LAG_MS:
        why = f"the clock is {lag_ms / 1000:.0f} s behind the time of the newest message"
        return {"state": "clock behind", "why": f"{why}: times are counted on from there"}
    return {"state": "ok"}
