"""Every choice of a training, in one place."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TrainConfig:
    """Every choice of a training, saved whole in run.json.

    Attributes
    ----------
    arch : str
        Name in `ARCHITECTURES`.
    init : str or None
        Folder of a run or a frozen model whose weights are the start.
    teachers : list of str
        Folders of runs or frozen models whose mean opinion of each training crop is the target, in
        place of its label (distillation, Hinton et al. 2015, https://arxiv.org/abs/1503.02531); of
        `rehearsed` files the start's is.
    rehearsed : list of str
        Training files of which what `init` says of each crop is the target, in place of its label,
        so that what the others do not show is not forgotten (learning without forgetting, Li &
        Hoiem 2016, https://arxiv.org/abs/1606.09282).
    epochs : int
        Passes over the training crops.
    steps : int or None
        Batches in all, instead of `epochs`; rounded up to whole evaluations of equal length.
    batch_size : int
        Crops a step.
    learning_rate : float
        Peak of a linear warm-up followed by a cosine decay to zero.
    warmup : float
        Share of the steps spent warming up.
    weight_decay : float
        Decoupled, Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101.
    patience : int
        Epochs without a better validation loss after which training stops.
    flip : bool
        Turn half of the training crops upside down.
    outlier_weight : float
        Weight of a training crop of an unknown lamp.
    seed : int
        Of weights, order and augmentation.
    """

    arch: str = "compact"
    init: str | None = None
    teachers: list[str] = field(default_factory=list)
    rehearsed: list[str] = field(default_factory=list)
    epochs: int = 6
    steps: int | None = None
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup: float = 0.05
    weight_decay: float = 1e-2
    patience: int = 5
    flip: bool = True
    outlier_weight: float = 0.5
    seed: int = 0

    def rounds(self, crops: int) -> tuple[int, int]:
        """Return how many evaluations there are, and how many steps each takes, for n crops."""
        per_epoch = -(-crops // self.batch_size)
        if self.steps is None:
            return self.epochs, per_epoch
        rounds = -(-self.steps // per_epoch)
        return rounds, -(-self.steps // rounds)
