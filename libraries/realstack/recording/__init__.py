"""What happens in a test, as events that libraries report: recorder, evidence. Judging is `realstack.history`."""
