"""Dialogs: choosing files, and the sheet of shortcuts."""
