"""FAAMI: cross-modal retrieval of remote-sensing images with region–word evidence.

Importing this package loads neither torch nor transformers; ``Session`` brings them in when a model is needed.
"""

__version__ = "0.1.0"
