"""The window measures what it promises; ``faami bench app`` runs it."""
