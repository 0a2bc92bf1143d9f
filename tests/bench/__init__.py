"""Speed of what the suites stand on, measured side by side in one run: `make bench`.

A time alone says more about the machine than about the code, so that whatever has a plain counterpart is told as a ratio to it:
both take turns, round by round, and the ratio is the median of the rounds' ratios. Nothing here passes or fails.
"""
