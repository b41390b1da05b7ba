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
        # queries and keys are multiplied with each other
        if dim_q != dim_k:
            raise ValueError(f"dim_q and dim_k must be equal, but dim_q is {dim_q} and dim_k is {dim_k}")

        self.word_embedding = nn.Embedding(input_size, hidden_dim)
        self.position_embedding = nn.Embedding(max_length, hidden_dim)

        # one layer of each kind for every head
        self.queries = nn.ModuleList()
        self.keys = nn.ModuleList()
        self.values = nn.ModuleList()
        for _ in range(num_heads):
            self.queries.append(nn.Linear(hidden_dim, dim_q))
            self.keys.append(nn.Linear(hidden_dim, dim_k))
            self.values.append(nn.Linear(hidden_dim, dim_v))
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
        length = inputs.shape[1]
        if length > self.max_length:
            raise ValueError(f"the input has {length} tokens, but max_length is {self.max_length}")

        positions = torch.arange(length, device=inputs.device)
        words = self.word_embedding(inputs)  # (N, T, H)
        places = self.position_embedding(positions)  # (T, H), the same for every sentence
        return words + places

    def multi_head_attention(self, inputs: Tensor) -> Tensor:
        """Let every position look at all positions (Vaswani et al., 2017, sections 3.2.1 and 3.2.2).

            head_i = softmax(Q_i K_i^T / sqrt(dim_k)) V_i
            LayerNorm(x + projection([head_1; head_2; ...]))

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H). The softmax runs over the keys; heads are joined along the features, in the order of the lists.
        """
        heads = []
        for i in range(self.num_heads):
            q = self.queries[i](inputs)  # (N, T, dim_q)
            k = self.keys[i](inputs)  # (N, T, dim_k)
            v = self.values[i](inputs)  # (N, T, dim_v)
            scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(self.dim_k)  # (N, T, T): row = query, column = key
            weights = torch.softmax(scores, dim=2)
            heads.append(torch.bmm(weights, v))

        joined = torch.cat(heads, dim=2)
        assert joined.shape[2] == self.num_heads * self.dim_v
        projected = self.attention_head_projection(joined)  # (N, T, H)
        return self.norm_mh(inputs + projected)

    def feedforward_layer(self, inputs: Tensor) -> Tensor:
        """Transform every position by itself: LayerNorm(x + W_2 relu(W_1 x + b_1) + b_2).

        Args:
            inputs: (N, T, H).

        Returns:
            (N, T, H).
        """
        inner = torch.relu(self.feedforward_in(inputs))
        transformed = self.feedforward_out(inner)
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
        length = tokens.shape[1]
        if length > self.max_length:
            raise ValueError(f"the sequence has {length} tokens, but max_length is {self.max_length}")
        position_ids = torch.arange(length, device=tokens.device)
        return words(tokens) + positions(position_ids)

    def encode(self, src: Tensor) -> Tensor:
        """Run the encoder on source tokens (N, T) and return its memory (N, T, H); padding is masked as a key."""
        embedded = self.embed(src, self.source_embedding, self.source_position_embedding)
        src_is_pad = src == self.pad_index  # True means: do not look here
        return self.transformer.encoder(embedded, src_key_padding_mask=src_is_pad)

    def decode(self, tgt: Tensor, memory: Tensor, src: Tensor) -> Tensor:
        """Run the decoder on its input tokens and score the vocabulary.

        Args:
            tgt: (N, S), the decoder's input, beginning with <sos>.
            memory: (N, T, H), what `encode` returned.
            src: (N, T), the source tokens, which tell where the memory is padding.

        Returns:
            (N, S, V), unnormalised scores. Row t has seen tgt[:, :t + 1] without its padding, and nothing later.
        """
        embedded = self.embed(tgt, self.target_embedding, self.target_position_embedding)
        length = tgt.shape[1]

        # True above the diagonal hides the future
        causal_mask = torch.triu(torch.ones(length, length, dtype=torch.bool, device=tgt.device), diagonal=1)
        tgt_is_pad = tgt == self.pad_index
        memory_is_pad = src == self.pad_index
        assert memory_is_pad.shape == memory.shape[:2]

        decoded = self.transformer.decoder(
            embedded,
            memory,
            tgt_mask=causal_mask,
            tgt_key_padding_mask=tgt_is_pad,
            memory_key_padding_mask=memory_is_pad,
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
        memory = self.encode(src)
        decoder_input = tgt[:, :-1]  # nothing has to be predicted after the last token
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
        longest = self.max_length - 1
        if max_length is None:
            max_length = longest
        if max_length > longest:
            raise ValueError(f"cannot generate {max_length} tokens, at most {longest} are possible")

        batch_size = src.shape[0]
        # begin with everything "empty", so rows that have ended need no filling later
        tokens = torch.full((batch_size, max_length), self.pad_index, dtype=torch.long, device=src.device)
        scores = torch.zeros(
            batch_size, max_length, self.output_size, dtype=self.final.weight.dtype, device=src.device
        )
        finished = torch.zeros(batch_size, dtype=torch.bool, device=src.device)

        was_training = self.training
        self.eval()
        try:
            memory = self.encode(src)
            decoder_input = src[:, :1]  # <sos>
            for t in range(max_length):
                step_scores = self.decode(decoder_input, memory, src)[:, -1, :]  # (N, V), only the newest row
                best = step_scores.argmax(dim=1)
                for n in range(batch_size):
                    if not finished[n]:
                        tokens[n, t] = best[n]
                        scores[n, t] = step_scores[n]
                        if best[n] == EOS:
                            finished[n] = True
                if finished.all():
                    break
                # rows that have ended get a <pad> here, because nothing was written to tokens
                decoder_input = torch.cat((decoder_input, tokens[:, t : t + 1]), dim=1)
        finally:
            self.train(was_training)

        return tokens, scores
