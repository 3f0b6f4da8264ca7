"""
Which regular expressions can take a time that explodes with the length of the text.

A backtracking matcher tries every way in which an expression can read a text. The number of ways grows exponentially
exactly when the expression's position automaton has a position that it can leave and come back to in two different ways
over the same text; it grows with the k-th power of the length where k unbounded repeats follow one another.

The positions of an expression are its characters and character classes, as written; `follow` says which may come
after which. Two ways over the same text are a walk through pairs of positions that overlap: a pair of two different
positions in one strongly connected component with a pair of one and the same position is such a detour, and so is a
step that two nested repeats both make. Bounded repeats count as unbounded ones, so that what is accepted is safe.

Source: Weber & Seidl, On the degree of ambiguity of finite automata, Theoretical Computer Science 88 (1991) 325-349;
position automata after Glushkov, Russian Mathematical Surveys 16 (1961) 1-53.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

MOST_POSITIONS = 100
MOST_IN_A_ROW = 3  # unbounded repeats: 200 characters can be shared out among three in 1.3 million ways
SHORT_REPEAT = 10

_ATOM = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\[dDwWsSbBAZ]|\\[^\w]|\\[tnrfv]|[^\\()\[\]{}|*+?]|[\]{}]", re.DOTALL)
_REPEAT = re.compile(r"(?:([*+?])|\{(\d{1,4})(?:(,)(\d{0,4}))?\})\??")
_ANCHORS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\Z"})
_SAMPLES = "aZé0_ -.:/@\n\x00"  # besides every character of the expression itself


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of an expression: whether it may be empty, and the positions it may begin and end with."""

    empty: bool
    first: frozenset[int]
    last: frozenset[int]
    in_a_row: int = 0


_NOTHING = _Piece(True, frozenset(), frozenset())


def explodes(expression: str) -> str | None:
    """
    Say why an expression may not be used; None for one that is safe.

    Args:
        expression: One that `re.compile` accepts.

    >>> explodes("(a+)+b") is None, explodes("fraud.*|(dev|test)_[a-z]+") is None
    (False, True)
    """
    automaton = _Automaton(expression)
    try:
        whole = automaton.read()
    except _Refused as refused:
        return str(refused)
    if whole.in_a_row > MOST_IN_A_ROW:
        return f"it has {whole.in_a_row} unbounded repeats one after another; write at most {MOST_IN_A_ROW}"
    if automaton.ambiguous():
        return "it repeats what can be read in two ways, and its time would double with each character"
    return None


class _Refused(Exception):
    """An expression that is not looked into."""


class _Automaton:
    """Reads an expression by recursive descent, and keeps its positions and what may follow each."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0
        self._atoms: list[str] = []
        self._follow: Counter[tuple[int, int]] = Counter()

    def read(self) -> _Piece:
        """The whole expression."""
        whole = self._alternatives()
        if self._at < len(self._text):
            raise _Refused(f"its part '{self._text[self._at :]}' is of a form that matchers do not have")
        return whole

    def _alternatives(self) -> _Piece:
        pieces = [self._sequence()]
        while self._take("|"):
            pieces.append(self._sequence())
        return _Piece(
            any(p.empty for p in pieces),
            frozenset().union(*(p.first for p in pieces)),
            frozenset().union(*(p.last for p in pieces)),
            max(p.in_a_row for p in pieces),
        )

    def _sequence(self) -> _Piece:
        whole = _NOTHING
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            piece = self._repeated(self._one())
            self._follow.update(product(whole.last, piece.first))
            whole = _Piece(
                whole.empty and piece.empty,
                whole.first | piece.first if whole.empty else whole.first,
                whole.last | piece.last if piece.empty else piece.last,
                whole.in_a_row + piece.in_a_row,
            )
        return whole

    def _one(self) -> _Piece:
        if self._take("("):
            if self._take("?") and not self._take(":") and not re.match(r"P<\w+>", self._text[self._at :]):
                raise _Refused("it looks around, refers back or sets flags, which matchers do not")
            if found := re.match(r"P<\w+>", self._text[self._at :]):
                self._at += found.end()
            inner = self._alternatives()
            self._take(")")
            return inner
        found = _ATOM.match(self._text, self._at)
        if found is None:
            raise _Refused(f"its part '{self._text[self._at :]}' is of a form that matchers do not have")
        self._at = found.end()
        if found[0] in _ANCHORS:
            return _NOTHING
        self._atoms.append(found[0])
        if len(self._atoms) > MOST_POSITIONS:
            raise _Refused(f"it has more than {MOST_POSITIONS} characters and classes")
        position = frozenset({len(self._atoms) - 1})
        return _Piece(False, position, position)

    def _repeated(self, piece: _Piece) -> _Piece:
        while found := _REPEAT.match(self._text, self._at):
            self._at = found.end()
            sign, low, comma, high = found.groups()
            least = {"*": 0, "+": 1, "?": 0}.get(sign, int(low or 0))
            most = {"*": None, "+": None, "?": 1}[sign] if sign else int(high) if high else None if comma else least
            if most == 0 or not piece.first:
                return _NOTHING
            if most is None or most > 1:
                if piece.empty:
                    raise _Refused("it repeats what may be empty")
                self._follow.update(product(piece.last, piece.first))
            row = max(1, piece.in_a_row) if most is None or (most > SHORT_REPEAT and most != least) else piece.in_a_row
            piece = _Piece(piece.empty or least == 0, piece.first, piece.last, row)
        return piece

    def _take(self, sign: str) -> bool:
        taken = self._text.startswith(sign, self._at)
        self._at += taken
        return taken

    def ambiguous(self) -> bool:
        """Whether some position can be left and come back to in two ways over the same text."""
        if any(times > 1 for times in self._follow.values()):
            return True
        after = {p: [q for (o, q) in self._follow if o == p] for p in range(len(self._atoms))}
        samples = sorted({*_SAMPLES, *self._text})
        takes = [{c for c in samples if re.fullmatch(atom, c, re.DOTALL)} for atom in self._atoms]
        overlap = {(p, q) for p, q in product(range(len(takes)), repeat=2) if takes[p] & takes[q]}
        edges = {(p, q): [pair for pair in product(after[p], after[q]) if pair in overlap] for p, q in overlap}
        return any(
            any(p == q for p, q in component) and any(p != q for p, q in component) for component in _components(edges)
        )


def _components(edges: dict[tuple[int, int], list[tuple[int, int]]]) -> Iterator[set[tuple[int, int]]]:
    """
    The strongly connected components of a graph.

    Source: Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1 (1972) 146-160.
    """
    number: dict[tuple[int, int], int] = {}
    low: dict[tuple[int, int], int] = {}
    stack: list[tuple[int, int]] = []
    on_stack: set[tuple[int, int]] = set()
    for root in edges:
        if root in number:
            continue
        work = [(root, iter(edges[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, successors = work[-1]
            child = next((c for c in successors if c not in number or c in on_stack), None)
            if child is not None and child not in number:
                number[child] = low[child] = len(number)
                stack.append(child)
                on_stack.add(child)
                work.append((child, iter(edges[child])))
                continue
            if child is not None:
                low[node] = min(low[node], number[child])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == number[node]:
                component = set()
                while True:
                    member = stack.pop()
                    on_stack.discard(member)
                    component.add(member)
                    if member == node:
                        break
                yield component
