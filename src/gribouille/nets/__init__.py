"""Nets: from pictures to logits, one for each label."""

from gribouille.nets.image import image_net

__all__ = ["image_net"]
