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
        self.encoder = encoder.to(device)
        self.decoder = decoder.to(device)

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

        # how many tokens have to be predicted?
        if target is not None:
            num_steps = target.shape[1] - 1
        elif max_length is not None:
            num_steps = max_length
        else:
            num_steps = source.shape[1]

        encoder_outputs, hidden = self.encoder(source)

        step_input = source[:, :1]  # <sos>
        predictions = []
        for t in range(num_steps):
            output, hidden = self.decoder(step_input, hidden, encoder_outputs)
            predictions.append(output)
            if teacher_forcing:
                step_input = target[:, t + 1 : t + 2]
            else:
                step_input = output.argmax(dim=1, keepdim=True)
            assert step_input.shape == (source.shape[0], 1)

        return torch.stack(predictions, dim=1)
