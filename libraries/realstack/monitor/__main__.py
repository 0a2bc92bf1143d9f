"""``python -m realstack.monitor judge file.jsonl``."""

from __future__ import annotations

import sys

from realstack.monitor.judge import main

sys.exit(main())
