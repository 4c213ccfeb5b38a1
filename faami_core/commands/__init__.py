"""Subcommands of ``faami``: for each its options and what it does."""
