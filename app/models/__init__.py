"""Qt item models and the view state; they hold plain values and know neither widgets nor ``Session``."""
