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
            raise ValueError(f"queries and keys must have the same size, but dim_q is {dim_q} and dim_k is {dim_k}")

        self.word_embedding = nn.Embedding(input_size, hidden_dim)
        self.position_embedding = nn.Embedding(max_length, hidden_dim)

        self.queries = nn.ModuleList([nn.Linear(hidden_dim, dim_q) for _ in range(num_heads)])
        self.keys = nn.ModuleList([nn.Linear(hidden_dim, dim_k) for _ in range(num_heads)])
        self.values = nn.ModuleList([nn.Linear(hidden_dim, dim_v) for _ in range(num_heads)])
        self.attention_head_projection = nn.Linear(num_heads * dim_v, hidden_dim)
        self.norm_mh = nn.LayerNorm(hidden_dim)

        self.feedforward_in = nn.Linear(hidden_dim, dim_feedforward)
        self.feedforward_out = nn.Linear(dim_feedforward, hidden_dim)
        self.norm_ff = nn.LayerNorm(hidden_dim)

        self.final = nn.Linear(hidden_dim, output_size)
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
        num_positions = inputs.size(1)
        if num_positions > self.max_length:
            raise ValueError(f"the input has {num_positions} tokens, but max_length is {self.max_length}")

        positions = torch.arange(num_positions, device=inputs.device)
        word_vectors = self.word_embedding(inputs)  # (N, T, H)
        position_vectors = self.position_embedding(positions)  # (T, H), the same for the whole batch
        return word_vectors + position_vectors

    def multi_head_attention(self, inputs: Tensor) -> Tensor:
        """Let every position look at all positions (Vaswani et al., 2017, sections 3.2.1 and 3.2.2).

            head_i = softmax(Q_i K_i^T / sqrt(dim_k)) V_i
            LayerNorm(x + projection([head_1; head_2; ...]))

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H). The softmax runs over the keys; heads are joined along the features, in the order of the lists.
        """
        head_outputs = []
        for to_query, to_key, to_value in zip(self.queries, self.keys, self.values):
            query = to_query(inputs)
            key = to_key(inputs)
            value = to_value(inputs)
            head_outputs.append(self._attend(query, key, value))

        joined_heads = torch.cat(head_outputs, dim=-1)  # (N, T, num_heads * dim_v)
        projected = self.attention_head_projection(joined_heads)
        return self.norm_mh(inputs + projected)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Scaled dot-product attention of a single head: (N, T, dim_v)."""
        scores = query @ key.transpose(-2, -1) / math.sqrt(self.dim_k)  # (N, T, T), one row a query
        weights = torch.softmax(scores, dim=-1)
        return weights @ value

    def feedforward_layer(self, inputs: Tensor) -> Tensor:
        """Transform every position by itself: LayerNorm(x + W_2 relu(W_1 x + b_1) + b_2).

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H).
        """
        expanded = torch.relu(self.feedforward_in(inputs))
        transformed = self.feedforward_out(expanded)
        return self.norm_ff(inputs + transformed)

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
        embedded = self.embed(inputs)
        attended = self.multi_head_attention(embedded)
        transformed = self.feedforward_layer(attended)
        return self.final_layer(transformed)


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
            d_model=hidden_dim,
            nhead=num_heads,
            num_encoder_layers=num_layers_enc,
            num_decoder_layers=num_layers_dec,
            dim_feedforward=dim_feedforward,
            dropout=dropout,
            batch_first=True,
        )
        self.source_embedding = nn.Embedding(input_size, hidden_dim)
        self.target_embedding = nn.Embedding(output_size, hidden_dim)
        self.source_position_embedding = nn.Embedding(max_length, hidden_dim)
        self.target_position_embedding = nn.Embedding(max_length, hidden_dim)
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
        sequence_length = tokens.size(1)
        if sequence_length > self.max_length:
            raise ValueError(f"cannot embed {sequence_length} positions: max_length is {self.max_length}")

        position_ids = torch.arange(sequence_length, device=tokens.device)
        return words(tokens) + positions(position_ids).unsqueeze(0)

    def _padding_mask(self, tokens: Tensor) -> Tensor:
        """True where a token is <pad>, which hides it as a key."""
        return tokens == self.pad_index

    @staticmethod
    def _causal_mask(size: int, device: torch.device) -> Tensor:
        """(size, size), True above the diagonal: what lies in the future is hidden."""
        everything = torch.ones(size, size, dtype=torch.bool, device=device)
        return torch.triu(everything, diagonal=1)

    def encode(self, src: Tensor) -> Tensor:
        """Run the encoder on source tokens (N, T) and return its memory (N, T, H); padding is masked as a key."""
        embedded_source = self.embed(src, self.source_embedding, self.source_position_embedding)
        return self.transformer.encoder(embedded_source, src_key_padding_mask=self._padding_mask(src))

    def decode(self, tgt: Tensor, memory: Tensor, src: Tensor) -> Tensor:
        """Run the decoder on its input tokens and score the vocabulary.

        Args:
            tgt: (N, S), the decoder's input, beginning with <sos>.
            memory: (N, T, H), what `encode` returned.
            src: (N, T), the source tokens, which tell where the memory is padding.

        Returns:
            (N, S, V), unnormalised scores. Row t has seen tgt[:, :t + 1] without its padding, and nothing later.
        """
        embedded_target = self.embed(tgt, self.target_embedding, self.target_position_embedding)
        decoded = self.transformer.decoder(
            embedded_target,
            memory,
            tgt_mask=self._causal_mask(tgt.size(1), tgt.device),
            tgt_key_padding_mask=self._padding_mask(tgt),
            memory_key_padding_mask=self._padding_mask(src),
        )
        return self.final(decoded)

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
        decoder_input = tgt[:, :-1]
        memory = self.encode(src)
        return self.decode(decoder_input, memory, src)

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
        largest_length = self.max_length - 1
        if max_length is None:
            max_length = largest_length
        if max_length > largest_length:
            raise ValueError(f"cannot generate {max_length} tokens, at most {largest_length} are possible")

        was_training = self.training
        self.eval()
        try:
            return self._generate_greedily(src, max_length)
        finally:
            self.train(was_training)

    def _generate_greedily(self, src: Tensor, num_tokens: int) -> tuple[Tensor, Tensor]:
        """The loop of `generate_translation`, for a model that is in eval mode already."""
        batch_size = src.size(0)
        tokens = src.new_full((batch_size, num_tokens), self.pad_index)
        scores = self.final.weight.new_zeros(batch_size, num_tokens, self.output_size)
        finished = torch.zeros(batch_size, dtype=torch.bool, device=src.device)

        memory = self.encode(src)
        decoder_input = src[:, :1]
        for step in range(num_tokens):
            step_scores = self.decode(decoder_input, memory, src)[:, -1]  # (N, V)
            step_tokens = step_scores.argmax(dim=-1)

            # Rows that ended at an earlier step get padding and zeros.
            step_tokens = step_tokens.masked_fill(finished, self.pad_index)
            step_scores = step_scores.masked_fill(finished.unsqueeze(1), 0.0)
            tokens[:, step] = step_tokens
            scores[:, step] = step_scores

            finished = finished | (step_tokens == EOS)
            if bool(finished.all()):
                break
            decoder_input = torch.cat([decoder_input, step_tokens.unsqueeze(1)], dim=1)
        return tokens, scores
