"""Checks and packs what students hand in; standard library only."""
