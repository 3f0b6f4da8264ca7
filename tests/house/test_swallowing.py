"""No error is swallowed: an `except` that passes, only logs, or makes a constant of an error is found."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("core", "functions", "deploy")
LOGGERS = ("print", "log", "logger", "logging", "warnings")

# Exceptions that are an answer by themselves, and why a constant may stand for them; 0 may stand for none.
ANSWERS = {
    "FileNotFoundError NotFound ResourceNotFoundError PreconditionFailed": "the store says: none, or another was first",
    "NotComputable Unreadable": "our own word for what does not apply; a null or another Finding tells of it",
    "KeyboardInterrupt NephoscopeError Unauthorised BadPayload": "the constant is an exit code or an HTTP status",
    "ImportError BrokenPipeError": "nothing comes of what is not installed, or of a child that died; it is told",
    "ValueError TypeError": "a text or a type that is no number has none",
}
ZERO = re.compile(r"(?<![\w.])0(\.0*)?(?![\w.])")
NAMES = frozenset(name for names in ANSWERS for name in names.split())


def swallowed(source: str) -> Iterator[tuple[int, str]]:
    """The lines of `except` clauses that turn an error into nothing, and what they do."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and (found := _swallows(node)):
            is_answer = set(_caught(node)) <= NAMES and not ZERO.search(found)
            if not is_answer:
                yield node.lineno, f"{', '.join(_caught(node))}: {found}"


def _caught(handler: ast.ExceptHandler) -> list[str]:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return ["everything" if kind is None else ast.unparse(kind).rpartition(".")[2] for kind in kinds]


def _swallows(handler: ast.ExceptHandler) -> str:
    body = [statement for statement in handler.body if not _only_says(statement)]
    if not body:
        return "only logs"
    if len(body) > 1:
        return ""
    match body[0]:
        case ast.Pass() | ast.Continue():
            return "passes"
        case ast.Return(value) if value is None or _is_constant(value):
            return f"returns {ast.unparse(value) if value else None}"
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_constant(value):
            return f"assigns {ast.unparse(value)}"
    return ""


def _only_says(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr):
        return False
    called = statement.value.func if isinstance(statement.value, ast.Call) else statement.value
    return isinstance(statement.value, ast.Constant) or ast.unparse(called).split(".")[0] in LOGGERS


def _is_constant(value: ast.expr) -> bool:
    """A literal, an empty collection, or a call of literals alone such as `Decimal(0)`."""
    match value:
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
            return True
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(), args=arguments, keywords=[]):
            return all(isinstance(argument, ast.Constant) for argument in arguments)
    return False


def test_no_error_becomes_a_constant() -> None:
    """Nowhere is an error passed over, only logged, or turned into a value, but where the error is the answer."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for place in PLACES
        for path in sorted((ROOT / place).rglob("*.py"))
        for line, what in swallowed(path.read_text())
    ]
    assert found == []


def test_the_list_of_answers_stays_short() -> None:
    """Five lines with a reason each: more would be a way around the rule."""
    assert len(ANSWERS) <= 5
    assert all(ANSWERS.values())


# What the tutorial this grew from does in its three clouds, and its relatives.
SWALLOWING = [
    "except Exception as e:\n    print(f'cost retrieval error: {e}')\n    costs['aws'] = 0",
    "except Exception as e:\n    logging.error(f'monitoring error: {e}')",
    "except:\n    pass",
    "except ClientError:\n    return None",
    "except (ValueError, ClientError):\n    total = Decimal(0)",
    "except ValueError:\n    amount = 0",
    "except ValueError:\n    amount = Decimal(0)",
    "except TransportError:\n    continue",
    "except OSError:\n    return []",
]
TELLING = [
    "except ClientError as error:\n    raise Transient(str(error)) from error",
    "except ClientError as error:\n    return Unknown(str(error))",
    "except Exception as error:\n    log.error(error)\n    raise",
    "except FileNotFoundError:\n    return None",
]


@pytest.mark.parametrize("clause", SWALLOWING)
def test_the_rule_finds_what_swallows(clause: str) -> None:
    """The tutorial's own handlers are found, and so are their relatives."""
    assert list(swallowed(f"for _ in ():\n    try:\n        work()\n    {clause.replace(chr(10), chr(10) + '    ')}"))


@pytest.mark.parametrize("clause", TELLING)
def test_the_rule_lets_what_tells(clause: str) -> None:
    """An error that is raised again, or answered as unknown with its reason, is none."""
    assert not list(swallowed(f"try:\n    work()\n{clause}"))
