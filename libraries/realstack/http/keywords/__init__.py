"""What keywords that speak HTTP share."""
