import csv

from gribouille.labels import french, vocabulary


def test_there_are_345_words_all_different_in_both_languages() -> None:
    """No two drawings share a word: a guess in French says as much as one in English."""
    words = vocabulary()
    assert len(words) == 345
    assert len(set(words.values())) == 345
    assert list(words) == sorted(words)


def test_the_english_names_are_the_official_ones(shared_data) -> None:
    """The vocabulary holds exactly Quick, Draw!'s names, letter by letter."""
    official = (shared_data / "categories345.txt").read_text().splitlines()
    assert set(vocabulary()) == set(official)


def test_french_words_are_clean_bare_nouns() -> None:
    """French words carry no stray blanks or typewriter quotes, no article, and capitals for proper names alone."""
    words = vocabulary().values()
    assert all(word == " ".join(word.split()) and "'" not in word and word for word in words)
    assert not [word for word in words if word.startswith(("le ", "la ", "les ", "l’", "un ", "une ", "des "))]
    assert {word for word in words if word[0].isupper()} == {"Grande Muraille de Chine", "La Joconde"}


def test_homonyms_are_told_apart_by_what_the_drawings_show() -> None:
    """A word with two meanings has the French of the drawn one; a French one with two meanings is made precise."""
    assert french(["bat", "compass", "nail", "drill"]) == ["chauve-souris", "boussole", "clou", "perceuse"]
    assert french(["trombone", "paper clip"]) == ["trombone à coulisse", "trombone de bureau"]
    assert french(["helmet", "headphones"]) == ["casque", "casque audio"]
    assert french(["goatee", "snorkel"]) == ["barbichette", "tuba de plongée"]


def test_french_keeps_the_order_and_passes_unknown_labels_through() -> None:
    """A model with words of its own still gets a list of the same length."""
    assert french(["sun", "my own word", "cat"]) == ["soleil", "my own word", "chat"]
    assert french([]) == []


def test_the_file_is_plain_csv_in_nfc() -> None:
    """labels.csv can be read by anything: two columns, header, composed accents."""
    import unicodedata
    from importlib.resources import files

    text = (files("gribouille") / "labels.csv").read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert {len(row) for row in csv.reader(text.splitlines())} == {2}
