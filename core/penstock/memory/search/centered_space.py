"""`CenteredSpace`: compares vectors without what all texts of a project share, their mean and main axes.

Texts of one project are all about the same; what is left after that tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SAMPLE", "CenteredSpace"]

Array = npt.NDArray[np.float32]
SAMPLE = 2000
"""How many passages, spread over the project, are sampled for the mean and the axes."""
AXES = 3
FEW = 200
"""With fewer passages no axes are removed: one could be the subject of a single text."""
_SPREAD = 4.0


@dataclass(frozen=True)
class CenteredSpace:
    """The mean and main axes of one project's vectors."""

    mean: Array
    axes: Array
    sample: Array

    @classmethod
    def of(cls, vectors: Array) -> CenteredSpace:
        """Computed from a sample of passages' vectors, as normalised rows."""
        count = len(vectors)
        if not count:
            return cls(np.zeros(vectors.shape[1], np.float32), vectors, vectors)
        mean = vectors.mean(0) * np.float32(count / (count + 20))
        axes = np.zeros((0, vectors.shape[1]), np.float32)
        if count >= FEW:
            centred = vectors - mean
            axes = np.linalg.eigh(centred.T @ centred)[1][:, -AXES:].T.astype(np.float32)
        bare = cls(mean, axes, vectors[:0])
        return cls(mean, axes, bare.cleaned(vectors[:: max(1, count // 500)]))

    def cleaned(self, vectors: Array) -> Array:
        """`vectors` without the common part, normalised."""
        out = vectors - self.mean
        out = out - (out @ self.axes.T) @ self.axes
        length = np.linalg.norm(out, axis=-1, keepdims=True)
        clean: Array = (out / np.where(length == 0, 1, length)).astype(np.float32)
        return clean

    def likeness(self, question: Array, cleaned: Array) -> Array:
        """The similarity of `question` (cleaned) to each row, relative to that to other texts of the project."""
        usual = self.sample @ question
        spread = float(usual.std()) if len(usual) else 0.0
        middle = float(usual.mean()) if len(usual) else 0.0
        out: Array = ((cleaned @ question - middle) / ((spread or 1) * _SPREAD)).astype(np.float32)
        return out
