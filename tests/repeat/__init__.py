"""Running the journeys again and again, to say how often they fail without a reason."""
