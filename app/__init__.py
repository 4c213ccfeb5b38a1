"""The desktop window of faami-explorer: Qt only; knows the core through ``Session``, errors and value types."""
