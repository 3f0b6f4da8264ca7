"""Which dialect a file speaks, told by its header; a file that speaks none is told what it lacks."""

from __future__ import annotations

from nephoscope.adapters.files.bills import azure, cur, focus, google, oci
from nephoscope.adapters.files.bills.columns import Columns
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.cost.bill import View
from nephoscope.errors import Unreadable

_MISSING = {
    "FOCUS": focus.missing,
    "AWS Cost and Usage Report": cur.missing,
    "Azure cost export": azure.missing,
    "Google billing export": google.missing,
    "OCI cost report": oci.missing,
}


def recognise(columns: Columns, name: str, view: View = "actual") -> Charges:
    """
    Map a file's columns onto FOCUS.

    Args:
        columns: The file's columns.
        name: The file's name, for people.
        view: Which view a cost export of Azure is.

    Raises:
        Unreadable: The header is of no bill; the message names the columns that the nearest one needs.
    """
    charges = (
        focus.charges(columns)
        or cur.charges(columns)
        or oci.charges(columns)
        or google.charges(columns)
        or azure.charges(columns, view)
    )
    if charges is not None:
        return charges
    lacking = {dialect: missing(columns) for dialect, missing in _MISSING.items()}
    nearest = min(lacking, key=lambda dialect: len(lacking[dialect]))
    raise Unreadable(
        f"'{name}' is no bill that is known here; as {nearest} it lacks the columns {', '.join(lacking[nearest])}.",
        do="export it as FOCUS, or as the provider's own cost report",
    )
