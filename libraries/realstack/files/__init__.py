"""Test files of known content: real PDFs, and all that only look like one."""
