"""``python -m realstack.history judge file.jsonl``."""

from __future__ import annotations

import sys

from realstack.history.judge import main

sys.exit(main())
