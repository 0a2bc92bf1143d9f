"""What keyword libraries share: assertions for cells of a table, waiting, and who owns what a keyword opens."""
