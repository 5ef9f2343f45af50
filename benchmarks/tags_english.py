"""Builds `plugins/penstock_plugins/tags/english.txt`: how frequent English words are, and what kind of word each is.

    pip install --no-deps --target FOLDER symspellpy textblob
    python benchmarks/tags_english.py FOLDER

Frequencies are those of symspellpy's dictionary (Google Books Ngrams, limited to the words of SCOWL), kinds those of
the lexicon of Brill's tagger in textblob. Needed only to build the list again.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from pathlib import Path

from penstock_plugins.tags.english import PATH, RAREST

HEAD = """\
# English words by frequency: Zipf value (log10 of the occurrences in 1,000,000,000 words), kind, words.
# Frequencies: Google Books Ngrams and SCOWL, as in symspellpy. Kinds: Brill's lexicon, as in textblob.
# Licences: NOTICE. Built by benchmarks/tags_english.py.
"""
KINDS = {"NN": "noun", "JJ": "adjective", "VB": "verb"}


def kinds(lexicon: Path) -> dict[str, str]:
    """The kind of each word of Brill's lexicon that is not a proper name."""
    found = {}
    for line in lexicon.read_text(encoding="utf-8").splitlines():
        word, _, tag = line.partition(" ")
        if word.islower() and word.isalpha() and tag:
            found[word] = KINDS.get(tag[:2], "other")
    return found


def main() -> None:
    """Writes the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where symspellpy and textblob are installed")
    folder = parser.parse_args().folder
    counts = {}
    listed = (folder / "symspellpy" / "frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    for line in listed.splitlines():
        word, count = line.split()
        counts[word] = int(count)
    of_kind = kinds(folder / "textblob" / "en" / "en-lexicon.txt")
    total, groups = sum(counts.values()), defaultdict[tuple[float, str], list[str]](list)
    for word, count in counts.items():
        zipf = round(math.log10(count / total * 1e9), 1)
        if zipf >= RAREST and word.isascii() and word.isalpha() and len(word) > 1:
            groups[zipf, of_kind.get(word, "unknown")].append(word)
    lines = [f"{zipf} {kind} {' '.join(sorted(words))}" for (zipf, kind), words in sorted(groups.items(), reverse=True)]
    PATH.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{sum(map(len, groups.values())):,} words, {PATH.stat().st_size / 1000:.0f} KB: {PATH}")


if __name__ == "__main__":
    main()
