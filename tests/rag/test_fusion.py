"""Fusion of dense and lexical scores."""

from rag.fusion import absolute, best_first, reciprocal_rank


def test_no_shared_words_leave_the_cosines_alone() -> None:
    cosines = {"a": 0.9, "b": 0.8}
    assert absolute(cosines, {}, 0.15) == cosines


def test_words_lift_what_has_them() -> None:
    fused = absolute({"a": 0.86, "b": 0.84}, {"b": 0.6}, 0.15)
    assert best_first(fused) == ["b", "a"]


def test_reciprocal_rank_counts_from_one() -> None:
    fused = reciprocal_rank({"a": 9.0, "b": 5.0}, {"b": 1.0})
    assert fused == {"a": 1 / 61, "b": 1 / 62 + 1 / 61}


def test_ties_are_broken_by_id() -> None:
    assert best_first({"2-1": 0.5, "1-9": 0.5, "1-1": 0.6}) == ["1-1", "1-9", "2-1"]
