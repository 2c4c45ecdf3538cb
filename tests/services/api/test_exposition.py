"""What is written is what a parser that is not ours reads."""

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from services.api.exposition import Family, Sample, text

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@settings(max_examples=30)
@given(st.dictionaries(WORDS, st.integers(-(2**50), 2**50), max_size=4))
def test_any_label_comes_back(values: dict[str, int]) -> None:
    samples = tuple(Sample({"reason": key, "b": "x"}, value) for key, value in values.items())
    written = text([Family("refused_total", "counter", "What\\ was refused.", samples)])
    read = list(text_string_to_metric_families(written))
    assert [family.documentation for family in read] == ["What\\ was refused."] * bool(values)
    found = [sample for family in read for sample in family.samples]
    assert {sample.labels["reason"]: sample.value for sample in found} == values
    assert {sample.name for sample in found} <= {"refused_total"}


def test_a_family_is_told_with_help_and_type() -> None:
    families = [
        Family("a", "gauge", "One.", (Sample({}, 1.5),)),
        Family("none", "gauge", "Nothing.", ()),
        Family("b_total", "counter", "Two.", (Sample({"x": 'a"b'}, 2), Sample({"x": "\n"}, 3))),
    ]
    assert text(families) == (
        "# HELP a One.\n# TYPE a gauge\na 1.5\n"
        '# HELP b_total Two.\n# TYPE b_total counter\nb_total{x="a\\"b"} 2\nb_total{x="\\n"} 3\n'
    )
