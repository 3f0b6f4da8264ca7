"""Matchers and the route tree: Alertmanager's, and no expression that can hang the hub."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.alerts.explosive import explodes
from nephoscope.alerts.matchers import Matcher, parse
from nephoscope.alerts.routes import Route, group_keys, walk

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
escapes = st.lists(st.sampled_from(["\\", '"', "n", "\n", "a", ".", " "]), max_size=8).map("".join)


@given(names, st.sampled_from(["=", "!="]), words | escapes)
def test_a_matcher_reads_back_what_it_writes(name: str, operator: str, value: str) -> None:
    """Quotes, backslashes and line feeds included."""
    matcher = Matcher(name, operator, value)
    assert parse(str(matcher)) == matcher


@given(names, st.sampled_from(["=~", "!~"]), (words | escapes).map(re.escape))
def test_a_matcher_reads_back_the_expression_it_writes(name: str, operator: str, expression: str) -> None:
    """Whatever is stored as text means the same when it is read again."""
    matcher = Matcher(name, operator, expression)
    if explodes(expression) is None:
        assert parse(str(matcher)) == matcher


@pytest.mark.parametrize("quote", ['"', ""])
@pytest.mark.parametrize("operator", ["=", "!=", "=~", "!~"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"fraud\\.v[0-9]+", r"fraud\.v[0-9]+"),
        (r"fraud\.v2", r"fraud\.v2"),
        (r"a\"b", 'a"b'),
        (r"a\nb", "a\nb"),
        (r"a\\nb", r"a\nb"),
        (r"\\\\", r"\\"),
        (r"\d", r"\d"),
        ("a\nb", "a\nb"),
    ],
)
def test_a_value_is_unescaped_as_alertmanagers(quote: str, operator: str, written: str, read: str) -> None:
    """For each operator, in quotes or not: before a backslash, a quote or an n it is an escape, else itself."""
    assert parse(f"model{operator}{quote}{written}{quote}") == Matcher("model", operator, read)


def test_all_but_one_model_is_all_but_that_one() -> None:
    """A configuration of Alertmanager, copied, leads to the same people and keeps the same things back."""
    assert parse(r'model=~"fraud\\.v[0-9]+"').matches({"model": "fraud.v2"})
    assert not parse(r'model!~"fraud\\.v2"').matches({"model": "fraud.v2"})
    assert parse(r'model!~"fraud\\.v2"').matches({"model": "fraud_v2"})


@pytest.mark.parametrize(
    "expression",
    [
        "fraud[[:punct:]]v2",
        "[^[:space:]]+",
        "[a-z[:digit:]]",
        "[][:alpha:]]",
        "a{,3}",
        "(a{,30}){,30}b",
        "(a{0,10000}){0,10000}b",
        "a{10000}",
        r"a\z",
        r"\pN",
        r"\Qa.b\E",
        r"\x{61}",
        "(?i)fraud",
        "fraud(?i:A)",
        "(?<name>a)",
    ],
)
def test_what_python_would_read_otherwise_is_refused(expression: str) -> None:
    """What RE2 knows and Python does not, or takes for something else, never matches another set in silence."""
    with pytest.raises(ValueError, match=r"is refused: |is no regular expression"):
        parse(f'model=~"{expression}"')


@pytest.mark.parametrize(
    ("expression", "value"),
    [("[a:]b", ":b"), (r"\\[:a", "[:a"), (r"[\\]:]", "]"), ("a{x}", "a{x}"), ("a{1,3}", "aa"), ("[{,3}]", ",")],
)
def test_what_both_read_alike_is_accepted(expression: str, value: str) -> None:
    """Colons, brackets and braces that are only themselves."""
    assert parse(f'model=~"{expression}"').matches({"model": value})


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ('model="a"', {"model": "a"}, True),
        ("model=a", {"model": "a"}, True),
        ('model!="a"', {}, True),
        ('model=""', {}, True),
        ("model=", {}, True),
        ('model=~"a|b"', {"model": "b"}, True),
        ('model=~"a"', {"model": "ab"}, False),
        ('model!~"fraud.*"', {"model": "fraud_v2"}, False),
        (' model =~ "fraud.*" ', {"model": "fraud\nv2"}, True),
    ],
)
def test_a_matcher_matches_as_alertmanagers(text: str, labels: dict[str, str], holds: bool) -> None:
    """Anchored at both ends; a label that is missing is empty."""
    assert parse(text).matches(labels) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model",
        "=a",
        'model=="a"',
        'model="a',
        r'model="a\"',
        'model="a"b"',
        'model=a"b',
        "1a=b",
        'model=~"("',
        'model=~"a**"',
    ],
)
def test_what_is_no_matcher_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match=r"is no matcher|is no regular expression"):
        parse(text)


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+b",
        "(a*)*b",
        "(a|aa)+b",
        "(a|b|ab)*c",
        "(a*b*)*c",
        "([a-z]+)*x",
        "(x+x+)+y",
        r"(\w+\s?)*z",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        "(a{1,30}){1,30}b",
        "(.*a){20}b",
        "(a?){30}a{30}",
        ".*.*.*.*x",
        r"(a)\1",
        "(?=a)b",
        "[a-z]" * 101,
    ],
)
def test_an_expression_that_could_explode_is_refused(expression: str) -> None:
    """The classic ones, and forms that are not looked into."""
    with pytest.raises(ValueError, match="refused"):
        parse(f'model=~"{expression}"')


@pytest.mark.parametrize(
    "expression",
    [
        ".*fraud.*",
        "(dev|test)_[a-z]+",
        r"\d{4}-\d{2}-\d{2}",
        r"(\d{1,3}\.){3}\d{1,3}",
        "[a-z]+(-[a-z]+)*",
        "((a|b)c)*",
        "a|b|",
        "[^/]+/[^/]+",
        "(?P<name>a+)(?:b)?",
        "",
    ],
)
def test_what_people_write_is_accepted(expression: str) -> None:
    """Nothing useful is refused."""
    assert parse(f'model=~"{expression}"').operator == "=~"


atoms = st.sampled_from(["a", "b", ".", "[ab]", "(a|b)", "(ab)"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from("*+?")).map(lambda two: f"({two[0]}){two[1]}"),
    ),
    max_leaves=8,
)


@given(expressions)
def test_what_is_accepted_is_fast(expression: str) -> None:
    """Every accepted expression gives up on the worst texts of 200 characters in less than a second."""
    if explodes(expression) is None:
        began = time.perf_counter()
        for text in ("a" * 199, "b" * 199, "ab" * 99):
            re.fullmatch(expression, f"{text}\x00")
        assert time.perf_counter() - began < 3


def route(*matchers: str, path: str = "route", **about: object) -> Route:
    """A node."""
    return Route(("chat",), matchers=tuple(map(parse, matchers)), path=path, **about)  # type: ignore[arg-type]


TREE = route(
    routes=(
        route('team="a"', path="a", routes=(route('severity="high"', path="a.high"),)),
        route('severity="high"', path="high", continues=True),
        route('model=~"fraud.*"', path="fraud"),
    )
)


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ({}, ["route"]),
        ({"team": "a"}, ["a"]),
        ({"team": "a", "severity": "high", "model": "fraud"}, ["a.high"]),
        ({"severity": "high"}, ["high"]),
        ({"severity": "high", "model": "fraud_v2"}, ["high", "fraud"]),
    ],
)
def test_an_alert_walks_the_tree_as_in_alertmanager(labels: dict[str, str], kept: list[str]) -> None:
    """The first child that takes it, later ones after `continue`, the node itself where no child does."""
    assert [asked.route.path for asked in walk(TREE, labels) if asked.keeps] == kept


def test_a_groups_identity_is_its_matchers_and_labels() -> None:
    """Neither the channels nor the intervals are part of it; twins of equal matchers are told apart."""
    labels = {"about": "fraud"}
    (first,) = group_keys(route(), labels)
    (second,) = group_keys(Route(("chat", "mail"), path="route"), labels)
    assert first.id == second.id
    twins = route(routes=(route('about="fraud"', continues=True, path="x"), route('about="fraud"', path="y")))
    assert len({key.id for key in group_keys(twins, labels)}) == 2


def test_grouped_by_everything_an_alert_stays_in_its_group() -> None:
    """`group_by: ["..."]` tells every Alert on its own, and severity or state do not move it."""
    each = route(group_by=("...",))
    ids = {
        group_keys(each, {"subject": "a", "severity": severity, "state": state})[0].id
        for severity in ("low", "high")
        for state in ("firing", "resolved")
    }
    assert len(ids) == 1
