"""`python -m nephoscope` is `nephoscope`."""

import sys

from nephoscope.cli.main import main

sys.exit(main())
