"""Widget signal → task → model: the controllers connect widgets, which do not know ``Session``, with ``Session``."""
