"""
Leave clouds out in which there is no account, so that Terraform does not have to sign in to them.

    python deploy/leave_out.py azure gcp     leaves two of them out
    python deploy/leave_out.py               leaves none out

It writes left_out_override.tf.json beside the root module, which puts `absent/` in the place of those clouds' modules.
Whoever ran nephoscope in a cloud first takes it out of `clouds` and applies that; leaving it out comes after.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CLOUDS = ("aws", "azure", "gcp")
FILE = "left_out_override.tf.json"


def override(clouds: list[str]) -> dict[str, object]:
    """
    Put the empty module in the place of both modules of each cloud.

    >>> override(["gcp"])
    {'module': {'gcp': {'source': './absent'}, 'hub_gcp': {'source': './absent'}}}
    """
    return {"module": {name: {"source": "./absent"} for cloud in clouds for name in (cloud, f"hub_{cloud}")}}


def main(clouds: list[str], folder: Path) -> int:
    """Write the override, or remove it where no cloud is left out."""
    if unknown := set(clouds) - set(CLOUDS):
        print(f"'{min(unknown)}' is no cloud. To do: name any of {', '.join(CLOUDS)}.", file=sys.stderr)
        return 2
    file = folder / FILE
    if clouds:
        file.write_text(json.dumps(override(clouds), indent=2) + "\n")
    else:
        file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parent))
