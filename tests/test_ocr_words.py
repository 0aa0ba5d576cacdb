"""Words come back as they stand on the screen: with their spaces, in Latin and in Chinese script."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rewatch.memory.ingest.ocr import ScreenReader
from rewatch.memory.ingest.ocr_words import LINE_PIXELS, repaired, separate

LINES = ("Entropy and information", "1. It is a measure of surprise", "Pay $4.50 for 1,000 bits at 10%")


@pytest.fixture(scope="module")
def reader() -> ScreenReader:
    return ScreenReader()


def drawn(
    lines: tuple[str, ...], font_pixels: int, paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> NDArray[np.uint8]:
    image = Image.new("RGB", (640, 360), paper)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((30, 30 + 60 * number), line, font=ImageFont.load_default(font_pixels), fill=ink)
    return np.asarray(image)


def texts(reader: ScreenReader, image: NDArray[np.uint8]) -> list[str]:
    return [line.text for line in reader.read(image, reader.find(image))]


@pytest.mark.parametrize(
    ("font_pixels", "paper", "ink"),
    [
        (14, (250, 248, 242), (30, 30, 40)),
        (24, (20, 24, 40), (235, 235, 240)),
        (36, (255, 255, 255), (24, 92, 150)),
    ],
)
def test_lines_of_a_slide_keep_their_words(
    reader: ScreenReader, font_pixels: int, paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> None:
    assert texts(reader, drawn(LINES, font_pixels, paper, ink)) == list(LINES)


def test_a_picture_without_text_has_no_lines(reader: ScreenReader) -> None:
    assert reader.find(drawn((), 20, (90, 120, 60), (0, 0, 0))) == []


def textured(font_pixels: int, word: str = "") -> NDArray[np.uint8]:
    """Coarse noise as in leaves and stone, with a word at (300, 180)."""
    noise = np.random.default_rng(3).integers(40, 140, (45, 80, 3)).astype(np.uint8)
    image = Image.fromarray(noise).resize((640, 360), Image.Resampling.BICUBIC)
    font = ImageFont.load_default(font_pixels)
    ImageDraw.Draw(image).text((300, 180), word, font=font, fill=(255, 255, 255))
    return np.asarray(image)


@pytest.mark.parametrize("font_pixels", [12, 20, 40])
def test_a_word_on_a_picture_is_suspected_in_its_place_alone(reader: ScreenReader, font_pixels: int) -> None:
    image = textured(font_pixels, "Harbour")
    here = (0.45, 0.48, 0.5 + font_pixels / 100, 0.52 + font_pixels / 300)
    elsewhere = [(0.0, 0.0, 0.2, 0.3), (0.05, 0.7, 0.6, 0.98)]
    assert reader.may_hold_text(image, [*elsewhere, here])
    assert not reader.may_hold_text(image, elsewhere)
    assert not reader.may_hold_text(textured(font_pixels), [here])


def test_a_place_at_the_edge_or_of_the_whole_picture_can_be_suspected(reader: ScreenReader) -> None:
    image = drawn(("Somewhere",), 24, (255, 255, 255), (0, 0, 0))
    assert reader.may_hold_text(image, [(0.0, 0.0, 1.0, 1.0)])
    assert reader.may_hold_text(image, [(0.0, 0.1, 0.2, 0.15)])
    assert not reader.may_hold_text(image, [(0.99, 0.99, 1.0, 1.0)])


def test_boxes_stand_where_the_words_do(reader: ScreenReader) -> None:
    image = drawn(("Somewhere",), 24, (255, 255, 255), (0, 0, 0))
    rows, columns = np.nonzero((image < 128).any(axis=2))
    (line,) = reader.read(image, reader.find(image))
    truth = (columns.min() / 640, rows.min() / 360, columns.max() / 640, rows.max() / 360)
    assert line.box == pytest.approx(truth, abs=0.02)


def test_rows_are_read_from_top_to_bottom_and_left_to_right(reader: ScreenReader) -> None:
    image = Image.new("RGB", (640, 360), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    for text, at in {
        "fourth": (380, 200),
        "first": (40, 60),
        "third": (40, 202),
        "second": (380, 63),
    }.items():
        draw.text(at, text, font=ImageFont.load_default(28), fill=(0, 0, 0))
    assert texts(reader, np.asarray(image)) == ["first", "second", "third", "fourth"]


def line_of(words: list[str], word_gap: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A line of upright strokes, one for each letter, and where they stand."""
    image, centres, at = np.full((LINE_PIXELS, 900, 3), 255, np.uint8), [], 10
    for word in words:
        for _ in word:
            image[10:38, at : at + 12] = 0
            centres.append(at + 6.0)
            at += 16
        at += word_gap
    return image, np.array(centres)


def test_a_wide_gap_in_the_ink_is_a_space_where_the_model_is_in_doubt() -> None:
    words = ["ab", "cde", "f"]
    image, centres = line_of(words, word_gap=14)
    assert separate("abcdef", centres, np.full(5, 0.02), image) == "ab cde f"
    assert separate("abcdef", centres, np.full(5, 0.02), 255 - image) == "ab cde f"


def test_letters_that_stand_apart_evenly_are_one_word() -> None:
    image, centres = line_of(["abcdef"], word_gap=0)
    assert separate("abcdef", centres, np.full(5, 1e-6), image) == "abcdef"


def test_no_spaces_are_set_between_chinese_characters() -> None:
    image, centres = line_of(["信", "息", "论"], word_gap=14)
    assert separate("信息论", centres, np.full(2, 0.02), image) == "信息论"


@pytest.mark.parametrize(
    ("read", "stands"),
    [
        ("1,0oo bits", "1,000 bits"),
        ("3.l4", "3.14"),
        ("（see p. 12）", "(see p. 12)"),
        ("l. residual", "1. residual"),
        ("O2 and IoT", "O2 and IoT"),
        ("ill will", "ill will"),
        ("信息（论）", "信息（论）"),
    ],
)
def test_symbols_that_look_alike_are_repaired_only_where_one_makes_sense(read: str, stands: str) -> None:
    assert repaired(read) == stands


def test_a_large_title_in_two_touching_lines_is_read_in_halves(reader: ScreenReader) -> None:
    image = Image.new("RGB", (640, 360), (60, 90, 40))
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(("BIG BUCK", "BUNNY RABBIT")):
        draw.text((40, 60 + 62 * number), text, font=ImageFont.load_default(84), fill=(255, 255, 255))
    assert [text.replace(" ", "") for text in texts(reader, np.asarray(image))] == ["BIGBUCK", "BUNNYRABBIT"]
