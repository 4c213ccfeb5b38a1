"""Widgets: they show values and emit signals, and know neither ``Session`` nor each other's insides."""
