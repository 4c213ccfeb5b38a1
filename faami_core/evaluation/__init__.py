"""How good the model is: retrieval metrics, and whether evidence points at the named thing."""
