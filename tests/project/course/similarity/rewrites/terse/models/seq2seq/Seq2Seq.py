"""Encoder and decoder joined: reads a source sentence, then writes the target one token at a time.

Shapes: N batch, T source length, L number of predicted positions, V target vocabulary size.
"""

import torch
from torch import Tensor, nn


class Seq2Seq(nn.Module):
    """Translates with an encoder and a decoder (Sutskever et al., 2014, "Sequence to Sequence Learning").

    Attributes (these names are part of the contract): `encoder`, `decoder`, both moved to `device`. Most tests replace
    both models by given stand-ins.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, device: torch.device | str) -> None:
        super().__init__()
        self.device = device
        self.encoder, self.decoder = encoder.to(device), decoder.to(device)

    def forward(
        self,
        source: Tensor,
        target: Tensor | None = None,
        teacher_forcing: bool = False,
        max_length: int | None = None,
    ) -> Tensor:
        """Predict the target sentence, position by position.

        The first decoder input is `source[:, :1]`, which is <sos>, whatever the target begins with. Step t fills
        `outputs[:, t]`; it is scored against `target[:, t + 1]`, so the free <sos> never counts. The next input is
        the most probable token of step t, or `target[:, t + 1]` with teacher forcing.

        Args:
            source: (N, T), token ids, each row beginning with <sos>.
            target: (N, L + 1), token ids, each row beginning with <sos>; or None, to translate freely.
            teacher_forcing: feed the right token, not the predicted one, to the next step.
            max_length: L where there is no target; T when it is None too. With a target, the target decides.

        Returns:
            outputs: (N, L, V), the decoder's log-probabilities at every position.

        Raises:
            ValueError: with teacher forcing and without a target.
        """
        if teacher_forcing and target is None:
            raise ValueError("teacher forcing needs a target")
        L = target.size(1) - 1 if target is not None else source.size(1) if max_length is None else max_length
        enc, h = self.encoder(source)
        x, ys = source[:, :1], []
        for t in range(L):
            y, h = self.decoder(x, h, enc)
            ys.append(y)
            x = target[:, t + 1 : t + 2] if teacher_forcing else y.argmax(-1, keepdim=True)
        return torch.stack(ys, 1)
