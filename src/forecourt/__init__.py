"""Forecourt: the software with which public super-charging networks are built out, run and opened up."""

__version__ = "0.1.0"
