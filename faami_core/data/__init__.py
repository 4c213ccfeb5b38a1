"""Pixels in and out: image files, captions, data sets, made scenes."""
