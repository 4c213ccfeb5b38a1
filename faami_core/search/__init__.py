"""From a query to ranked hits with their evidence, and out to files."""
