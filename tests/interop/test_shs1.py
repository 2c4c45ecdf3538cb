import pytest

from tests.interop.shs1 import ROLES, install, missing, run

REASON = missing()


@pytest.mark.interop
@pytest.mark.skipif(REASON is not None, reason=f"shs1-test needs Node: {REASON}")
@pytest.mark.parametrize("seed", ["1", "scuttlebot", "20261123"])
@pytest.mark.parametrize("role", ROLES)
def test_shs1_test_passes(role: str, seed: str) -> None:
    install()
    result = run(role, seed)
    assert result.returncode == 0, result.stdout
    assert f"Passed the {role} test suite" in result.stdout
