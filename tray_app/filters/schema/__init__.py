"""Schemas of clients: what a model wrote is checked by them, and read as it was meant."""

from .fitting import Fit, fit

__all__ = ["Fit", "fit"]
