"""What keyword libraries share: assertions for cells of a table, and who owns what a keyword opens."""
