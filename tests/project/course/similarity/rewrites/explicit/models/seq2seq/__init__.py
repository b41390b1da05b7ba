"""Part 2: an encoder and a decoder with cosine attention, joined to translate."""
