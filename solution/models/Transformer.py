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
        # TODO(transformer.embedding): create word_embedding and position_embedding.
        # BEGIN SOLUTION
        self.word_embedding = nn.Embedding(input_size, hidden_dim)
        self.position_embedding = nn.Embedding(max_length, hidden_dim)
        # END SOLUTION
        # TODO(transformer.attention): check dim_q and dim_k; create the heads' layers, the projection and norm_mh.
        # BEGIN SOLUTION
        if dim_q != dim_k:
            raise ValueError(f"queries and keys meet in a dot product: dim_q ({dim_q}) must equal dim_k ({dim_k})")
        self.queries = nn.ModuleList(nn.Linear(hidden_dim, dim_q) for _ in range(num_heads))
        self.keys = nn.ModuleList(nn.Linear(hidden_dim, dim_k) for _ in range(num_heads))
        self.values = nn.ModuleList(nn.Linear(hidden_dim, dim_v) for _ in range(num_heads))
        self.attention_head_projection = nn.Linear(num_heads * dim_v, hidden_dim)
        self.norm_mh = nn.LayerNorm(hidden_dim)
        # END SOLUTION
        # TODO(transformer.feedforward): create feedforward_in, feedforward_out and norm_ff.
        # BEGIN SOLUTION
        self.feedforward_in = nn.Linear(hidden_dim, dim_feedforward)
        self.feedforward_out = nn.Linear(dim_feedforward, hidden_dim)
        self.norm_ff = nn.LayerNorm(hidden_dim)
        # END SOLUTION
        # TODO(transformer.translator): create final.
        # BEGIN SOLUTION
        self.final = nn.Linear(hidden_dim, output_size)
        # END SOLUTION
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
        # TODO(transformer.embedding): check the length, then add both embeddings. Positions are 0, 1, ..., T - 1.
        # BEGIN SOLUTION
        T = inputs.size(1)
        if T > self.max_length:
            raise ValueError(f"a sequence of length {T} does not fit max_length ({self.max_length})")
        positions = torch.arange(T, device=inputs.device)
        return self.word_embedding(inputs) + self.position_embedding(positions)
        # END SOLUTION

    def multi_head_attention(self, inputs: Tensor) -> Tensor:
        """Let every position look at all positions (Vaswani et al., 2017, sections 3.2.1 and 3.2.2).

            head_i = softmax(Q_i K_i^T / sqrt(dim_k)) V_i
            LayerNorm(x + projection([head_1; head_2; ...]))

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H). The softmax runs over the keys; heads are joined along the features, in the order of the lists.
        """
        # TODO(transformer.attention): one attention for each head, join the heads, project, add the input, normalise.
        # BEGIN SOLUTION
        heads = []
        for query, key, value in zip(self.queries, self.keys, self.values, strict=True):
            scores = query(inputs) @ key(inputs).transpose(1, 2) / math.sqrt(self.dim_k)  # (N, T, T)
            heads.append(torch.softmax(scores, dim=2) @ value(inputs))  # (N, T, dim_v)
        attended = self.attention_head_projection(torch.cat(heads, dim=2))
        return self.norm_mh(inputs + attended)
        # END SOLUTION

    def feedforward_layer(self, inputs: Tensor) -> Tensor:
        """Transform every position by itself: LayerNorm(x + W_2 relu(W_1 x + b_1) + b_2).

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H).
        """
        # TODO(transformer.feedforward): two linear layers with a ReLU between them, add the input, normalise.
        # BEGIN SOLUTION
        transformed = self.feedforward_out(torch.relu(self.feedforward_in(inputs)))
        return self.norm_ff(inputs + transformed)
        # END SOLUTION

    def final_layer(self, inputs: Tensor) -> Tensor:
        """Score the target vocabulary at every position.

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, V), the scores of `final` as they are: no softmax.
        """
        # TODO(transformer.translator): apply final.
        # BEGIN SOLUTION
        return self.final(inputs)
        # END SOLUTION

    def forward(self, inputs: Tensor) -> Tensor:
        """Embed, attend, transform, score: the four methods above, one after the other.

        Most tests of this method replace `embed`, `multi_head_attention` and `feedforward_layer` by given stand-ins.

        Args:
            inputs: (N, T), token ids.

        Returns:
            (N, T, V), unnormalised scores.
        """
        # TODO(transformer.translator): apply the four methods above, in order.
        # BEGIN SOLUTION
        hidden = self.multi_head_attention(self.embed(inputs))
        return self.final_layer(self.feedforward_layer(hidden))
        # END SOLUTION


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
        # TODO(transformer.full_forward): create the six layers; nn.Transformer takes sizes, dropout and batch_first.
        # BEGIN SOLUTION
        self.transformer = nn.Transformer(
            d_model=hidden_dim,
            nhead=num_heads,
            num_encoder_layers=num_layers_enc,
            num_decoder_layers=num_layers_dec,
            dim_feedforward=dim_feedforward,
            dropout=dropout,
            batch_first=True,
        )
        self.transformer.encoder.use_nested_tensor = False  # a prototype of torch's: same numbers, and a warning
        self.source_embedding = nn.Embedding(input_size, hidden_dim)
        self.target_embedding = nn.Embedding(output_size, hidden_dim)
        self.source_position_embedding = nn.Embedding(max_length, hidden_dim)
        self.target_position_embedding = nn.Embedding(max_length, hidden_dim)
        self.final = nn.Linear(hidden_dim, output_size)
        # END SOLUTION
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
        # TODO(transformer.full_forward): check the length, then add both embeddings.
        # BEGIN SOLUTION
        S = tokens.size(1)
        if S > self.max_length:
            raise ValueError(f"a sequence of length {S} does not fit max_length ({self.max_length})")
        return words(tokens) + positions(torch.arange(S, device=tokens.device))
        # END SOLUTION

    def encode(self, src: Tensor) -> Tensor:
        """Run the encoder on source tokens (N, T) and return its memory (N, T, H); padding is masked as a key."""
        # TODO(transformer.full_forward): embed the source, call transformer.encoder with the source's key padding mask.
        # BEGIN SOLUTION
        embedded = self.embed(src, self.source_embedding, self.source_position_embedding)
        return self.transformer.encoder(embedded, src_key_padding_mask=src == self.pad_index)
        # END SOLUTION

    def decode(self, tgt: Tensor, memory: Tensor, src: Tensor) -> Tensor:
        """Run the decoder on its input tokens and score the vocabulary.

        Args:
            tgt: (N, S), the decoder's input, beginning with <sos>.
            memory: (N, T, H), what `encode` returned.
            src: (N, T), the source tokens, which tell where the memory is padding.

        Returns:
            (N, S, V), unnormalised scores. Row t has seen tgt[:, :t + 1] without its padding, and nothing later.
        """
        # TODO(transformer.full_forward): three masks: causal, padding of the target's keys, padding of the memory's.
        # BEGIN SOLUTION
        S = tgt.size(1)
        future = torch.ones(S, S, dtype=torch.bool, device=tgt.device).triu(diagonal=1)  # True hides
        hidden = self.transformer.decoder(
            self.embed(tgt, self.target_embedding, self.target_position_embedding),
            memory,
            tgt_mask=future,
            tgt_key_padding_mask=tgt == self.pad_index,
            memory_key_padding_mask=src == self.pad_index,
        )
        return self.final(hidden)
        # END SOLUTION

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
        # TODO(transformer.full_forward): encode the source, decode the shifted target.
        # BEGIN SOLUTION
        return self.decode(tgt[:, :-1], self.encode(src), src)
        # END SOLUTION

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
        # TODO(transformer.full_generate): one `encode`, at most L times `decode`; fill rows that have ended.
        # BEGIN SOLUTION
        limit = self.max_length - 1
        length = limit if max_length is None else max_length
        if length > limit:
            raise ValueError(f"max_length ({length}) is more than the model can generate ({limit})")
        was_training = self.training
        self.eval()
        try:
            memory = self.encode(src)
            sequence = src[:, :1]  # (N, 1 + tokens so far)
            tokens = src.new_full((src.size(0), length), self.pad_index)
            scores = memory.new_zeros(src.size(0), length, self.output_size)
            ended = torch.zeros(src.size(0), dtype=torch.bool, device=src.device)
            for t in range(length):
                step = self.decode(sequence, memory, src)[:, -1]  # (N, V)
                scores[:, t] = step.masked_fill(ended.unsqueeze(1), 0.0)
                tokens[:, t] = step.argmax(dim=1).masked_fill(ended, self.pad_index)
                ended = ended | (tokens[:, t] == EOS)
                if ended.all():
                    break
                sequence = torch.cat((sequence, tokens[:, t : t + 1]), dim=1)
        finally:
            self.train(was_training)
        return tokens, scores
        # END SOLUTION
