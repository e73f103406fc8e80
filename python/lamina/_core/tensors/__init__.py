"""Tensors, variables and seeds."""
