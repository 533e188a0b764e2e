"""``python -m core`` is ``comity``, where the console script is not installed."""

import sys

from core.runtime.commands import main

sys.exit(main())
