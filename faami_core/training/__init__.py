"""Training: starting weights, cached features, schedule, resumable trainer."""
