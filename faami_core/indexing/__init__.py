"""The index of a collection: what was seen (``catalog``) and what the model made of it (``feature_store``)."""
