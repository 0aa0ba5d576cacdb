"""When a frame is worth reading is decided from signatures: which changes are seen, which are not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rewatch.memory.ingest.screen_gate import Grid, differ, signature, unpack
from rewatch.memory.ingest.screen_places import around, covered
from rewatch.memory.ingest.screen_watch import LookAllowance, ScreenWatch

Picture = NDArray[np.uint8]
PAPER, INK = (250, 248, 242), (30, 30, 40)


def slide(*lines: str, size: tuple[int, int] = (640, 360), font_pixels: int = 18) -> Picture:
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((30, 24 + 40 * number), line, font=ImageFont.load_default(font_pixels), fill=INK)
    return np.asarray(image)


def grid(image: Picture) -> Grid:
    return unpack(signature(image)).grid


def noisy(image: Picture, levels: int, seed: int) -> Picture:
    noise = np.random.default_rng(seed).integers(-levels, levels + 1, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def with_presenter(image: Picture, step: int) -> Picture:
    """A person in the corner: a head and shoulders that sway."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    x, y = 565 + 12 * np.sin(1.7 * step), 290 + 5 * np.cos(2.3 * step)
    draw.rectangle((500, 250, 630, 350), fill=(90, 110, 130))
    draw.ellipse((x - 20, y - 25, x + 20, y + 25), fill=(224, 180, 150))
    draw.ellipse((x - 45, y + 25, x + 45, y + 120), fill=(40, 40, 90))
    draw.rectangle((500, 350, 640, 360), fill=PAPER)
    return np.asarray(picture)


def looks(pictures: list[Picture]) -> list[int]:
    """Which of the pictures, one a second, a watch asks to read."""
    grids = [grid(picture) for picture in pictures]
    watch, wanted = ScreenWatch(0.0, grids[0]), []
    for index, now in enumerate(grids):
        following = grids[index + 1] if index + 1 < len(grids) else None
        score = max(watch.leaving(index + 1.0, following), watch.restless(index + 1.0))
        if LookAllowance.wanted(score):
            wanted.append(index)
            watch.looked(now, seen=np.ones(now.shape, np.bool_), found=now > 40)
        if following is not None:
            watch.advance(index + 1.0, following)
    return wanted


def test_a_signature_keeps_its_time_of_change() -> None:
    assert unpack(signature(slide("words"), 12.5)).change_seconds == 12.5
    assert unpack(signature(slide("words"))).change_seconds is None


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (360, 640), (1920, 1328), (16, 16), (500, 3)])
def test_any_frame_size_has_a_signature(size: tuple[int, int]) -> None:
    cells = grid(np.asarray(Image.new("RGB", size, PAPER)))
    assert max(cells.shape) == 80
    assert not cells.any()


def test_noise_is_no_change() -> None:
    page = slide("The noise of an encoder", "moves no cell")
    assert not differ(grid(noisy(page, 4, 1)), grid(noisy(page, 4, 2))).any()


def test_one_new_word_is_a_change() -> None:
    before, after = slide("Entropy is", "a measure"), slide("Entropy is not", "a measure")
    assert differ(grid(after), grid(before)).sum() >= 4


def test_a_screen_that_returns_has_the_same_signature() -> None:
    assert signature(slide("The first slide")) == signature(slide("The first slide"))


def test_points_that_appear_one_by_one_are_read_once_complete() -> None:
    steps = [slide("Title", "one"), slide("Title", "one", "two"), slide("Title", "one", "two", "three")]
    pictures = [step for step in steps for _ in range(4)]
    assert looks([*pictures, *[slide("Another title")] * 4]) == [11, 15]


def test_a_presenter_who_moves_beside_a_slide_asks_for_nothing() -> None:
    pictures = [with_presenter(slide("A slide", "that stands"), step) for step in range(20)]
    assert looks(pictures) == [19]


def test_a_screen_that_returns_after_another_is_asked_for_again() -> None:
    first, second = slide("The first slide", "with words"), slide("Something else", "in between")
    assert looks([*[first] * 4, *[second] * 4, *[first] * 4]) == [3, 7, 11]


def test_a_cursor_that_blinks_asks_for_nothing() -> None:
    page = slide("A line that is being typed")
    blinking = page.copy()
    blinking[24:44, 300:302] = INK
    assert looks([*[page, blinking] * 10, page, page]) == [21]


def test_pictures_without_strokes_are_never_read() -> None:
    x, y = np.meshgrid(np.arange(640), np.arange(360))
    soft = np.stack([127 + 100 * np.sin(x / 90 + k) * np.cos(y / 70) for k in range(3)], axis=2)
    assert looks([soft.astype(np.uint8)] * 5) == []


def test_text_that_scrolls_past_is_asked_for() -> None:
    pictures = [np.roll(slide(*["SCROLLING NAMES AND ROLES"] * 8), -40 * step, axis=0) for step in range(8)]
    assert looks(pictures)[0] <= 4


def test_vain_looks_are_rationed_and_strong_candidates_come_first() -> None:
    allowance = LookAllowance()
    while allowance.affords(5.0):
        allowance.spend(everywhere=True)
    assert allowance.affords(50.0)
    while allowance.affords(50.0):
        allowance.spend(everywhere=True)
    assert allowance.affords(100.0)
    allowance.until(600.0)
    assert allowance.affords(5.0)


def test_a_glance_at_some_places_costs_less_than_a_look_at_all_of_a_picture() -> None:
    def vain(*, everywhere: bool) -> int:
        allowance, count = LookAllowance(), 0
        while allowance.affords(5.0):
            allowance.spend(everywhere=everywhere)
            count += 1
        return count

    assert vain(everywhere=False) > vain(everywhere=True)


def test_the_places_of_a_look_are_those_that_are_about_to_go_away() -> None:
    """The upper line goes away, the lower one stays."""
    both, lower = grid(slide("Upper line", "", "", "lower line")), grid(slide("", "", "", "lower line"))
    watch = ScreenWatch(0.0, both)
    watch.advance(1.0, both)
    assert LookAllowance.wanted(watch.leaving(2.0, lower))
    (place,) = watch.places()
    inside = covered([place], both)
    assert not (both * ~inside)[:10].any()
    assert not inside[14:].any()


def test_what_a_glance_passed_over_is_still_to_be_read() -> None:
    page, rest = grid(slide("Upper line", "", "", "lower line")), grid(slide("", "", "", "lower line"))
    empty = grid(slide(""))
    watch = ScreenWatch(0.0, page)
    watch.advance(1.0, page)
    watch.leaving(2.0, rest)
    watch.looked(page, seen=covered(watch.places(), page), found=np.zeros(page.shape, np.bool_))
    watch.advance(2.0, rest)
    watch.advance(3.0, rest)
    assert LookAllowance.wanted(watch.leaving(4.0, empty))
    watch.looked(rest, seen=np.ones(page.shape, np.bool_), found=rest > 40)
    assert not LookAllowance.wanted(watch.leaving(4.0, empty))


def test_clusters_of_cells_get_a_box_each_and_specks_none() -> None:
    weights = np.zeros((10, 20))
    weights[2, 3:6], weights[7, 15:17], weights[9, 0] = 1.0, 0.5, 0.2
    assert around(weights, 1.0) == [(1 / 20, 1 / 10, 8 / 20, 4 / 10), (13 / 20, 6 / 10, 19 / 20, 9 / 10)]
