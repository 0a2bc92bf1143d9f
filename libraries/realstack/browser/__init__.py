"""Signed-in sessions in a browser, and what a browser stands for: its line and its clock."""
