"""
What can go wrong, in two families that decide what a cloud does next.

A `Permanent` error is acknowledged and reported: the payload, the settings or a baseline is wrong, and being called
again cannot help. A `Transient` one is raised to the cloud, which delivers the Event again: the fault is on the other
side. Every message says what happened, with the values, then what to do.
"""


class NephoscopeError(Exception):
    """
    An error with a sentence for what happened and one for what to do.

    >>> str(Permanent("'age' has 3 bins, its baseline 4.", do="rebuild it: nephoscope drift profile FILE -o PROFILE"))
    "'age' has 3 bins, its baseline 4. To do: rebuild it: nephoscope drift profile FILE -o PROFILE."
    """

    def __init__(self, what: str, *, do: str) -> None:
        super().__init__(what, do)
        self.what = what
        self.do = do

    def __str__(self) -> str:
        return f"{self.what} To do: {self.do}."


class Permanent(NephoscopeError):
    """Retrying cannot help."""


class Transient(NephoscopeError):
    """Their side: be delivered again, not before `retry_after_seconds` where the other side named a wait."""

    def __init__(self, what: str, *, do: str = "wait, or try again", retry_after_seconds: float | None = None) -> None:
        super().__init__(what, do=do)
        self.retry_after_seconds = retry_after_seconds


class Uncertain(Transient):
    """It may have happened: the answer to a write was lost, and nothing tells whether the write was."""


class BadPayload(Permanent):
    """A payload that is no Event of ours."""


class Unauthorised(Permanent):
    """A request that does not prove who sent it: it is refused, and nothing is done."""


class BadSettings(Permanent):
    """A configuration with mistakes, all of them, one line each."""

    def __init__(self, what: str, *, do: str, mistakes: tuple[str, ...] = ()) -> None:
        super().__init__(what, do=do)
        self.mistakes = mistakes

    def __str__(self) -> str:
        if not self.mistakes:
            return super().__str__()
        return "\n".join([self.what, *(f"  {mistake}" for mistake in self.mistakes), f"To do: {self.do}."])


class BadBaseline(Permanent):
    """A Baseline that does not fit what is compared with it, or none at all."""


class BadRecord(Permanent):
    """A stored record that this version cannot read; it is left as it is."""


class Unreadable(Permanent):
    """
    An object that exists and cannot be read as a table: an answer (verdict unknown), never a crash.

    `why` is one of NO_DATA (empty, or without rows), UNREADABLE (cut, corrupt, over a limit, of another format) or
    NOT_COMPUTABLE.
    """

    def __init__(self, what: str, *, do: str, why: str = "UNREADABLE") -> None:
        super().__init__(what, do=do)
        self.why = why


class BadUsage(Permanent):
    """A path, option or name on the command line that is not there: exit code 2."""
