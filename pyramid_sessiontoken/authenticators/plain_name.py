"""One text for all names that a check may take for the same name.

Databases and directories ignore accents, blanks and invisible characters when
they compare names, and some of them write one letter for another. If such
spellings of a name had counts of their own, an attacker could guess under
each of them. Two users who share a count do no harm.
"""

from __future__ import annotations

import re
import unicodedata

# Unicode categories that some of them ignore.
_IGNORED = ("Mn", "Me", "Cf", "Zs", "Zl", "Zp")

# Letters that have no decomposition in Unicode, and what MySQL, MariaDB and
# PostgreSQL (ICU) take for the same at their weakest comparison.
_LETTERS = {
    "\xe6": "ae",
    "\u0153": "oe",
    "\xf0": "d",
    "\xfe": "th",
    "\u0131": "i",
    "\u0138": "q",
    "\u0237": "j",
}

# LATIN SMALL LETTER O WITH STROKE, and the name of the letter alone.
_WITH = re.compile(" WITH .*")

#: The first character that utf8mb4_general_ci of MySQL takes for the same as
#: all that come after it.
_ASTRAL = 0x10000


def plain_name(username: str) -> str:
    """Give the text."""
    text, before = username, None
    while text != before:
        text, before = _fold(text), text
    return text


def _fold(text: str) -> str:
    # Some checks compare in upper case, where a dotless i becomes an I.
    text = unicodedata.normalize("NFKD", text).upper().casefold()
    text = "".join(map(_plain_letter, unicodedata.normalize("NFKD", text)))
    # German and Danish rules: ö is oe, å is aa, and ß is s or ss.
    text = re.sub("(?<=[aou])e+", "", text)
    return re.sub("a+", "a", re.sub("s+", "s", text))


def _plain_letter(character: str) -> str:
    if character.isascii():
        return "" if character == " " else character
    if unicodedata.category(character) in _IGNORED:
        return ""
    if character in _LETTERS:
        return _LETTERS[character]
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if ord(character) >= _ASTRAL:
        return "\ufffd"
    return _without_addition(character)


def _without_addition(character: str) -> str:
    """Give ``o`` for an o with a stroke, and hiragana for katakana."""
    if not character.isalpha():
        return character
    name = _WITH.sub("", unicodedata.name(character, ""))
    name = name.replace("KATAKANA ", "HIRAGANA ")
    name = name.replace("HIRAGANA LETTER SMALL ", "HIRAGANA LETTER ")
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return character
