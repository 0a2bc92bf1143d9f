"""The agent worker: takes runs from the queue and answers them."""
