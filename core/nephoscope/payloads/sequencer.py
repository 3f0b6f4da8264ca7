"""
The order of two writes of one object, as S3 tells it.

"You can use the sequencer to determine the order of events for a given object key. … right pad the shorter value with
zeros, and then do a lexicographic comparison": Amazon S3 User Guide, Event message structure. Between two keys it says
nothing.
"""

from __future__ import annotations


def rank(sequencer: str) -> str:
    """
    What sequencers of one key sort by: padding with zeros on the right and stripping them there order alike.

    >>> rank("0055AED6DCD9") < rank("0055AED6DCD90281E5"), rank("00A0") == rank("00a")
    (True, True)
    """
    return sequencer.upper().rstrip("0")
