"""Row 13: bytes that are no archive, with the signature of one.

Taken: nothing
"""


def archive(good):
    return b"PK\x03\x04" + bytes(range(256)) * 1000 + b"PK\x05\x06" + bytes(18)
