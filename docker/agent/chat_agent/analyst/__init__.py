"""The analyst: computes answers from the text of a message, the same answer for the same question every time."""
