"""Differences between the reference's plugins and ours that stay, each with its reason."""

from tests.support.answers import Accepted, failed, stumbled

ACCEPTED: tuple[Accepted, ...] = (
    Accepted(
        "the plugin stumbles over the argument and says it in V8's words, or throws where nobody catches; we refuse it in ours",
        lambda _, theirs, ours: (
            (stumbled(theirs) or "UNCAUGHT" in str(theirs.get("end")))
            and (failed(ours) or not ours.get("items", ()))
        ),
    ),
    Accepted(
        "the plugin throws where nobody catches: ssb-server would end, and the call has no answer",
        lambda _, theirs, __: "silent" in theirs or theirs.get("end") is False,
    ),
)
