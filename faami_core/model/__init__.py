"""The FAAMI model, read from leaf to whole: encoders, consistency enhancement, cross-attention, losses, weights."""
