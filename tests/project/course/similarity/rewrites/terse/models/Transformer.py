"""Part 3: Transformers (Vaswani et al., 2017, "Attention Is All You Need").

`TransformerTranslator` is one encoder layer written out by hand; `FullTransformerTranslator` is an encoder and a
decoder around `nn.Transformer`.

Shapes: N batch, T source length, L target length, V target vocabulary size, H hidden_dim.
"""

import math

import torch
from torch import Tensor, nn

UNK, PAD, SOS, EOS = range(4)  # the special ids of every vocabulary in this assignment


class TransformerTranslator(nn.Module):
    """A one-layer encoder that gives target-vocabulary scores at every source position.

    Every sublayer is wrapped as LayerNorm(x + Sublayer(x)). No mask, no dropout; any number of heads works.

    Layers (these names are part of the contract; every Linear has a bias):
        word_embedding: Embedding(input_size, H)
        position_embedding: Embedding(max_length, H)
        queries, keys, values: nn.ModuleList of num_heads layers each: Linear(H, dim_q), (H, dim_k), (H, dim_v)
        attention_head_projection: Linear(num_heads * dim_v, H)
        norm_mh: LayerNorm(H), after the attention
        feedforward_in: Linear(H, dim_feedforward), feedforward_out: Linear(dim_feedforward, H)
        norm_ff: LayerNorm(H), after the feed-forward layer
        final: Linear(H, output_size)

    Raises:
        ValueError: for dim_q != dim_k (the message has both numbers): queries and keys meet in a dot product.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        device: torch.device | str,
        hidden_dim: int = 128,
        num_heads: int = 2,
        dim_feedforward: int = 2048,
        dim_k: int = 96,
        dim_v: int = 96,
        dim_q: int = 96,
        max_length: int = 43,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.output_size = output_size
        self.device = device
        self.hidden_dim = hidden_dim
        self.num_heads = num_heads
        self.dim_feedforward = dim_feedforward
        self.dim_k = dim_k
        self.dim_v = dim_v
        self.dim_q = dim_q
        self.max_length = max_length
        if dim_q != dim_k:
            raise ValueError(f"dim_q ({dim_q}) and dim_k ({dim_k}) must be equal")
        H, h = hidden_dim, num_heads
        self.word_embedding = nn.Embedding(input_size, H)
        self.position_embedding = nn.Embedding(max_length, H)
        self.queries, self.keys, self.values = (
            nn.ModuleList(nn.Linear(H, d) for _ in range(h)) for d in (dim_q, dim_k, dim_v)
        )
        self.attention_head_projection = nn.Linear(h * dim_v, H)
        self.norm_mh = nn.LayerNorm(H)
        self.feedforward_in = nn.Linear(H, dim_feedforward)
        self.feedforward_out = nn.Linear(dim_feedforward, H)
        self.norm_ff = nn.LayerNorm(H)
        self.final = nn.Linear(H, output_size)
        self.to(device)

    def embed(self, inputs: Tensor) -> Tensor:
        """Add to every token's embedding the embedding of its position.

        Args:
            inputs: (N, T), token ids.

        Returns:
            (N, T, H), word embedding + position embedding, not scaled.

        Raises:
            ValueError: for T > max_length (the message has both numbers); T == max_length works.
        """
        T = inputs.size(1)
        if T > self.max_length:
            raise ValueError(f"sequence of length {T} exceeds max_length {self.max_length}")
        return self.word_embedding(inputs) + self.position_embedding(torch.arange(T, device=inputs.device))

    def multi_head_attention(self, inputs: Tensor) -> Tensor:
        """Let every position look at all positions (Vaswani et al., 2017, sections 3.2.1 and 3.2.2).

            head_i = softmax(Q_i K_i^T / sqrt(dim_k)) V_i
            LayerNorm(x + projection([head_1; head_2; ...]))

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H). The softmax runs over the keys; heads are joined along the features, in the order of the lists.
        """
        x, s = inputs, self.dim_k**-0.5
        heads = [
            (s * torch.einsum("nqd,nkd->nqk", q(x), k(x))).softmax(-1) @ v(x)
            for q, k, v in zip(self.queries, self.keys, self.values)
        ]
        return self.norm_mh(x + self.attention_head_projection(torch.cat(heads, -1)))

    def feedforward_layer(self, inputs: Tensor) -> Tensor:
        """Transform every position by itself: LayerNorm(x + W_2 relu(W_1 x + b_1) + b_2).

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H).
        """
        return self.norm_ff(inputs + self.feedforward_out(self.feedforward_in(inputs).relu()))

    def final_layer(self, inputs: Tensor) -> Tensor:
        """Score the target vocabulary at every position.

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, V), the scores of `final` as they are: no softmax.
        """
        return self.final(inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Embed, attend, transform, score: the four methods above, one after the other.

        Most tests of this method replace `embed`, `multi_head_attention` and `feedforward_layer` by given stand-ins.

        Args:
            inputs: (N, T), token ids.

        Returns:
            (N, T, V), unnormalised scores.
        """
        return self.final_layer(self.feedforward_layer(self.multi_head_attention(self.embed(inputs))))


class FullTransformerTranslator(nn.Module):
    """An encoder and a decoder around `nn.Transformer`.

    Layers (these names are part of the contract):
        transformer: nn.Transformer, batch first; the only place where dropout is applied
        source_embedding: Embedding(input_size, H), target_embedding: Embedding(output_size, H)
        source_position_embedding, target_position_embedding: Embedding(max_length, H)
        final: Linear(H, output_size)

    `ignore_index` is the id of <pad>. No position, in encoder or decoder, may look at padding.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        device: torch.device | str,
        hidden_dim: int = 128,
        num_heads: int = 2,
        dim_feedforward: int = 2048,
        num_layers_enc: int = 2,
        num_layers_dec: int = 2,
        dropout: float = 0.2,
        max_length: int = 43,
        ignore_index: int = PAD,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.output_size = output_size
        self.device = device
        self.hidden_dim = hidden_dim
        self.max_length = max_length
        self.pad_index = ignore_index
        self.transformer = nn.Transformer(
            hidden_dim, num_heads, num_layers_enc, num_layers_dec, dim_feedforward, dropout, batch_first=True
        )
        self.source_embedding, self.target_embedding = (nn.Embedding(n, hidden_dim) for n in (input_size, output_size))
        self.source_position_embedding, self.target_position_embedding = (
            nn.Embedding(max_length, hidden_dim) for _ in range(2)
        )
        self.final = nn.Linear(hidden_dim, output_size)
        self.to(device)

    def embed(self, tokens: Tensor, words: nn.Embedding, positions: nn.Embedding) -> Tensor:
        """Embed tokens with one of the two pairs of tables: word embedding + position embedding, not scaled.

        Optional: a piece of `encode` and `decode`, which may do without it. No test calls it.

        Args:
            tokens: (N, S), token ids of the source or of the decoder's input.
            words, positions: the tables of that side.

        Returns:
            (N, S, H).

        Raises:
            ValueError: for S > max_length (the message has both numbers); S == max_length works.
        """
        S = tokens.size(1)
        if S > self.max_length:
            raise ValueError(f"sequence of length {S} exceeds max_length {self.max_length}")
        return words(tokens) + positions(torch.arange(S, device=tokens.device))

    def encode(self, src: Tensor) -> Tensor:
        """Run the encoder on source tokens (N, T) and return its memory (N, T, H); padding is masked as a key."""
        x = self.embed(src, self.source_embedding, self.source_position_embedding)
        return self.transformer.encoder(x, src_key_padding_mask=src == self.pad_index)

    def decode(self, tgt: Tensor, memory: Tensor, src: Tensor) -> Tensor:
        """Run the decoder on its input tokens and score the vocabulary.

        Args:
            tgt: (N, S), the decoder's input, beginning with <sos>.
            memory: (N, T, H), what `encode` returned.
            src: (N, T), the source tokens, which tell where the memory is padding.

        Returns:
            (N, S, V), unnormalised scores. Row t has seen tgt[:, :t + 1] without its padding, and nothing later.
        """
        y, S = self.embed(tgt, self.target_embedding, self.target_position_embedding), tgt.size(1)
        return self.final(
            self.transformer.decoder(
                y,
                memory,
                tgt_mask=torch.ones(S, S, dtype=torch.bool, device=tgt.device).triu(1),
                tgt_key_padding_mask=tgt == self.pad_index,
                memory_key_padding_mask=src == self.pad_index,
            )
        )

    def forward(self, src: Tensor, tgt: Tensor) -> Tensor:
        """Score every next target token (teacher forcing).

        Args:
            src: (N, T), source tokens.
            tgt: (N, L), target tokens, <sos> first. The decoder reads all but the last: tgt[:, :-1].

        Returns:
            (N, L - 1, V), unnormalised scores; row t is scored against tgt[:, t + 1]. Rows where the decoder's
            input is padding may hold anything.

        Raises:
            ValueError: for a source or a decoder input longer than max_length (the message has both numbers).
        """
        return self.decode(tgt[:, :-1], self.encode(src), src)

    @torch.no_grad()
    def generate_translation(self, src: Tensor, max_length: int | None = None) -> tuple[Tensor, Tensor]:
        """Translate greedily: encode once, then add the most probable token again and again.

        Generation begins with `src[:, :1]`, which is <sos>, and stops early once every row has produced <eos>.
        It runs in eval mode and leaves the model in the mode that it found. Call `self.encode` once and
        `self.decode` for each step: most tests of this method replace both by given stand-ins.

        Args:
            src: (N, T), source tokens.
            max_length: L, the number of tokens to produce; the constructor's max_length - 1 when None.

        Returns:
            tokens: (N, L), without <sos>. A row keeps its <eos>; what follows is `ignore_index`.
            scores: (N, L, V), the unnormalised scores that each token was chosen from; zeros after <eos>.
            Both have the full width L, also when generation stops early. A <pad> produced before <eos> is kept
            and masked as in `forward`, so that forward(src, [<sos>; tokens]) gives the same scores up to <eos>.

        Raises:
            ValueError: for a max_length above the constructor's max_length - 1 (the message has the number asked for
                and the largest possible one).
        """
        L = self.max_length - 1 if max_length is None else max_length
        if L > self.max_length - 1:
            raise ValueError(f"cannot generate {L} tokens, at most {self.max_length - 1}")
        N, modes = src.size(0), [(m, m.training) for m in self.modules()]
        y = torch.cat([src[:, :1], src.new_full((N, L), self.pad_index)], 1)
        scores = self.final.weight.new_zeros(N, L, self.output_size)
        done = torch.zeros(N, dtype=torch.bool, device=src.device)
        self.eval()
        try:
            mem = self.encode(src)
            for t in range(L):
                s = self.decode(y[:, : t + 1], mem, src)[:, -1].masked_fill(done[:, None], 0.0)
                scores[:, t] = s
                y[:, t + 1] = s.argmax(-1).masked_fill(done, self.pad_index)
                done = done | (y[:, t + 1] == EOS)
                if done.all():
                    break
        finally:
            for m, mode in modes:
                m.training = mode
        return y[:, 1:], scores
