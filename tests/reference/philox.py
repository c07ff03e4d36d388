"""Philox4x32-10 (Salmon et al., SC 2011) in numpy, written from the paper.

`python3 tests/reference/philox.py` checks it against the known answers of the authors' library Random123.
"""

import numpy as np

MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = 0x9E3779B9, 0xBB67AE85
LOW, WORD = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(counter, key):
    """Four words each, as arrays of equal shape: counter is (c0, c1, c2, c3), key (k0, k1)."""
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in counter)
    for turn in range(10):
        k0, k1 = (np.uint64((word + turn * step) % 2**32) for word, step in zip(key, KEY_STEPS))
        left, right = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (right >> WORD) ^ c1 ^ k0, right & LOW, (left >> WORD) ^ c3 ^ k1, left & LOW
    return c0, c1, c2, c3


def words(seed, site, step, count):
    """The four words of index 0 ... count - 1, shape (count, 4)."""
    index = np.arange(count, dtype=np.uint64)
    counter = index & LOW, index >> WORD, np.uint64(step % 2**32), np.uint64(step >> 32)
    return np.stack(np.broadcast_arrays(*philox(counter, (seed, site))), axis=1)


def uniform01(word):
    """In [0, 1), the 24 high bits of a word."""
    return (word >> np.uint64(8)).astype(np.float64) * 2.0**-24


if __name__ == "__main__":
    known = [((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
             ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
             ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
              (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1))]
    for counter, key, answer in known:
        assert tuple(int(word) for word in philox(counter, key)) == answer
    print("known answers: ok")
